# SPDX-License-Identifier: GPL-2.0-or-later
"""The lamps of the telephone sets, without hardware."""

import pytest

from offhookd.phone.buttons import Button, Lamps
from tests.support.situations import (
    Situation,
    consulting,
    foreign,
    held,
    idle,
    released,
    ringing,
    talking,
    two_calls,
    waiting,
)
from tests.support.telephone_sets import HEADSET, A, B, Desktop


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


@pytest.mark.parametrize(
    ("situation", "script", "lamps"),
    [
        (idle, "", ""),
        (idle, "lift", "off_hook"),
        (ringing, "", "ringing ringer"),
        (ringing, "lift", "off_hook"),
        (ringing, "reject", ""),
        (waiting, "", "off_hook ringing"),
        (talking, "mute", "off_hook muted"),
        (held, "", "off_hook held"),
        (held, "down", "held"),
        (held, "down lift", "off_hook"),
        (consulting, "", "off_hook held"),
        (two_calls, "", "off_hook held"),
        (released, "", "off_hook"),
        (released, "down", ""),
        (foreign, "", ""),
    ],
)
def test_the_lamps_say_what_is_so(
    desk: Desktop, situation: Situation, script: str, lamps: str
) -> None:
    situation(desk, A)
    desk.do(A, script)
    assert desk.shows(A) == lamps


def test_mute_from_elsewhere_reaches_the_lamp(desk: Desktop) -> None:
    call = desk.talk(A)
    desk.calls.mute(call, True)
    assert desk.shows(A) == "off_hook muted"
    assert desk.shows(B) == ""


def test_messages_waiting_are_shown_everywhere(desk: Desktop) -> None:
    desk.handsets.messages_waiting(True)
    assert {desk.shows(device) for device in (A, B, HEADSET)} == {"message_waiting"}


def test_a_set_used_by_another_program_does_not_ring(desk: Desktop) -> None:
    desk.do(A, "busy")
    desk.ring()
    assert (desk.shows(A), desk.shows(B)) == ("", "ringing ringer")
    desk.do(A, "free")
    assert desk.shows(A) == "ringing ringer"


def test_a_set_that_rings_is_quiet_once_another_program_takes_it(desk: Desktop) -> None:
    call = desk.ring()
    desk.do(A, "busy lift")
    assert desk.shows(A) == ""
    assert call.asks


@pytest.mark.parametrize(
    ("situation", "lamps"), [(ringing, "ringing ringer"), (talking, ""), (waiting, "ringing")]
)
def test_a_set_plugged_in_late_shows_the_truth_at_once(situation: Situation, lamps: str) -> None:
    desk = Desktop()
    desk.plug(A)
    situation(desk, A)
    desk.plug(B)
    assert desk.shows(B) == lamps


def test_a_headset_is_dark_at_once_when_the_call_was_ended_on_the_screen(desk: Desktop) -> None:
    call = desk.talk(HEADSET)
    desk.calls.hangup(call, lambda error: None)
    assert desk.shows(HEADSET) == ""


def test_lamps_are_told_only_when_they_change(desk: Desktop) -> None:
    desk.sets.lamps.clear()
    desk.press(A, Button.VOLUME_UP)
    assert desk.sets.lamps == {}
    desk.handsets.messages_waiting(True)
    assert desk.sets.lamps[A] == Lamps(message_waiting=True)
