# SPDX-License-Identifier: GPL-2.0-or-later
"""Answering and refusing, by two hands at once and too late."""

import pytest

from offhookd.phone.arrivals import RING_LIMIT_S
from offhookd.phone.calls import (
    HANGUP_LIMIT_S,
)
from offhookd.phone.errors import (
    EngineError,
    InvalidArgumentError,
    InvalidStateError,
    RejectedError,
)
from offhookd.phone.ports import ignore
from offhookd.phone.values import EndReason
from tests.support.fakes import Outcome
from tests.support.switchboard import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_incoming_call_is_rung_and_answered(desk: Desk) -> None:
    call, outcome = desk.ring(), Outcome()
    assert desk.engine.said("ring") == [(call.id,)]
    assert desk.alerting.ringing
    assert desk.calls.ringing is call
    desk.calls.answer(call, outcome)
    assert not desk.alerting.ringing
    assert desk.calls.focus is call
    desk.connect(call)
    assert outcome.succeeded
    assert desk.calls.ringing is None


def test_an_answer_that_never_connects_reports_the_end(desk: Desk) -> None:
    call, outcome = desk.ring(), Outcome()
    desk.calls.answer(call, outcome)
    desk.calls.ended(call.id, "no-ack", 408, "Request Timeout")
    assert isinstance(outcome.error, RejectedError)
    assert call.end_reason is EndReason.NETWORK


@pytest.mark.parametrize(("how", "code"), [("busy", 486), ("declined", 603), ("not-here", 480)])
def test_declining_sends_the_code_that_was_asked_for(desk: Desk, how: str, code: int) -> None:
    call, outcome = desk.ring(), Outcome()
    desk.calls.decline(call, how, outcome)
    assert desk.engine.said("refuse") == [(call.id, code)]
    desk.calls.ended(call.id, "local", code, "")
    assert outcome.succeeded
    assert call.end_reason is EndReason.DECLINED


def test_a_wrong_reason_to_decline_names_the_right_ones(desk: Desk) -> None:
    with pytest.raises(InvalidArgumentError, match="not-here"):
        desk.calls.decline(desk.ring(), "bored", ignore)


def test_a_call_answered_elsewhere_is_not_a_cancelled_one(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.ended(call.id, "elsewhere", 487, "")
    assert call.end_reason is EndReason.ELSEWHERE


def test_nobody_rings_for_ever(desk: Desk) -> None:
    call = desk.ring()
    desk.clock.advance(RING_LIMIT_S)
    assert call.end_reason is EndReason.NO_ANSWER
    assert desk.engine.said("refuse") == [(call.id, 480)]


def test_two_answers_are_one_and_both_are_done(desk: Desk) -> None:
    call = desk.ring()
    first, second = Outcome(), Outcome()
    desk.calls.answer(call, first)
    desk.calls.answer(call, second)
    assert desk.engine.said("answer") == [(call.id,)]
    desk.connect(call)
    assert first.succeeded
    assert second.succeeded


def test_a_call_that_was_picked_up_asks_nobody_any_more(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.answer(call, ignore)
    assert desk.calls.ringing is None
    assert call.actions == ("Hangup",)
    with pytest.raises(InvalidStateError, match="answered"):
        desk.calls.decline(call, "busy", ignore)


def test_hanging_up_before_the_answer_is_confirmed_ends_the_answered_call(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.answer(call, ignore)
    desk.calls.hangup(call, ignore)
    assert desk.engine.said("refuse") == []
    assert desk.engine.said("hangup") == [(call.id,)]
    desk.clock.advance(HANGUP_LIMIT_S)
    assert call.end_reason is EndReason.LOCAL


def test_a_call_whose_end_is_decided_takes_no_other_orders(desk: Desk) -> None:
    call, again = desk.ring(), Outcome()
    desk.calls.decline(call, "busy", ignore)
    with pytest.raises(InvalidStateError, match="being ended"):
        desk.calls.answer(call, ignore)
    desk.calls.decline(call, "busy", again)
    assert desk.engine.said("refuse") == [(call.id, 486)]
    desk.calls.ended(call.id, "local", 486, "")
    assert again.succeeded


def test_declining_what_is_over_is_done(desk: Desk) -> None:
    call, outcome = desk.ring(), Outcome()
    desk.calls.ended(call.id, "cancelled", 487, "")
    desk.calls.decline(call, "busy", outcome)
    assert outcome.succeeded


def test_an_answer_that_the_engine_refuses_leaves_no_leg_behind(desk: Desk) -> None:
    call, outcome = desk.ring(), Outcome()
    desk.calls.answer(call, outcome)
    desk.engine.finish(EngineError("no codec"))
    assert desk.engine.said("hangup") == [(call.id,)]
    assert call.end_text == "no codec"
    assert str(outcome.error) == "no codec"


def test_an_answer_that_is_never_confirmed_was_not_missed(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.answer(call, ignore)
    desk.calls.picked_up(call.id)
    desk.calls.ended(call.id, "no-ack", 408, "")
    assert desk.log.rows[call.id]["answered"] == call.answered_us > 0
