# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that a person must confirm before they are dialled, and requests that come twice."""

import pytest

from offhookd.phone.calls import (
    LINGER_S,
)
from offhookd.phone.departures import CONFIRM_LIMIT_S, MOST_PENDING, NOT_CONFIRMED
from offhookd.phone.errors import (
    LimitReachedError,
)
from offhookd.phone.values import CallState, EndReason
from tests.support.fakes import Outcome
from tests.support.switchboard import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_pending_call_dials_only_when_started(desk: Desk) -> None:
    call = desk.dial(confirm=True)
    assert (call.state, desk.engine.said("dial")) == (CallState.PENDING, [])
    started, again = Outcome(), Outcome()
    desk.calls.start(call, started)
    assert (call.state, len(desk.engine.said("dial"))) == (CallState.DIALING, 1)
    assert started.calls == 0
    desk.calls.progressed(call.id, CallState.DIALING, "id@host")
    assert started.succeeded
    desk.calls.start(call, again)
    assert again.succeeded
    assert len(desk.engine.said("dial")) == 1


def test_a_pending_call_can_be_dropped(desk: Desk) -> None:
    call, outcome = desk.dial(confirm=True), Outcome()
    desk.calls.hangup(call, outcome)
    assert outcome.succeeded
    assert desk.engine.told == []


def test_a_repeated_request_id_gives_the_same_call(desk: Desk) -> None:
    assert desk.dial(request_id="x") is desk.dial(request_id="x")
    assert desk.dial(request_id="y") is not desk.dial(request_id="z")


def test_calls_that_nobody_confirmed_do_not_make_the_phone_busy(desk: Desk) -> None:
    for _ in range(desk.calls.limit):
        desk.dial(confirm=True)
    assert desk.ring().state is CallState.INCOMING
    desk.dial()


def test_a_program_cannot_ask_without_end(desk: Desk) -> None:
    for _ in range(MOST_PENDING):
        desk.dial(confirm=True)
    with pytest.raises(LimitReachedError, match="confirmation"):
        desk.dial(confirm=True)
    desk.clock.advance(CONFIRM_LIMIT_S)
    assert desk.dial(confirm=True).state is CallState.PENDING


def test_a_call_that_nobody_confirmed_is_over_after_a_while(desk: Desk) -> None:
    call = desk.dial(confirm=True)
    desk.clock.advance(CONFIRM_LIMIT_S)
    assert (call.end_reason, call.end_text) == (EndReason.CANCELLED, NOT_CONFIRMED)


def test_a_repeated_request_id_never_calls_twice(desk: Desk) -> None:
    call = desk.dial(request_id="x")
    desk.calls.ended(call.id, "", 486, "Busy")
    desk.clock.advance(LINGER_S)
    assert desk.dial(request_id="x") is call
    assert len(desk.engine.said("dial")) == 1


def test_nothing_waits_for_a_call_that_was_dropped(desk: Desk) -> None:
    call = desk.dial(confirm=True)
    assert desk.clock.waiting == 1
    desk.calls.hangup(call, Outcome())
    desk.clock.advance(LINGER_S)
    assert desk.clock.waiting == 0
