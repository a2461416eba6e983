# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that are handed over, played against the switchboard without engine or clock."""

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import (
    EngineError,
    InvalidArgumentError,
    InvalidStateError,
    PhoneError,
    RejectedError,
    RequestTimeoutError,
)
from offhookd.phone.media import Media
from offhookd.phone.policy import Invitation
from offhookd.phone.ports import ignore
from offhookd.phone.transfers import REPLY_LIMIT_S, Transfers
from offhookd.phone.values import AccountId, CallState, EndReason, TransferState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog, Outcome

WORK = AccountId("work")
TARGET = "sip:dave@example.com"


class Desk:
    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.clock = FakeClock()
        self.calls = Calls(self.engine, FakeLog(), FakeAlerting(), self.clock)
        self.transfers = Transfers(self.calls, self.engine, self.clock)
        self.states: list[str] = []
        self.calls.changed.connect(self._note)

    def _note(self, call: Call) -> None:
        if call.transfer and (not self.states or self.states[-1] != call.transfer):
            self.states.append(call.transfer)

    def dial(self, peer: str = "sip:bob@example.com") -> Call:
        return self.calls.dial(peer, "", WORK, DialOptions())

    def talk(self, peer: str = "sip:bob@example.com") -> Call:
        call = self.dial(peer)
        self.calls.progressed(call.id, CallState.ACTIVE, f"{call.id}@host")
        self.engine.finish()
        return call

    def held(self, call: Call, local: bool = True) -> None:
        self.calls.media_changed(call.id, Media(), local_hold=local, remote_hold=False)

    def blind(self, call: Call) -> Outcome:
        """A transfer whose REFER is out."""
        outcome = Outcome()
        self.transfers.blind(call, TARGET, outcome)
        self.held(call)
        return outcome

    def told(self, call: Call, code: int, *, final: bool = False) -> None:
        self.transfers.progressed(call.id, code, "As sent", final=final)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_blind_transfer_holds_refers_tells_and_leaves(desk: Desk) -> None:
    call = desk.talk()
    outcome = desk.blind(call)
    assert desk.engine.said("transfer") == [(call.id, TARGET, None)]
    desk.told(call, 100)
    desk.told(call, 180)
    assert outcome.calls == 0
    desk.told(call, 200, final=True)
    assert outcome.succeeded
    assert desk.states == ["trying", "ringing", "done"]
    assert desk.engine.said("hangup") == [(call.id,)]
    desk.calls.ended(call.id, "local", 200, "OK")
    assert call.end_reason is EndReason.TRANSFERRED


def test_a_far_end_that_refuses_to_be_held_is_sent_on_all_the_same(desk: Desk) -> None:
    call = desk.talk()
    desk.transfers.blind(call, TARGET, ignore)
    desk.engine.finish(RejectedError("488 Not Acceptable Here"))
    assert desk.engine.said("transfer") == [(call.id, TARGET, None)]


@pytest.mark.parametrize("how", ["engine", "wire"])
def test_a_refused_transfer_goes_on_with_the_call(desk: Desk, how: str) -> None:
    call = desk.talk()
    outcome = desk.blind(call)
    if how == "engine":
        desk.engine.finish(EngineError("no"))
        assert str(outcome.error) == "no"
    else:
        desk.told(call, 603, final=True)
        assert isinstance(outcome.error, RejectedError)
        assert str(outcome.error) == "603 As sent"
    assert call.transfer is TransferState.FAILED
    assert desk.engine.said("hold") == [(call.id, True), (call.id, False)]
    desk.held(call, local=False)
    assert "Transfer" in call.actions


def test_a_call_that_was_on_hold_before_stays_there(desk: Desk) -> None:
    call = desk.talk()
    desk.calls.hold(call, True, ignore)
    desk.held(call)
    desk.blind(call)
    desk.told(call, 486, final=True)
    assert call.to_be_held


def test_a_failed_transfer_can_be_tried_again(desk: Desk) -> None:
    call = desk.talk()
    desk.blind(call)
    desk.told(call, 486, final=True)
    desk.blind(call)
    desk.told(call, 200, final=True)
    assert desk.states == ["trying", "failed", "trying", "done"]


def test_a_report_that_ends_without_an_outcome_is_a_failure(desk: Desk) -> None:
    call = desk.talk()
    outcome = desk.blind(call)
    desk.told(call, 0, final=True)
    assert "does not tell" in str(outcome.error)
    assert call.transfer is TransferState.FAILED


def test_who_never_reports_is_a_timeout_and_may_still_report(desk: Desk) -> None:
    call = desk.talk()
    outcome = desk.blind(call)
    desk.clock.advance(REPLY_LIMIT_S)
    assert isinstance(outcome.error, RequestTimeoutError)
    assert call.transfer is TransferState.TRYING
    desk.told(call, 200)
    assert outcome.calls == 1
    assert desk.states[-1] == "done"


def test_hanging_up_ends_the_transfer(desk: Desk) -> None:
    call = desk.talk()
    outcome = desk.blind(call)
    desk.calls.hangup(call, ignore)
    desk.calls.ended(call.id, "local", 200, "OK")
    assert isinstance(outcome.error, PhoneError)
    assert (call.transfer, call.end_reason) == (TransferState.FAILED, EndReason.LOCAL)
    desk.told(call, 200, final=True)


def test_a_far_end_that_leaves_has_gone_where_it_was_sent(desk: Desk) -> None:
    call = desk.talk()
    outcome = desk.blind(call)
    desk.calls.ended(call.id, "remote", 0, "")
    assert outcome.succeeded
    assert (call.transfer, call.end_reason) == (TransferState.DONE, EndReason.TRANSFERRED)


def test_hanging_up_before_the_refer_is_out_sends_none(desk: Desk) -> None:
    call = desk.talk()
    desk.transfers.blind(call, TARGET, ignore)
    desk.calls.ended(call.id, "local", 0, "")
    assert desk.engine.said("transfer") == []


def test_a_call_is_transferred_once_at_a_time(desk: Desk) -> None:
    call = desk.talk()
    desk.blind(call)
    assert "Transfer" not in call.actions
    with pytest.raises(InvalidStateError):
        desk.transfers.blind(call, TARGET, ignore)


def test_two_calls_are_transferred_at_once(desk: Desk) -> None:
    first, second = desk.talk(), desk.talk("sip:carol@example.com")
    one, two = desk.blind(first), desk.blind(second)
    desk.told(second, 200, final=True)
    desk.told(first, 486, final=True)
    assert two.succeeded
    assert isinstance(one.error, RejectedError)


# ---------------------------------------------------------------- attended


def consult(desk: Desk) -> tuple[Call, Call, Outcome]:
    first = desk.talk()
    second = desk.talk("sip:carol@example.com")
    desk.held(first)
    outcome = Outcome()
    desk.transfers.attended(first, second, outcome)
    return first, second, outcome


def test_an_attended_transfer_joins_both_and_leaves(desk: Desk) -> None:
    first, second, outcome = consult(desk)
    assert desk.engine.said("transfer") == [(first.id, "sip:carol@example.com", second.id)]
    desk.told(first, 200, final=True)
    assert outcome.succeeded
    for call in (first, second):
        desk.calls.ended(call.id, "local", 200, "OK")
        assert call.end_reason is EndReason.TRANSFERRED


def test_the_leg_that_the_far_end_replaced_first_counts_as_transferred(desk: Desk) -> None:
    first, second, _ = consult(desk)
    desk.calls.ended(second.id, "remote", 0, "")
    assert second.end_reason is EndReason.TRANSFERRED
    desk.told(first, 200, final=True)
    desk.calls.ended(first.id, "local", 200, "OK")
    assert first.end_reason is EndReason.TRANSFERRED


def test_a_refused_attended_transfer_leaves_both_calls(desk: Desk) -> None:
    first, second, outcome = consult(desk)
    desk.told(first, 481, final=True)
    assert isinstance(outcome.error, RejectedError)
    assert first.on_line
    assert second.on_line
    assert desk.calls.focus is second


def test_one_that_still_rings_is_given_up_and_the_far_end_sent_there(desk: Desk) -> None:
    first = desk.talk()
    second = desk.dial("sip:carol@example.com")
    desk.calls.progressed(second.id, CallState.RINGING, "x@host")
    desk.held(first)
    desk.transfers.attended(first, second, ignore)
    assert desk.engine.said("hangup") == [(second.id,)]
    assert desk.engine.said("transfer") == [(first.id, "sip:carol@example.com", None)]
    desk.calls.ended(second.id, "local", 487, "")
    assert second.end_reason is EndReason.TRANSFERRED


def test_a_call_cannot_be_joined_to_itself_or_to_one_that_rings_here(desk: Desk) -> None:
    call = desk.talk()
    with pytest.raises(InvalidArgumentError):
        desk.transfers.attended(call, call, ignore)
    ringing = desk.calls.invited(
        Invitation(WORK, "x", "sip:eve@example.com", ""), accept=lambda _: None
    )
    with pytest.raises(InvalidStateError):
        desk.transfers.attended(call, ringing, ignore)


def test_joining_is_offered_while_there_is_another_call(desk: Desk) -> None:
    first = desk.talk()
    assert "TransferTo" not in first.actions
    second = desk.dial("sip:carol@example.com")
    assert "TransferTo" in first.actions
    desk.calls.ended(second.id, "", 486, "Busy Here")
    assert "TransferTo" not in first.actions
