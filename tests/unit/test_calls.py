# SPDX-License-Identifier: GPL-2.0-or-later
"""Histories of calls, played against the switchboard without engine or clock."""

import pytest

from offhookd.phone.arrivals import RING_LIMIT_S
from offhookd.phone.call import Call
from offhookd.phone.calls import (
    HANGUP_LIMIT_S,
    LINGER_S,
    Calls,
)
from offhookd.phone.contacts import Contact
from offhookd.phone.departures import CONFIRM_LIMIT_S, MOST_PENDING, NOT_CONFIRMED
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import (
    AmbiguousError,
    EngineError,
    InvalidArgumentError,
    InvalidStateError,
    LimitReachedError,
    RejectedError,
)
from offhookd.phone.forwarding import Forward
from offhookd.phone.hold import HoldState
from offhookd.phone.media import Media, Statistics
from offhookd.phone.policy import Invitation
from offhookd.phone.ports import ignore
from offhookd.phone.swap import held_beside
from offhookd.phone.values import AccountId, CallId, CallState, EndReason, Quality
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog, Outcome

WORK = AccountId("work")
ADA = Contact("7", "team", "Ada Lovelace")


class Desk:
    """A switchboard with everything around it faked."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.log = FakeLog()
        self.alerting = FakeAlerting()
        self.clock = FakeClock()
        self.calls = Calls(self.engine, self.log, self.alerting, self.clock)

    def dial(self, **options: object) -> Call:
        chosen = DialOptions(**options)  # type: ignore[arg-type]  # named by the test itself
        return self.calls.dial("sip:bob@example.com", "Bob", WORK, chosen)

    def ring(self, peer: str = "sip:carol@example.com") -> Call:
        invitation = Invitation(WORK, "abc@host", peer, "Carol")
        return self.calls.invited(invitation, accept=lambda call: None)

    def connect(self, call: Call) -> Call:
        self.calls.picked_up(call.id)
        self.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
        return call

    def held(self, call: Call, local: bool) -> None:
        self.calls.media_changed(call.id, Media(), local_hold=local, remote_hold=False)


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


def test_ringing_plays_ringback_until_the_far_end_sends_sound(desk: Desk) -> None:
    call = desk.dial()
    desk.calls.progressed(call.id, CallState.RINGING, "")
    desk.calls.progressed(call.id, CallState.EARLY, "")
    assert desk.engine.said("play_tone") == [("ringback",), ("",)]


@pytest.mark.parametrize(
    ("code", "reason", "tone"),
    [
        (486, EndReason.BUSY, "busy"),
        (603, EndReason.DECLINED, "busy"),
        (404, EndReason.NOT_FOUND, "congestion"),
        (480, EndReason.NO_ANSWER, "congestion"),
        (488, EndReason.MEDIA, "congestion"),
        (403, EndReason.AUTH, "congestion"),
        (500, EndReason.ERROR, "congestion"),
    ],
)
def test_a_refused_call_says_why_and_sounds_so(
    desk: Desk, code: int, reason: EndReason, tone: str
) -> None:
    call = desk.dial()
    desk.calls.ended(call.id, "", code, "As sent")
    assert (call.end_reason, call.end_code, call.end_text) == (reason, code, "As sent")
    assert desk.engine.said("play_tone") == [(tone,)]
    assert desk.log.rows[call.id]["reason"] is reason


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


def test_a_caller_who_gives_up_silences_the_ringer(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.ended(call.id, "cancelled", 487, "")
    assert not desk.alerting.ringing
    assert call.end_reason is EndReason.CANCELLED


def test_a_call_answered_elsewhere_is_not_a_cancelled_one(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.ended(call.id, "elsewhere", 487, "")
    assert call.end_reason is EndReason.ELSEWHERE


def test_nobody_rings_for_ever(desk: Desk) -> None:
    call = desk.ring()
    desk.clock.advance(RING_LIMIT_S)
    assert call.end_reason is EndReason.NO_ANSWER
    assert desk.engine.said("refuse") == [(call.id, 480)]


def test_a_second_caller_is_a_tone_in_the_ear_not_a_bell(desk: Desk) -> None:
    desk.connect(desk.dial())
    desk.ring()
    assert not desk.alerting.ringing
    assert ("call-waiting",) in desk.engine.said("play_tone")


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


def test_the_engine_limit_is_kept_for_both_directions(desk: Desk) -> None:
    for _ in range(desk.calls.limit):
        desk.connect(desk.dial())
    with pytest.raises(LimitReachedError):
        desk.dial()
    refused = desk.ring()
    assert refused.state is CallState.ENDED
    assert refused.end_reason is EndReason.BUSY
    assert (refused.id, 486) in desk.engine.said("refuse")


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


# ---------------------------------------------------------------- two hands, two callers


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


def test_answering_one_of_two_callers_stops_the_bell(desk: Desk) -> None:
    first, second = desk.ring(), desk.ring()
    desk.calls.answer(first, ignore)
    assert not desk.alerting.ringing
    assert desk.calls.ringing is second


def test_a_caller_who_waited_rings_when_the_conversation_is_over(desk: Desk) -> None:
    talk = desk.connect(desk.dial())
    desk.ring()
    assert not desk.alerting.ringing
    desk.calls.ended(talk.id, "remote", 0, "")
    assert desk.alerting.ringing


def test_the_bell_stops_when_a_dialled_call_is_connected(desk: Desk) -> None:
    dialled = desk.dial()
    desk.ring()
    assert desk.alerting.ringing
    desk.connect(dialled)
    assert not desk.alerting.ringing


@pytest.mark.parametrize("ends", ["declined", "cancelled", "rung out", "engine lost"])
def test_the_bell_stops_however_it_ends(desk: Desk, ends: str) -> None:
    call = desk.ring()
    match ends:
        case "declined":
            desk.calls.decline(call, "busy", ignore)
        case "cancelled":
            desk.calls.ended(call.id, "cancelled", 487, "")
        case "rung out":
            desk.clock.advance(RING_LIMIT_S)
        case _:
            desk.calls.engine_lost("gone")
    assert not desk.alerting.ringing


# ---------------------------------------------------------------- holding


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


# ---------------------------------------------------------------- redirecting, being replaced


def test_a_redirected_caller_is_sent_there(desk: Desk) -> None:
    call, outcome = desk.ring(), Outcome()
    desk.calls.redirect(call, Forward("sip:dave@example.com", ""), outcome)
    assert desk.engine.said("refuse") == [(call.id, 302, "sip:dave@example.com")]
    desk.calls.ended(call.id, "local", 302, "Moved Temporarily")
    assert outcome.succeeded
    assert call.end_reason is EndReason.FORWARDED


def test_an_answered_call_cannot_be_redirected(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.answer(call, ignore)
    with pytest.raises(InvalidStateError):
        desk.calls.redirect(call, Forward("sip:dave@example.com", ""), ignore)


def take_over(desk: Desk, replaced: Call) -> Call:
    invitation = Invitation(WORK, "new@host", "sip:dave@example.com", "Dave", replaces=replaced.id)
    return desk.calls.invited(invitation, accept=lambda call: None)


def test_who_takes_the_place_of_the_far_end_has_the_conversation(desk: Desk) -> None:
    old = desk.connect(desk.dial())
    desk.calls.mute(old, True)
    new = take_over(desk, old)
    assert not desk.alerting.ringing
    assert desk.calls.focus is new
    assert new.muted
    assert new.replaces == old.id
    desk.connect(new)
    desk.calls.ended(old.id, "replaced", 0, "")
    assert old.end_reason is EndReason.TRANSFERRED
    assert (new.state, new.to_be_held) == (CallState.ACTIVE, False)


def test_who_takes_the_place_of_a_held_party_is_held(desk: Desk) -> None:
    old = desk.connect(desk.dial())
    desk.held(old, local=True)
    new = take_over(desk, old)
    desk.connect(new)
    assert new.to_be_held


def test_taking_the_place_of_a_call_that_is_gone_is_a_call(desk: Desk) -> None:
    invitation = Invitation(WORK, "new@host", "sip:dave@example.com", "", replaces=CallId(77))
    call = desk.calls.invited(invitation, accept=lambda call: None)
    assert call.asks


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


# ---------------------------------------------------------------- tones


def test_turning_to_a_caller_stops_the_ringback(desk: Desk) -> None:
    dialled, caller = desk.dial(), desk.ring()
    desk.calls.progressed(dialled.id, CallState.RINGING, "")
    desk.calls.answer(caller, ignore)
    assert desk.engine.said("play_tone") == [("ringback",), ("",)]


def test_a_new_call_does_not_begin_under_the_old_ones_busy_tone(desk: Desk) -> None:
    desk.calls.ended(desk.dial().id, "", 486, "Busy")
    desk.connect(desk.dial())
    assert desk.engine.said("play_tone") == [("busy",), ("",)]


def test_every_failure_is_heard(desk: Desk) -> None:
    for _ in range(2):
        desk.calls.ended(desk.dial().id, "", 486, "Busy")
    assert desk.engine.said("play_tone") == [("busy",), ("",), ("busy",)]


def test_a_lost_engine_leaves_no_tone_for_the_next_one(desk: Desk) -> None:
    desk.calls.progressed(desk.dial().id, CallState.RINGING, "")
    desk.calls.engine_lost("gone")
    again = desk.dial()
    desk.calls.progressed(again.id, CallState.RINGING, "")
    assert desk.engine.said("play_tone")[-1] == ("ringback",)


# ---------------------------------------------------------------- waiting for a confirmation


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


def test_codecs_of_a_call_reach_the_engine(desk: Desk) -> None:
    call = desk.calls.dial("sip:b@x", "", WORK, DialOptions(codecs=("PCMA",)))
    assert ("dial_with", call.id, ("PCMA",)) in desk.engine.told


# ---------------------------------------------------------------- who it was


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
