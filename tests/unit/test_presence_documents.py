# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents about people and their calls, as servers and strangers write them."""

import random
import time

import pytest

from offhookd.engine import dialog_info, pidf
from offhookd.engine.pidf import PresenceDocument
from offhookd.engine.xml_document import (
    DEEPEST,
    LONGEST_DOCUMENT,
    LONGEST_TEXT,
    MOST_ELEMENTS,
    XmlError,
    read,
)

PIDF = (
    '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf"'
    ' xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
    ' xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:a@b">{}</presence>'
)
DIALOGS = (
    '<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info"'
    ' version="{}" state="{}" entity="sip:a@b">{}</dialog-info>'
)
TUPLE = '<tuple id="1"><status><basic>{}</basic></status></tuple>'
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><presence>&c;</presence>'
)


def presence(inside: str) -> PresenceDocument:
    return pidf.parse(PIDF.format(inside).encode())


@pytest.mark.parametrize("basic", ["open", "closed"])
def test_the_basic_status_is_read(basic: str) -> None:
    assert presence(TUPLE.format(basic)).basic == basic


def test_a_person_is_there_when_one_of_the_phones_is() -> None:
    assert presence(TUPLE.format("closed") + TUPLE.format("open")).basic == "open"


def test_tuples_without_id_or_status_say_nothing_and_harm_nobody() -> None:
    assert presence("<tuple/><tuple><status/></tuple>").basic == ""


@pytest.mark.parametrize(
    "inside",
    [
        "<dm:person><rpid:activities><rpid:on-the-phone/></rpid:activities></dm:person>",
        "<activities><activity>on-the-phone</activity></activities>",
        (
            "<dm:person><rpid:activities><rpid:other>On-The-Phone</rpid:other></rpid:activities>"
            "</dm:person>"
        ),
        (
            "<tuple id='1'><status><rpid:activities><rpid:on-the-phone/></rpid:activities></status>"
            "</tuple>"
        ),
    ],
)
def test_activities_are_found_in_every_dialect(inside: str) -> None:
    assert presence(inside).activities == ("on-the-phone",)


def test_the_note_on_the_person_comes_before_the_one_on_a_phone() -> None:
    tuple_ = '<tuple id="1"><status/><note>desk</note></tuple>'
    assert presence(tuple_).note == "desk"
    assert presence(f"{tuple_}<dm:person><dm:note>lunch</dm:note></dm:person>").note == "lunch"


def test_notes_are_cleaned_and_cut() -> None:
    note = presence(f"<note>a\u202eb\n{'x' * 5000}</note>").note
    assert note.startswith("abx")
    assert len(note) <= LONGEST_TEXT


@pytest.mark.parametrize(
    "document",
    [
        PresenceDocument("open"),
        PresenceDocument("closed"),
        PresenceDocument("open", ("busy", "dnd"), 'Back <at> 5 & "later"'),
        PresenceDocument("open", (), "a note alone"),
    ],
)
def test_what_is_published_reads_back_the_same(document: PresenceDocument) -> None:
    assert pidf.parse(pidf.build("sip:a@b;x=<&>", document)) == document


def test_a_dialog_is_read_with_all_its_parts() -> None:
    dialog = (
        '<dialog id="d1" call-id="c1" local-tag="l" remote-tag="r" direction="recipient">'
        "<state>early</state>"
        '<remote><identity display="Bob">sip:bob@x</identity><target uri="sip:bob@y"/></remote>'
        '<local><target uri="sip:a@b"><param pname="+sip.rendering" pval="no"/></target></local>'
        "</dialog>"
    )
    document = dialog_info.parse(DIALOGS.format(7, "partial", dialog).encode())
    assert (document.version, document.full) == (7, False)
    assert document.dialogs == (
        dialog_info.DialogEntry(
            *("d1", "early", "recipient", "c1", "l", "r", "sip:bob@x", "sip:bob@y", "Bob", True)
        ),
    )


@pytest.mark.parametrize("version", ["", "-1", "x", "9" * 40, "\u0663"])
def test_a_version_that_is_no_number_is_refused(version: str) -> None:
    with pytest.raises(XmlError):
        dialog_info.parse(DIALOGS.format(version, "full", "").encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"\xff\xfe\x00",
        BOMB.encode(),
        b'<!DOCTYPE presence SYSTEM "file:///etc/passwd"><presence/>',
        b"<presence>" + b"<a>" * (DEEPEST + 1),
        b"<presence>" + b"<a/>" * (MOST_ELEMENTS + 1) + b"</presence>",
        b"<presence " + b" ".join(b'a%d=""' % n for n in range(40)) + b"/>",
        b"<presence>" + b"x" * LONGEST_DOCUMENT + b"</presence>",
        b'<?xml version="1.0" encoding="no-such"?><presence/>',
        b"<elsewhere/>",
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_what_could_do_harm_is_refused_at_once(body: bytes) -> None:
    began = time.process_time()
    for parse in (pidf.parse, dialog_info.parse):
        with pytest.raises(XmlError):
            parse(body)
    assert time.process_time() - began < 1


def test_mutated_documents_are_read_or_refused_and_nothing_else() -> None:
    seeds = [
        PIDF.format(TUPLE.format("open") + "<note>x</note>").encode(),
        DIALOGS.format(1, "full", '<dialog id="d"><state>early</state></dialog>').encode(),
    ]
    chance = random.Random(4235)  # noqa: S311 - the same every time
    for _ in range(3000):
        body = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 8)] = chance.randbytes(chance.randint(0, 4))
        for parse in (pidf.parse, dialog_info.parse):
            try:
                parse(bytes(body))
            except XmlError:
                continue


def test_attributes_and_texts_are_bounded() -> None:
    root = read(b'<a long="' + b"x" * 5000 + b'">' + b"y" * 5000 + b"</a>")
    assert len(root.attributes["long"]) == len(root.text) == LONGEST_TEXT
