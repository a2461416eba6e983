# SPDX-License-Identifier: GPL-2.0-or-later
"""Histories of calls, played against the switchboard without engine or clock."""

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import (
    HANGUP_LIMIT_S,
    LINGER_S,
)
from offhookd.phone.contacts import Contact
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import (
    AmbiguousError,
    EngineError,
    InvalidArgumentError,
    InvalidStateError,
    LimitReachedError,
)
from offhookd.phone.media import Statistics
from offhookd.phone.ports import ignore
from offhookd.phone.values import CallId, CallState, EndReason, Quality
from tests.support.fakes import Outcome
from tests.support.switchboard import WORK, Desk

ADA = Contact("7", "team", "Ada Lovelace")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_answered_outgoing_call_runs_through_its_states(desk: Desk) -> None:
    states: list[CallState] = []
    desk.calls.changed.connect(lambda call: states.append(call.state))
    call = desk.dial()
    desk.calls.progressed(call.id, CallState.RINGING, "id@host")
    desk.connect(call)
    desk.calls.ended(call.id, "remote", 0, "")
    assert states == [CallState.RINGING, CallState.ACTIVE, CallState.ENDED]
    assert call.sip_call_id == "id@host"
    assert call.end_reason is EndReason.REMOTE


def test_the_history_row_exists_before_anybody_hears_of_the_call(desk: Desk) -> None:
    seen: list[bool] = []
    desk.calls.added.connect(lambda call: seen.append(call.id in desk.log.rows))
    desk.dial()
    desk.ring()
    assert seen == [True, True]


def test_a_dial_that_the_engine_refuses_ends_with_its_sentence(desk: Desk) -> None:
    call = desk.dial()
    desk.engine.finish(EngineError("no such host"))
    assert call.state is CallState.ENDED
    assert call.end_text == "no such host"


def test_hanging_up_a_ringing_call_is_a_cancellation(desk: Desk) -> None:
    call, outcome = desk.dial(), Outcome()
    desk.calls.hangup(call, outcome)
    assert desk.engine.said("hangup") == [(call.id,)]
    desk.calls.ended(call.id, "cancelled", 487, "Request Terminated")
    assert outcome.succeeded
    assert (call.end_reason, call.end_code) == (EndReason.CANCELLED, 487)


def test_hanging_up_does_not_wait_for_a_far_end_that_is_gone(desk: Desk) -> None:
    call, outcome = desk.connect(desk.dial()), Outcome()
    desk.calls.hangup(call, outcome)
    assert outcome.calls == 0
    desk.clock.advance(HANGUP_LIMIT_S)
    assert outcome.succeeded
    assert call.end_reason is EndReason.LOCAL


def test_a_late_status_line_completes_a_call_that_was_given_up(desk: Desk) -> None:
    call = desk.connect(desk.dial())
    desk.calls.hangup(call, ignore)
    desk.clock.advance(HANGUP_LIMIT_S)
    desk.calls.ended(call.id, "local", 481, "Gone")
    assert (call.end_reason, call.end_code) == (EndReason.LOCAL, 481)


def test_hanging_up_twice_is_done_twice(desk: Desk) -> None:
    call = desk.connect(desk.dial())
    first, second = Outcome(), Outcome()
    desk.calls.hangup(call, first)
    desk.calls.hangup(call, second)
    desk.calls.ended(call.id, "local", 200, "OK")
    third = Outcome()
    desk.calls.hangup(call, third)
    assert first.succeeded
    assert second.succeeded
    assert third.succeeded


def test_the_engine_limit_is_kept_for_both_directions(desk: Desk) -> None:
    for _ in range(desk.calls.limit):
        desk.connect(desk.dial())
    with pytest.raises(LimitReachedError):
        desk.dial()
    refused = desk.ring()
    assert refused.state is CallState.ENDED
    assert refused.end_reason is EndReason.BUSY
    assert (refused.id, 486) in desk.engine.said("refuse")


def test_mute_is_a_state_of_the_call(desk: Desk) -> None:
    call = desk.connect(desk.dial())
    desk.calls.mute(call, True)
    desk.calls.mute(call, True)
    assert call.muted
    assert desk.engine.said("mute") == [(call.id, True)]


@pytest.mark.parametrize("tones", ["", "12x", "1" * 65, "12 3"])
def test_tones_that_are_none_are_refused(desk: Desk, tones: str) -> None:
    with pytest.raises(InvalidArgumentError):
        desk.calls.send_dtmf(desk.connect(desk.dial()), tones, None, 160, ignore)


def test_tones_need_a_connection(desk: Desk) -> None:
    with pytest.raises(InvalidStateError, match="dialing"):
        desk.calls.send_dtmf(desk.dial(), "1", None, 160, ignore)


def test_the_only_call_needs_no_name(desk: Desk) -> None:
    with pytest.raises(InvalidStateError):
        desk.calls.only()
    call = desk.dial()
    assert desk.calls.only() is call
    desk.ring()
    with pytest.raises(AmbiguousError):
        desk.calls.only()
    assert desk.calls.only(CallState.DIALING) is call


def test_a_lost_engine_ends_its_calls_and_keeps_their_rows(desk: Desk) -> None:
    active, ringing = desk.connect(desk.dial()), desk.ring()
    waiting = desk.dial(confirm=True)
    desk.calls.engine_lost("The SIP engine was ended by SIGKILL")
    assert [active.end_reason, ringing.end_reason] == [EndReason.ERROR, EndReason.ERROR]
    assert "SIGKILL" in active.end_text
    assert waiting.state is CallState.PENDING
    assert {"ended", "answered"} <= desk.log.rows[active.id].keys()
    assert desk.calls.focus is None


def test_an_ended_call_stays_readable_and_then_goes(desk: Desk) -> None:
    gone: list[CallId] = []
    desk.calls.removed.connect(lambda call: gone.append(call.id))
    call = desk.dial()
    desk.calls.ended(call.id, "", 404, "")
    desk.clock.advance(LINGER_S / 2)
    assert list(desk.calls) == [call]
    desk.clock.advance(LINGER_S)
    assert (list(desk.calls), gone) == ([], [call.id])


def test_events_for_calls_that_are_gone_are_nothing(desk: Desk) -> None:
    nobody = CallId(1)
    desk.calls.progressed(nobody, CallState.ACTIVE, "")
    desk.calls.ended(nobody, "", 0, "")
    desk.calls.measured(nobody, Statistics())
    desk.calls.dtmf_received(nobody, "1", 100)
    desk.held(desk.dial(), local=False)
    assert len(list(desk.calls)) == 1


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (CallState.PENDING, ("Start", "Hangup")),
        (CallState.DIALING, ("Hangup",)),
        (CallState.INCOMING, ("Answer", "Decline", "Redirect", "Hangup")),
        (
            CallState.ACTIVE,
            ("Hangup", "Hold", "SendDtmf", "Flash", "Transfer", "SetRecording", "Play"),
        ),
        (CallState.ENDED, ()),
    ],
)
def test_the_actions_follow_the_state(
    desk: Desk, state: CallState, actions: tuple[str, ...]
) -> None:
    call = desk.dial()
    call.state = state
    assert call.actions == actions


@pytest.mark.parametrize(
    ("mos", "quality"),
    [(0.0, Quality.UNKNOWN), (4.4, Quality.GOOD), (3.8, Quality.FAIR), (2.1, Quality.POOR)],
)
def test_the_quality_is_what_the_e_model_says(mos: float, quality: Quality) -> None:
    assert Statistics(mos=mos).quality is quality


def test_the_quality_is_told_when_it_changes_enough_to_matter(desk: Desk) -> None:
    call = desk.connect(desk.dial())
    told: list[float] = []
    desk.calls.changed.connect(lambda changed: told.append(changed.statistics.mos))
    for mos, packets in ((4.3, 100), (4.31, 200), (4.28, 300), (3.9, 400)):
        desk.calls.measured(call.id, Statistics(mos=mos, packets_sent=packets))
    assert told == [4.3, 3.9]
    assert call.statistics.packets_sent == 400


def test_a_step_backwards_is_no_news(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.progressed(call.id, CallState.RINGING, "")
    assert call.state is CallState.INCOMING
    desk.connect(call)
    desk.calls.progressed(call.id, CallState.EARLY, "")
    assert call.on_line


def test_codecs_of_a_call_reach_the_engine(desk: Desk) -> None:
    call = desk.calls.dial("sip:b@x", "", WORK, DialOptions(codecs=("PCMA",)))
    assert ("dial_with", call.id, ("PCMA",)) in desk.engine.told


def test_the_history_keeps_what_the_address_book_said(desk: Desk) -> None:
    call = desk.ring()

    desk.calls.identify(call, ADA)
    assert desk.log.rows[call.id]["contact"] == "Ada Lovelace"


def test_a_late_answer_of_an_address_book_still_reaches_the_history(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.ended(call.id, "remote", 487, "")
    desk.clock.advance(LINGER_S + 1)
    changes: list[Call] = []
    desk.calls.changed.connect(changes.append)
    desk.calls.identify(call, ADA)
    assert (desk.log.rows[call.id]["contact"], changes) == ("Ada Lovelace", [])


def test_whom_a_web_page_wants_to_call_is_known_before_the_row_is(desk: Desk) -> None:
    call = desk.calls.dial("sip:1@x", "", WORK, DialOptions(confirm=True))
    desk.calls.identify(call, ADA)
    desk.calls.start(call, Outcome())
    assert desk.log.rows[call.id]["contact"] == "Ada Lovelace"
