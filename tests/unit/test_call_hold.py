# SPDX-License-Identifier: GPL-2.0-or-later
"""Holding, resuming, and which call has the focus."""

import pytest

from offhookd.phone.errors import (
    EngineError,
    InvalidStateError,
    RejectedError,
)
from offhookd.phone.hold import HoldState
from offhookd.phone.media import Media
from offhookd.phone.ports import ignore
from offhookd.phone.swap import held_beside
from offhookd.phone.values import CallState
from tests.support.fakes import Outcome
from tests.support.switchboard import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_answering_holds_the_other_calls(desk: Desk) -> None:
    first = desk.connect(desk.dial())
    second = desk.ring()
    desk.calls.answer(second, ignore)
    assert desk.engine.said("hold") == [(first.id, True)]
    assert desk.engine.said("focus")[-1] == (second.id,)


def test_the_remaining_call_gets_the_focus(desk: Desk) -> None:
    first = desk.connect(desk.dial())
    second = desk.connect(desk.dial())
    assert desk.calls.focus is second
    desk.calls.ended(second.id, "remote", 0, "")
    assert desk.calls.focus is first


def test_resuming_swaps_the_focus(desk: Desk) -> None:
    first = desk.connect(desk.dial())
    second = desk.connect(desk.dial())
    desk.held(first, local=True)
    outcome = Outcome()
    desk.calls.hold(first, False, outcome)
    desk.engine.finish()
    assert outcome.calls == 0
    desk.held(first, local=False)
    assert outcome.succeeded
    assert desk.calls.focus is first
    assert (second.id, True) in desk.engine.said("hold")


def test_holding_what_is_held_is_done(desk: Desk) -> None:
    call, outcome = desk.connect(desk.dial()), Outcome()
    desk.held(call, local=True)
    desk.calls.hold(call, True, outcome)
    assert outcome.succeeded
    assert desk.engine.said("hold") == []


def test_a_hold_is_done_when_the_far_end_has_agreed(desk: Desk) -> None:
    call, outcome = desk.connect(desk.dial()), Outcome()
    desk.calls.hold(call, True, outcome)
    desk.engine.finish()
    assert outcome.calls == 0
    desk.held(call, local=True)
    assert outcome.succeeded


def test_a_hold_that_cannot_be_asked_for_says_so(desk: Desk) -> None:
    call, outcome = desk.connect(desk.dial()), Outcome()
    desk.engine.finish()
    told: list[bool] = []
    desk.calls.changed.connect(lambda changed: told.append(changed.to_be_held))
    desk.calls.hold(call, True, outcome)
    desk.engine.finish(EngineError("not now"))
    assert str(outcome.error) == "not now"
    assert told == [True, False]
    assert call.up


def test_a_hold_reports_the_end_of_the_call(desk: Desk) -> None:
    call, outcome = desk.connect(desk.dial()), Outcome()
    desk.calls.hold(call, True, outcome)
    desk.calls.ended(call.id, "remote", 0, "")
    assert isinstance(outcome.error, EngineError)


def test_the_last_of_hold_and_resume_wins(desk: Desk) -> None:
    call, resumed = desk.connect(desk.dial()), Outcome()
    desk.calls.hold(call, True, ignore)
    desk.calls.hold(call, False, resumed)
    desk.held(call, local=True)  # the answer to the first, which was on its way
    assert resumed.calls == 0
    desk.held(call, local=False)
    assert resumed.succeeded
    assert desk.engine.said("hold") == [(call.id, True), (call.id, False)]


def test_a_resume_during_a_hold_that_is_refused_is_done(desk: Desk) -> None:
    call, held, resumed = desk.connect(desk.dial()), Outcome(), Outcome()
    desk.engine.finish()
    desk.calls.hold(call, True, held)
    desk.calls.hold(call, False, resumed)
    refused, settled = desk.engine.waiting
    refused(RejectedError("488 Not Acceptable Here"))
    assert resumed.calls == 0
    settled(None)
    assert (str(held.error), resumed.succeeded) == ("488 Not Acceptable Here", True)
    assert call.hold is HoldState.OPEN


def test_a_resume_that_is_refused_leaves_the_call_on_hold(desk: Desk) -> None:
    call, outcome = desk.connect(desk.dial()), Outcome()
    desk.engine.finish()
    desk.held(call, local=True)
    desk.calls.hold(call, False, outcome)
    desk.engine.finish(RejectedError("491 Request Pending"))
    assert isinstance(outcome.error, RejectedError)
    assert call.local_hold
    assert call.to_be_held


def test_both_holds_are_told_apart(desk: Desk) -> None:
    call = desk.connect(desk.dial())
    desk.calls.media_changed(call.id, Media(), local_hold=True, remote_hold=True)
    assert (call.local_hold, call.remote_hold) == (True, True)
    desk.calls.media_changed(call.id, Media(), local_hold=False, remote_hold=True)
    assert (call.local_hold, call.remote_hold) == (False, True)


def test_swapping_turns_to_the_newest_call_on_hold(desk: Desk) -> None:
    first, second = desk.connect(desk.dial()), desk.connect(desk.dial())
    desk.held(first, local=True)
    assert held_beside(desk.calls) is first
    desk.calls.hold(first, False, ignore)
    assert desk.calls.focus is first
    assert second.to_be_held
    desk.held(second, local=True)
    assert held_beside(desk.calls) is second


def test_there_must_be_somebody_to_swap_with(desk: Desk) -> None:
    desk.connect(desk.dial())
    with pytest.raises(InvalidStateError):
        held_beside(desk.calls)


def test_a_call_connected_behind_another_one_waits_on_hold(desk: Desk) -> None:
    dialled, caller = desk.dial(), desk.ring()
    desk.calls.answer(caller, ignore)
    desk.connect(caller)
    desk.connect(dialled)
    assert desk.engine.said("hold") == [(dialled.id, True)]
    assert desk.calls.focus is caller


def test_a_dialled_call_gets_the_focus_back(desk: Desk) -> None:
    dialled, caller = desk.dial(), desk.ring()
    desk.calls.answer(caller, ignore)
    desk.connect(caller)
    desk.calls.progressed(dialled.id, CallState.RINGING, "")
    assert ("ringback",) not in desk.engine.said("play_tone")
    desk.calls.ended(caller.id, "remote", 0, "")
    assert desk.calls.focus is dialled
    assert desk.engine.said("play_tone")[-1] == ("ringback",)
