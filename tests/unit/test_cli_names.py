# SPDX-License-Identifier: GPL-2.0-or-later
"""Which call or account a word names, and how changes read."""

import json

import pytest

from offhook.account import ACCOUNT
from offhook.aio import Phone
from offhook.call import CALL
from offhook.changes import Added, Change, Changed, Event, Removed
from offhook.cli.refusal import RefusedError
from offhook.cli.session import find_account, find_call
from offhook.cli.status import ended
from offhook.cli.watch import as_object, as_words
from offhook.objects import ROOT


def phone(*calls: tuple[int, str, list[str]], accounts: tuple[str, ...] = ()) -> Phone:
    """A phone that was never connected, with these calls (id, state, actions) and accounts."""
    result = Phone("unix:path=/nowhere")
    for number, state, actions in calls:
        facts = {"Id": number, "State": state, "Actions": actions, "PeerUri": f"sip:{number}@x"}
        result._mirror.add(f"{ROOT}/calls/c{number}", {CALL: facts})
    for name in accounts:
        result._mirror.add(f"{ROOT}/accounts/{name}", {ACCOUNT: {"Id": name}})
    return result


TWO = ((12, "active", ["Hangup", "Hold"]), (13, "active", ["Hangup", "Resume"]))


@pytest.mark.parametrize("name", ["c12", "12", f"{ROOT}/calls/c12"])
def test_a_call_is_named_by_number_or_path(name: str) -> None:
    assert find_call(phone(*TWO), name).id == 12


def test_a_call_that_ended_can_still_be_named() -> None:
    assert find_call(phone((1, "ended", [])), "c1").id == 1


def test_without_a_name_it_is_the_only_call() -> None:
    assert find_call(phone((1, "ended", []), (2, "active", [])), "").id == 2


def test_without_a_name_it_is_the_only_one_that_can_do_it() -> None:
    assert find_call(phone(*TWO), "", "Hold").id == 12
    assert find_call(phone(*TWO), "", "Resume").id == 13


def test_the_only_call_is_asked_even_if_it_cannot() -> None:
    """What it asks for may hold already; the daemon knows."""
    assert find_call(phone(TWO[0]), "", "Resume").id == 12


@pytest.mark.parametrize(
    ("calls", "name", "message"),
    [
        ((), "", "There is no call"),
        (TWO, "", "Which call? Name one of c12 (sip:12@x), c13 (sip:13@x)"),
        (TWO, "c99", "There is no call c99; there is c12 (sip:12@x), c13 (sip:13@x)"),
        ((), "c99", "There is no call c99; there is no call"),
    ],
)
def test_a_word_that_fits_no_call_or_several_is_refused(
    calls: tuple[tuple[int, str, list[str]], ...], name: str, message: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        find_call(phone(*calls), name)
    assert refused.value.message == message


def test_an_unknown_account_is_refused_with_those_there_are() -> None:
    known = phone(accounts=("work", "home"))
    assert find_account(known, "work").id == "work"
    with pytest.raises(RefusedError, match="no account wrok; configured are: work, home"):
        find_account(known, "wrok")


def test_the_end_of_a_call_is_told_with_its_sip_status() -> None:
    call = find_call(phone((1, "ended", [])), "1")
    call.update(CALL, {"EndReason": "cancelled", "EndCode": 0, "EndText": ""})
    assert ended(call) == "cancelled"
    call.update(CALL, {"EndReason": "busy", "EndCode": 486, "EndText": "Busy Here"})
    assert ended(call) == "busy (486 Busy Here)"


CALL_12 = find_call(phone(TWO[0]), "12")
PATH = f"{ROOT}/calls/c12"


@pytest.mark.parametrize(
    ("change", "words", "kind"),
    [
        (
            Added(CALL_12),
            'new  Id=12  State=active  Actions=["Hangup", "Hold"]  PeerUri=sip:12@x',
            {
                "change": "added",
                "interfaces": {
                    CALL: {
                        "Id": 12,
                        "State": "active",
                        "Actions": ["Hangup", "Hold"],
                        "PeerUri": "sip:12@x",
                    }
                },
            },
        ),
        (Removed(CALL_12), "gone", {"change": "removed"}),
        (
            Changed(CALL_12, CALL, {"State": "ended", "EndCode": 200, "EndText": "a\x1bb"}),
            "State=ended  EndCode=200  EndText=a\N{REPLACEMENT CHARACTER}b",
            {
                "change": "changed",
                "interface": CALL,
                "properties": {"State": "ended", "EndCode": 200, "EndText": "a\x1bb"},
            },
        ),
        (
            Event(CALL_12, CALL, "DtmfReceived", ["5", 100]),
            "DtmfReceived  5  100",
            {
                "change": "signal",
                "interface": CALL,
                "signal": "DtmfReceived",
                "arguments": ["5", 100],
            },
        ),
    ],
)
def test_a_change_reads_well_for_people_and_programs(
    change: Change, words: str, kind: dict[str, object]
) -> None:
    assert as_words(change) == words
    assert json.loads(json.dumps(as_object(change))) == {**kind, "path": PATH}
