# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is at the other end by now: what a server's messages say, and what becomes of it."""

import pytest

from offhookd.engine.sip_connected import Connected, Party
from offhookd.phone.call import Call
from offhookd.phone.connected import ConnectedLines
from offhookd.phone.contacts import Contact
from offhookd.phone.numbering import Numbering
from tests.support.switchboard import Desk

CAROL = Party("Carol", "sip:1003@pbx")
ASSERTED = 'P-Asserted-Identity: "Carol" <sip:1003@pbx>'
RINGING, OK = "SIP/2.0 180 Ringing", "SIP/2.0 200 OK"
INVITE, UPDATE = "INVITE sip:me@x SIP/2.0", "UPDATE sip:me@x SIP/2.0"


def message(start: str, *headers: str, tag: str = "a") -> str:
    """Of or about a call to 1002; as a request, one of the far end's."""
    ours, theirs = "<sip:me@pbx>;tag=z", f"<sip:1002@pbx>;tag={tag}"
    sender, receiver = (ours, theirs) if start.startswith("SIP") else (theirs, ours)
    return "\r\n".join((start, f"From: {sender}", f"To: {receiver}", *headers, "", ""))


def renamed(*headers: str) -> str:
    return message(UPDATE, *headers).replace("<sip:1002@pbx>", '"Dan" <sip:1004@pbx>')


# ---------------------------------------------------------------- what is said


@pytest.mark.parametrize("start", [RINGING, OK, INVITE, UPDATE])
def test_a_server_tells_once_who_is_there(start: str) -> None:
    leg = Connected()
    assert leg.heard(message(start, ASSERTED)) == CAROL
    assert leg.heard(message(start, ASSERTED)) is None


@pytest.mark.parametrize(
    ("headers", "party"),
    [
        ([ASSERTED, "Remote-Party-ID: <sip:1@x>"], CAROL),
        (['Remote-Party-ID: "Carol" <sip:1003@pbx>;party=called;screen=yes;privacy=off'], CAROL),
        (['Remote-Party-ID: "Carol" <sip:1003@pbx>;party=calling;privacy=off;screen=no'], CAROL),
        (
            [
                "Remote-Party-ID: <sip:1@x>;party=x-cisco-original-called;privacy=off",
                'Remote-Party-ID: "Carol" <sip:1003@pbx>;party=called;privacy=off',
            ],
            CAROL,
        ),
        (["Remote-Party-ID: <sip:1@x>;party=x-cisco-original-called;privacy=off"], None),
    ],
)
def test_the_ways_of_exchanges_to_say_it(headers: list[str], party: Party | None) -> None:
    assert Connected().heard(message(OK, *headers)) == party


@pytest.mark.parametrize(
    "start", ["SIP/2.0 100 Trying", "SIP/2.0 486 Busy", "ACK sip:me@x SIP/2.0"]
)
def test_other_messages_tell_nothing(start: str) -> None:
    assert Connected().heard(message(start, ASSERTED)) is None


def test_a_telephone_that_answers_is_not_the_other_one_that_rang() -> None:
    leg = Connected()
    assert leg.heard(message(RINGING, ASSERTED, tag="a")) == CAROL
    assert leg.heard(message(OK, tag="b")) == Party()


def test_a_later_answer_without_a_name_changes_nothing() -> None:
    leg = Connected()
    leg.heard(message(RINGING, ASSERTED))
    assert leg.heard(message(OK)) is None
    assert leg.heard(message(UPDATE)) is None


def test_an_answer_that_withholds_who_was_called_says_nothing() -> None:
    leg = Connected()
    assert leg.heard(message(OK, ASSERTED, "Privacy: id")) is None
    assert leg.heard(message(UPDATE, ASSERTED, "Privacy: id")) == Party(
        "Carol", "sip:1003@pbx", "id"
    )


def test_another_from_is_another_party() -> None:
    leg = Connected()
    leg.heard(message(OK))
    assert leg.heard(renamed()) == Party("Dan", "sip:1004@pbx")
    assert Connected().heard(renamed()) is None  # so it began


def test_an_asserted_identity_outweighs_another_from() -> None:
    leg = Connected()
    leg.heard(message(OK))
    assert leg.heard(renamed(ASSERTED)) == CAROL


# ---------------------------------------------------------------- what becomes of it


class Story:
    def __init__(self) -> None:
        self.desk = Desk()
        self.lines = ConnectedLines(self.desk.calls, self.desk.log, Numbering("DE").same)
        self.moved: list[str] = []
        self.lines.moved.connect(lambda call: self.moved.append(call.far_uri))
        self.call = self.desk.connect(self.desk.dial())

    def tells(self, uri: str, name: str = "", privacy: str = "") -> Call:
        self.lines.told(self.call.id, uri, name, privacy)
        return self.call

    @property
    def row(self) -> object:
        return self.desk.log.rows[self.call.id].get("connected")


@pytest.fixture
def story() -> Story:
    return Story()


def test_another_party_is_shown_stored_and_to_be_looked_up(story: Story) -> None:
    story.call.contact = Contact("1", "book", "Bob Dylan")
    call = story.tells("sip:1003@pbx", "Carol")
    assert (call.far_uri, call.far_name, call.contact) == ("sip:1003@pbx", "Carol", None)
    assert (call.peer_uri, call.peer_name) == ("sip:bob@example.com", "Bob")
    assert story.moved == ["sip:1003@pbx"]
    story.desk.calls.identify(call, Contact("2", "book", "Carol Shaw"))
    assert story.row == ("sip:1003@pbx", "Carol Shaw")
    assert "contact" not in story.desk.log.rows[call.id]


def test_a_name_for_whom_was_called_keeps_the_address(story: Story) -> None:
    call = story.tells("sip:bob@10.0.0.1:5070", "Bob Dylan")
    assert (call.far_uri, call.far_name) == ("sip:bob@example.com", "Bob Dylan")
    assert story.moved == []


@pytest.mark.parametrize("name", ["", "bob"])
def test_the_number_in_the_place_of_a_name_is_none(story: Story, name: str) -> None:
    call = story.tells("sip:bob@pbx", name)
    assert (call.connected, call.far_name) == (None, "Bob")


def test_another_spelling_of_a_number_is_no_other_party(story: Story) -> None:
    story.call.peer_uri = "sip:030123456@pbx"
    assert story.tells("tel:+4930123456", "Bob").connected is None


def test_a_party_that_withholds_its_number_is_shown_so(story: Story) -> None:
    call = story.tells("sip:1003@pbx", "Carol", "id")
    assert (call.far_uri, call.far_name) == ("sip:anonymous@anonymous.invalid", "Anonymous")


def test_the_call_may_come_back(story: Story) -> None:
    story.tells("sip:1003@pbx", "Carol")
    call = story.tells("sip:bob@pbx", "Bob")
    assert (call.far_uri, call.connected) == ("sip:bob@example.com", None)
    assert story.row == ("", "")
    assert story.moved == ["sip:1003@pbx", "sip:bob@example.com"]


def test_a_server_that_takes_its_word_back_leaves_whom_was_called(story: Story) -> None:
    story.tells("sip:1003@pbx", "Carol")
    assert story.tells("").connected is None


def test_nothing_is_told_of_a_call_that_is_over(story: Story) -> None:
    story.desk.calls.ended(story.call.id, "remote", 200, "OK")
    assert story.tells("sip:1003@pbx", "Carol").connected is None
