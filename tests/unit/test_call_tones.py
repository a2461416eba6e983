# SPDX-License-Identifier: GPL-2.0-or-later
"""What is heard of calls: tones in the ear, and the bell."""

import pytest

from offhookd.phone.arrivals import RING_LIMIT_S
from offhookd.phone.ports import ignore
from offhookd.phone.values import CallState, EndReason
from tests.support.switchboard import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


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


def test_a_caller_who_gives_up_silences_the_ringer(desk: Desk) -> None:
    call = desk.ring()
    desk.calls.ended(call.id, "cancelled", 487, "")
    assert not desk.alerting.ringing
    assert call.end_reason is EndReason.CANCELLED


def test_a_second_caller_is_a_tone_in_the_ear_not_a_bell(desk: Desk) -> None:
    desk.connect(desk.dial())
    desk.ring()
    assert not desk.alerting.ringing
    assert ("call-waiting",) in desk.engine.said("play_tone")


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
