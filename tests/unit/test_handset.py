# SPDX-License-Identifier: GPL-2.0-or-later
"""Histories of keys and calls, played against the telephone sets without hardware."""

from collections.abc import Callable
from pathlib import Path

import pytest

from offhookd.phone.buttons import Button, DeviceId, Lamps
from offhookd.phone.call import Call
from offhookd.phone.dialled import DialOptions
from offhookd.phone.endings import TONE_SECONDS
from offhookd.phone.errors import EngineError, RejectedError
from offhookd.phone.handset import (
    FIRST_DIGIT_S,
    FLASH_DIGIT_S,
    FORGET_DIGITS_S,
    MOST_DIGITS,
    NEXT_DIGIT_S,
)
from offhookd.phone.handset_desk import HotLine
from offhookd.phone.handset_table import TABLE, Action, Stage
from offhookd.phone.values import CallState, EndReason
from tests.support.telephone_sets import HEADSET, WORK, A, B, Desktop

HANDBOOK = Path(__file__).parents[2] / "docs" / "handset.md"


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


# ------------------------------------------------------------ scripts on one set

Situation = Callable[[Desktop, DeviceId], None]


def idle(desk: Desktop, device: DeviceId) -> None:
    """Nothing."""


def ringing(desk: Desktop, device: DeviceId) -> None:
    desk.ring()


def talking(desk: Desktop, device: DeviceId) -> None:
    desk.talk(device)


def waiting(desk: Desktop, device: DeviceId) -> None:
    desk.talk(device)
    desk.ring()


def held(desk: Desktop, device: DeviceId) -> None:
    desk.talk(device)
    desk.do(device, "hold")
    desk.agree()


def two_calls(desk: Desktop, device: DeviceId) -> None:
    waiting(desk, device)
    desk.do(device, "flash")
    desk.connect(desk.focus)


def consulting(desk: Desktop, device: DeviceId) -> None:
    desk.talk(device)
    desk.do(device, "flash")
    desk.agree()


def consultation_rings(desk: Desktop, device: DeviceId) -> None:
    consulting(desk, device)
    desk.do(device, "=2#")


def foreign(desk: Desktop, device: DeviceId) -> None:
    desk.do(device, "busy")


def released(desk: Desktop, device: DeviceId) -> None:
    desk.end(desk.talk(device))


def summary(desk: Desktop) -> str:
    """Every call that is up, oldest first: "*" has the focus, "-" is on hold, "!" is muted."""
    words = []
    for call in desk.calls:
        if call.up and not call.ending:
            state = "answered" if call.answering else str(call.state)
            marks = "*" * (call is desk.calls.focus) + "-" * call.to_be_held + "!" * call.muted
            words.append(state + marks)
    return " ".join(words)


SCRIPTS: list[tuple[Situation, str, Stage, str]] = [
    # lifting
    (idle, "lift", Stage.DIAL_TONE, ""),
    (idle, "lift down", Stage.ON_HOOK, ""),
    (idle, "down", Stage.ON_HOOK, ""),
    (idle, "speaker", Stage.DIAL_TONE, ""),
    (idle, "speaker speaker", Stage.ON_HOOK, ""),
    (ringing, "lift", Stage.IN_CALL, "answered*"),
    (ringing, "speaker", Stage.IN_CALL, "answered*"),
    (ringing, "line:1", Stage.IN_CALL, "answered*"),
    (ringing, "lift down", Stage.ON_HOOK, ""),
    (ringing, "reject", Stage.ON_HOOK, ""),
    (ringing, "drop", Stage.ON_HOOK, ""),
    (ringing, "down", Stage.ON_HOOK, "incoming"),
    (ringing, "redial", Stage.ON_HOOK, "incoming"),
    (ringing, "flash", Stage.ON_HOOK, "incoming"),
    (ringing, "mute", Stage.ON_HOOK, "incoming"),
    # dialling
    (idle, "lift =123", Stage.DIALLING, ""),
    (idle, "lift =123#", Stage.IN_CALL, "dialing*"),
    (idle, "lift =123# down", Stage.ON_HOOK, ""),
    (idle, "lift =123 down lift", Stage.DIAL_TONE, ""),
    (idle, "=123", Stage.ON_HOOK, ""),
    (idle, "=123 lift", Stage.IN_CALL, "dialing*"),
    (idle, "=123 speaker", Stage.IN_CALL, "dialing*"),
    (idle, "lift =*21*5#", Stage.DIALLING, ""),
    (idle, "speed-dial:1", Stage.IN_CALL, "dialing*"),
    (idle, "voice-mail", Stage.IN_CALL, "dialing*"),
    (idle, "lift speed-dial:1", Stage.IN_CALL, "dialing*"),
    (idle, "lift =1 speed-dial:1", Stage.DIALLING, ""),
    (idle, "lift drop", Stage.RELEASED, ""),
    (idle, "line:1", Stage.DIAL_TONE, ""),
    (idle, "line:x", Stage.ON_HOOK, ""),
    (idle, "mute hold flash reject drop", Stage.ON_HOOK, ""),
    # talking
    (talking, "down", Stage.ON_HOOK, ""),
    (talking, "down down", Stage.ON_HOOK, ""),
    (talking, "drop", Stage.RELEASED, ""),
    (talking, "drop down", Stage.ON_HOOK, ""),
    (talking, "reject", Stage.IN_CALL, "active*"),
    (talking, "redial speed-dial:1", Stage.IN_CALL, "active*"),
    (talking, "mute", Stage.IN_CALL, "active*!"),
    (talking, "mute mute", Stage.IN_CALL, "active*"),
    (talking, "hold", Stage.IN_CALL, "active*-"),
    (talking, "hold hold", Stage.IN_CALL, "active*"),
    (talking, "flash", Stage.DIAL_TONE, "active*-"),
    (talking, "flash flash", Stage.IN_CALL, "active*"),
    (talking, "flash hold", Stage.IN_CALL, "active*"),
    (talking, "line:1", Stage.IN_CALL, "active*"),
    (talking, "line:2", Stage.DIAL_TONE, "active*-"),
    (talking, "line:2 line:1", Stage.IN_CALL, "active*"),
    (talking, "speaker down", Stage.IN_CALL, "active*"),
    (talking, "speaker down speaker", Stage.ON_HOOK, ""),
    (talking, "speaker speaker down", Stage.ON_HOOK, ""),
    (talking, "speaker down lift down", Stage.ON_HOOK, ""),
    (talking, "busy", Stage.IN_CALL, "active*"),
    # a second call rings
    (waiting, "flash", Stage.IN_CALL, "active- answered*"),
    (waiting, "line:2", Stage.IN_CALL, "active- answered*"),
    (waiting, "reject", Stage.IN_CALL, "active*"),
    (waiting, "drop", Stage.IN_CALL, "active*"),
    (waiting, "drop drop", Stage.RELEASED, ""),
    (waiting, "down", Stage.ON_HOOK, "incoming"),
    (waiting, "down lift", Stage.IN_CALL, "answered*"),
    # a call on hold
    (held, "hold", Stage.IN_CALL, "active*"),
    (held, "flash", Stage.IN_CALL, "active*"),
    (held, "line:1", Stage.IN_CALL, "active*"),
    (held, "down", Stage.ON_HOOK, "active*-"),
    (held, "down lift", Stage.IN_CALL, "active*"),
    (held, "down hold", Stage.IN_CALL, "active*"),
    (held, "down down", Stage.ON_HOOK, "active*-"),
    (held, "drop", Stage.RELEASED, ""),
    (held, "=1", Stage.IN_CALL, "active*-"),
    (held, "down =12 lift", Stage.IN_CALL, "active- dialing*"),
    # two calls
    (two_calls, "flash", Stage.SWAPPED, "active* active-"),
    (two_calls, "flash flash", Stage.SWAPPED, "active- active*"),
    (two_calls, "flash flash flash", Stage.SWAPPED, "active* active-"),
    (two_calls, "line:1", Stage.IN_CALL, "active* active-"),
    (two_calls, "line:2", Stage.IN_CALL, "active- active*"),
    (two_calls, "hold", Stage.IN_CALL, "active- active*-"),
    (two_calls, "down", Stage.ON_HOOK, "active-"),
    (two_calls, "down lift", Stage.IN_CALL, "active*"),
    (two_calls, "drop flash", Stage.IN_CALL, "active*"),
    # a consultation call
    (consulting, "=2#", Stage.IN_CALL, "active- dialing*"),
    (consulting, "down", Stage.ON_HOOK, "active*-"),
    (consulting, "down lift", Stage.IN_CALL, "active*"),
    (consulting, "redial", Stage.RELEASED, "active*-"),
    (consulting, "speed-dial:1", Stage.IN_CALL, "active- dialing*"),
    (consulting, "=2 flash", Stage.IN_CALL, "active*"),
    (consultation_rings, "flash", Stage.IN_CALL, "active*"),
    (consultation_rings, "down", Stage.ON_HOOK, "active-"),
    (consultation_rings, "line:1", Stage.IN_CALL, "active* dialing"),
    # another program has the set
    (foreign, "lift", Stage.LINE_BUSY, ""),
    (foreign, "down =123 redial mute", Stage.LINE_BUSY, ""),
    (foreign, "free", Stage.ON_HOOK, ""),
    (foreign, "free lift", Stage.DIAL_TONE, ""),
    # the far end has gone
    (released, "", Stage.RELEASED, ""),
    (released, "down", Stage.ON_HOOK, ""),
    (released, "=123", Stage.RELEASED, ""),
    (released, "speed-dial:1", Stage.IN_CALL, "dialing*"),
    (released, "line:1", Stage.DIAL_TONE, ""),
]


@pytest.mark.parametrize(
    ("situation", "script", "stage", "calls"),
    SCRIPTS,
    ids=[f"{one[0].__name__}: {one[1]}" for one in SCRIPTS],
)
def test_keys_do_what_people_expect(
    desk: Desktop, situation: Situation, script: str, stage: Stage, calls: str
) -> None:
    situation(desk, A)
    desk.do(A, script)
    until_ended = summary(desk).replace("-*", "*-")
    # The focus stays with a call that is being ended until it is over.
    for call in desk.calls:
        if call.ending:
            desk.end(call, "local")
    assert desk.stage(A) is stage
    if calls.count("*"):
        assert summary(desk).replace("-*", "*-") == calls
    else:
        assert until_ended.replace("*", "") == calls


# ------------------------------------------------------------ lamps


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


# ------------------------------------------------------------ dialling in time


def test_lifting_gives_dial_tone_until_the_first_digit(desk: Desktop) -> None:
    desk.lift(A)
    assert desk.ear[A] == "dial"
    desk.key_in(A, "1")
    assert desk.ear[A] == ""


def test_a_hot_line_is_dialled_by_lifting(desk: Desktop) -> None:
    desk.hot_line = HotLine("1000", 0)
    desk.plug(A)
    desk.lift(A)
    desk.clock.advance(0)
    assert desk.dialled == ["1000"]
    assert desk.stage(A) is Stage.IN_CALL


def test_a_hot_line_leaves_the_time_to_dial_something_else(desk: Desktop) -> None:
    desk.hot_line = HotLine("1000", 5)
    desk.plug(A)
    desk.lift(A)
    desk.clock.advance(4.9)
    desk.key_in(A, "2#")
    desk.clock.advance(30)
    assert desk.dialled == ["2"]


def test_a_consultation_is_no_hot_line(desk: Desktop) -> None:
    desk.hot_line = HotLine("1000", 5)
    desk.plug(A)
    desk.talk(A)
    desk.do(A, "flash")
    desk.agree()
    desk.clock.advance(10)
    assert desk.dialled == []


def test_a_number_is_dialled_when_no_digit_follows(desk: Desktop) -> None:
    desk.lift(A)
    for digit in "123":
        desk.key_in(A, digit)
        desk.clock.advance(NEXT_DIGIT_S * 0.9)
    assert desk.dialled == []
    desk.clock.advance(NEXT_DIGIT_S * 0.2)
    assert desk.dialled == ["123"]


@pytest.mark.parametrize(
    ("keys", "number"), [("12#", "12"), ("*21*5#", "*21*5#"), ("#31#7", "#31#7"), ("##", "##")]
)
def test_the_number_sign_ends_numbers_and_belongs_to_service_codes(
    desk: Desktop, keys: str, number: str
) -> None:
    desk.lift(A)
    desk.key_in(A, keys)
    desk.clock.advance(NEXT_DIGIT_S)
    assert desk.dialled == [number]


def test_a_handset_beside_its_cradle_gives_the_line_back(desk: Desktop) -> None:
    desk.lift(A)
    desk.clock.advance(FIRST_DIGIT_S)
    assert (desk.stage(A), desk.ear[A]) == (Stage.RELEASED, "congestion")
    desk.lift(B)
    assert desk.stage(B) is Stage.DIAL_TONE


def test_digits_keyed_in_on_hook_wait_for_the_lift_but_not_for_ever(desk: Desktop) -> None:
    desk.key_in(A, "12#")
    desk.lift(A)
    assert desk.dialled == ["12"]
    desk.put_down(A)
    desk.key_in(A, "34")
    desk.clock.advance(FORGET_DIGITS_S)
    desk.lift(A)
    assert desk.dialled == ["12"]


def test_nobody_dials_a_number_without_end(desk: Desktop) -> None:
    desk.lift(A)
    desk.key_in(A, "5" * 1000 + "#")
    assert desk.dialled == ["5" * MOST_DIGITS]


def test_a_number_that_cannot_be_dialled_is_congestion_and_a_sentence(desk: Desktop) -> None:
    desk.registered = False
    desk.lift(A)
    desk.key_in(A, "12#")
    desk.clock.advance(0)
    assert (desk.stage(A), desk.ear[A]) == (Stage.RELEASED, "congestion")
    assert desk.refused == ["Account 'work' is not registered"]


@pytest.mark.parametrize("key", ["redial", "speed-dial:7"])
def test_a_number_that_is_not_there_is_a_sentence(desk: Desktop, key: str) -> None:
    desk.do(HEADSET, key)
    assert len(desk.refused) == 1
    assert desk.ear[HEADSET] == "congestion"
    desk.clock.advance(TONE_SECONDS)
    assert desk.shows(HEADSET) == ""


def test_redial_dials_the_last_number_when_nothing_else_goes_on(desk: Desktop) -> None:
    desk.do(A, "lift =12# down redial")
    assert desk.dialled == ["12", "12"]
    desk.do(B, "redial")
    assert desk.dialled == ["12", "12"]
    assert desk.stage(B) is Stage.RELEASED


def test_redial_waits_while_a_call_of_no_set_goes_on(desk: Desktop) -> None:
    call = desk.dial("9")
    desk.do(A, "redial")
    assert summary(desk) == "dialing*"
    assert desk.calls.focus is call


# ------------------------------------------------------------ the far end


@pytest.mark.parametrize(
    ("code", "tone"), [(486, "busy"), (603, "busy"), (404, "congestion"), (480, "congestion")]
)
def test_a_refused_call_sounds_so_until_the_handset_is_put_down(
    desk: Desktop, code: int, tone: str
) -> None:
    desk.do(A, "lift =12#")
    desk.end(desk.focus, "", code)
    assert desk.ear[A] == tone
    desk.put_down(A)
    assert desk.ear[A] == ""


def test_a_far_end_that_hangs_up_leaves_busy_tone(desk: Desktop) -> None:
    desk.end(desk.talk(A))
    assert (desk.ear[A], desk.shows(A)) == ("busy", "off_hook")
    desk.put_down(A)
    assert (desk.ear[A], desk.shows(A)) == ("", "")


def test_a_headset_goes_on_hook_by_itself(desk: Desktop) -> None:
    desk.end(desk.talk(HEADSET))
    assert (desk.ear[HEADSET], desk.shows(HEADSET)) == ("busy", "off_hook")
    desk.clock.advance(TONE_SECONDS)
    assert (desk.ear[HEADSET], desk.shows(HEADSET)) == ("", "")


def test_a_handset_used_hands_free_goes_on_hook_by_itself(desk: Desktop) -> None:
    call = desk.ring()
    desk.do(A, "speaker")
    desk.end(desk.connect(call))
    desk.clock.advance(TONE_SECONDS)
    assert desk.stage(A) is Stage.ON_HOOK


def test_a_headset_is_dark_at_once_when_the_call_was_ended_on_the_screen(desk: Desktop) -> None:
    call = desk.talk(HEADSET)
    desk.calls.hangup(call, lambda error: None)
    assert desk.shows(HEADSET) == ""


def test_after_a_consultation_the_first_call_waits_for_the_user(desk: Desktop) -> None:
    two_calls(desk, A)
    desk.end(desk.focus)
    assert (desk.stage(A), desk.shows(A)) == (Stage.RELEASED, "off_hook held")
    desk.do(A, "flash")
    assert summary(desk) == "active*"


def test_a_consultation_that_connects_after_the_way_back_is_not_lost(desk: Desktop) -> None:
    consultation_rings(desk, A)
    consulted = desk.focus
    desk.do(A, "line:1")
    desk.connect(consulted)
    assert summary(desk) == "active* active-"


def test_a_lost_engine_is_heard_and_ended(desk: Desktop) -> None:
    two_calls(desk, A)
    desk.calls.engine_lost("The SIP engine was ended by SIGKILL")
    desk.clock.advance(0)
    assert (desk.ear[A], desk.shows(A)) == ("busy", "off_hook")
    desk.put_down(A)
    assert desk.shows(A) == ""


def test_a_hold_that_fails_is_told_and_the_call_goes_on(desk: Desktop) -> None:
    desk.talk(A)
    desk.engine.waiting.clear()
    desk.do(A, "flash")
    assert desk.stage(A) is Stage.DIAL_TONE
    desk.engine.finish(EngineError("Call 1 cannot be held now"))
    assert desk.refused == ["Call 1 cannot be held now"]
    assert (desk.stage(A), desk.shows(A), desk.ear[A]) == (Stage.IN_CALL, "off_hook", "")


def test_digits_in_a_call_are_dtmf(desk: Desktop) -> None:
    call = desk.talk(A)
    desk.key_in(A, "1#x")
    assert [(one[0], one[1]) for one in desk.engine.said("send_dtmf")] == [
        (call.id, "1"),
        (call.id, "#"),
    ]


def test_digits_before_the_far_end_answers_are_dtmf_only_with_early_media(desk: Desktop) -> None:
    desk.do(A, "lift =12# =5")
    assert desk.engine.said("send_dtmf") == []
    desk.calls.progressed(desk.focus.id, CallState.EARLY, "")
    desk.key_in(A, "5")
    assert len(desk.engine.said("send_dtmf")) == 1


# ------------------------------------------------------------ several sets


def test_the_set_that_answered_has_the_call(desk: Desktop) -> None:
    call = desk.ring()
    desk.lift(B)
    desk.lift(A)
    desk.clock.advance(0)
    assert desk.handsets.owner(call) == B
    assert (desk.stage(A), desk.ear[A]) == (Stage.RELEASED, "busy")
    desk.put_down(A)
    assert summary(desk) == "answered*"
    desk.put_down(B)
    assert summary(desk) == ""


def test_another_set_answers_the_second_call(desk: Desktop) -> None:
    first = desk.talk(A)
    second = desk.ring()
    desk.lift(B)
    desk.connect(second)
    assert (desk.handsets.owner(first), desk.handsets.owner(second)) == (A, B)
    assert (desk.shows(A), desk.shows(B)) == ("off_hook held", "off_hook")
    desk.do(A, "flash")
    assert summary(desk) == "active- active*", "a set does not take the line from another"
    desk.put_down(B)
    desk.end(second, "local")
    desk.do(A, "flash")
    assert summary(desk) == "active*"


def test_a_call_on_hold_moves_to_another_set_by_its_line_key(desk: Desktop) -> None:
    held(desk, A)
    desk.do(B, "line:1")
    assert desk.handsets.owner(desk.focus) == B
    assert summary(desk) == "active*"
    assert (desk.stage(A), desk.stage(B)) == (Stage.RELEASED, Stage.IN_CALL)


def test_a_call_in_talk_does_not_move_by_a_line_key(desk: Desktop) -> None:
    call = desk.talk(A)
    desk.do(B, "line:1")
    assert desk.handsets.owner(call) == A


def test_a_dial_that_lost_the_line_meanwhile_is_busy(desk: Desktop) -> None:
    desk.do(A, "lift =12")
    desk.ring()
    desk.lift(B)
    desk.clock.advance(NEXT_DIGIT_S)
    assert desk.dialled == []
    assert (desk.stage(A), desk.ear[A]) == (Stage.RELEASED, "busy")


def test_lifting_takes_a_call_that_was_answered_on_the_screen(desk: Desktop) -> None:
    call = desk.ring()
    desk.calls.answer(call, lambda error: None)
    desk.connect(call)
    assert desk.shows(A) == ""
    desk.lift(A)
    assert desk.handsets.owner(call) == A
    desk.put_down(A)
    assert summary(desk) == ""


def test_a_call_answered_on_the_screen_is_hung_up_on_the_set_it_speaks_through(
    desk: Desktop,
) -> None:
    call = desk.ring()
    desk.calls.answer(call, lambda error: None)
    desk.handsets.assign(call, HEADSET)
    assert desk.shows(HEADSET) == "off_hook"
    desk.put_down(HEADSET)
    assert summary(desk) == ""
    assert call.end_reason is EndReason.LOCAL


def test_a_call_moves_with_its_sound(desk: Desktop) -> None:
    call = desk.talk(A)
    desk.handsets.assign(call, HEADSET)
    assert (desk.shows(A), desk.shows(HEADSET)) == ("off_hook", "off_hook")
    desk.put_down(A)
    assert summary(desk) == "active*"
    desk.handsets.assign(call, None)
    assert (desk.shows(A), desk.shows(HEADSET)) == ("", "")
    assert desk.handsets.speaking is None


def test_flash_and_3_is_a_conference_that_the_hook_ends(desk: Desktop) -> None:
    two_calls(desk, A)
    first, second = desk.calls
    desk.do(A, "flash")
    desk.agree()
    desk.do(A, "=3")
    desk.agree()
    assert first.conference == second.conference != 0
    assert not desk.engine.said("send_dtmf")
    desk.do(A, "=5")
    assert {call for call, *_ in desk.engine.said("send_dtmf")} == {first.id, second.id}
    desk.put_down(A)
    assert first.ending
    assert second.ending


def test_a_member_that_leaves_the_conference_leaves_the_set_in_the_call(desk: Desktop) -> None:
    two_calls(desk, A)
    first, second = desk.calls
    desk.do(A, "flash")
    desk.agree()
    desk.do(A, "=3")
    desk.agree()
    desk.end(first)
    assert desk.shows(A) == "off_hook"
    assert desk.handsets.stage(A) is Stage.IN_CALL
    assert second.up


def test_flash_and_1_ends_the_other_call(desk: Desktop) -> None:
    two_calls(desk, A)
    first, second = desk.calls
    desk.do(A, "flash")
    desk.agree()
    desk.do(A, "=1")
    assert second.ending
    assert not first.ending


def test_flash_turns_to_the_other_call_where_a_far_end_refuses_to_be_taken_back(
    desk: Desktop,
) -> None:
    two_calls(desk, A)
    first, second = desk.calls
    desk.do(A, "flash")
    desk.agree()
    desk.do(A, "flash")
    desk.held(first.id, local=True)
    resumed = desk.engine.waiting[-1]
    resumed(RejectedError("488 Not Acceptable Here"))
    assert first.to_be_held
    assert second.to_be_held
    assert desk.calls.focus is second
    desk.do(A, "flash")
    desk.agree()
    assert desk.calls.focus is first
    assert not first.to_be_held


def test_a_digit_long_after_the_flash_is_for_the_far_end(desk: Desktop) -> None:
    two_calls(desk, A)
    desk.do(A, "flash")
    desk.agree()
    desk.clock.advance(FLASH_DIGIT_S)
    desk.do(A, "=3")
    assert [tones for _, tones, *_ in desk.engine.said("send_dtmf")] == ["3"]
    assert not list(desk.conferences)


def test_a_swap_on_the_screen_is_followed(desk: Desktop) -> None:
    two_calls(desk, A)
    first, second = desk.calls
    desk.calls.hold(first, False, lambda error: None)
    desk.agree()
    desk.calls.mute(first, True)
    assert desk.shows(A) == "off_hook muted held"
    desk.put_down(A)
    assert second.up
    assert first.ending


def test_a_call_resumed_on_the_screen_brings_its_set_back(desk: Desktop) -> None:
    held(desk, A)
    desk.put_down(A)
    desk.calls.hold(desk.focus, False, lambda error: None)
    desk.agree()
    assert desk.shows(A) == "off_hook"


def test_the_sound_goes_to_the_set_that_speaks(desk: Desktop) -> None:
    said: list[DeviceId | None] = []
    desk.handsets.speaking_changed.connect(lambda: said.append(desk.handsets.speaking))
    desk.do(A, "lift =12#")
    desk.put_down(A)
    desk.end(next(iter(desk.calls)), "cancelled", 487)
    desk.talk(B)
    desk.lift(A)
    desk.put_down(B)
    assert said == [A, None, B, A]


# ------------------------------------------------------------ plugs


def test_a_call_outlives_its_set_and_returns_to_it(desk: Desktop) -> None:
    call = desk.talk(A)
    desk.handsets.unplugged(A)
    assert desk.handsets.owner(call) is None
    assert summary(desk) == "active*"
    desk.plug(A)
    assert desk.shows(A) == "off_hook"
    desk.put_down(A)
    assert summary(desk) == ""


def test_a_call_held_by_an_unplugged_set_is_resumed_by_lifting_again(desk: Desktop) -> None:
    call = desk.talk(HEADSET)
    desk.handsets.unplugged(HEADSET)
    desk.calls.hold(call, True, lambda error: None)
    desk.agree()
    desk.plug(HEADSET)
    assert desk.shows(HEADSET) == "held"
    desk.lift(HEADSET)
    assert summary(desk) == "active*"


def test_another_set_can_take_the_call_of_an_unplugged_one(desk: Desktop) -> None:
    call = desk.talk(A)
    desk.handsets.unplugged(A)
    desk.lift(B)
    desk.plug(A)
    assert desk.handsets.owner(call) == B
    assert desk.shows(A) == ""


def test_a_call_that_ended_while_its_set_was_away_is_over(desk: Desktop) -> None:
    call = desk.talk(A)
    desk.handsets.unplugged(A)
    desk.end(call)
    desk.plug(A)
    assert desk.shows(A) == ""


def test_a_set_unplugged_while_dialling_is_silent(desk: Desktop) -> None:
    desk.lift(A)
    desk.handsets.unplugged(A)
    assert desk.ear[A] == ""
    desk.clock.advance(FIRST_DIGIT_S)
    assert desk.ear[A] == ""


def test_a_set_that_is_not_plugged_in_is_not_heard(desk: Desktop) -> None:
    desk.handsets.unplugged(A)
    desk.ring()
    desk.do(A, "lift reject mute")
    assert summary(desk) == "incoming"
    desk.handsets.unplugged(A)


def test_a_set_plugged_in_twice_starts_afresh(desk: Desktop) -> None:
    desk.lift(A)
    desk.plug(A)
    assert (desk.stage(A), desk.shows(A)) == (Stage.ON_HOOK, "")


def test_a_hook_button_refuses_where_that_is_configured() -> None:
    desk = Desktop()
    desk.handsets.plugged(HEADSET, hook_rejects=True)
    call: Call = desk.ring()
    desk.put_down(HEADSET)
    assert call.end_reason is EndReason.DECLINED


def test_volume_keys_turn_the_volume_of_their_set(desk: Desktop) -> None:
    desk.do(A, "volume-up volume-up volume-down")
    desk.talk(B)
    desk.do(B, "volume-down")
    assert desk.sets.volume == {A: 1, B: -1}


def test_lamps_are_told_only_when_they_change(desk: Desktop) -> None:
    desk.sets.lamps.clear()
    desk.press(A, Button.VOLUME_UP)
    assert desk.sets.lamps == {}
    desk.handsets.messages_waiting(True)
    assert desk.sets.lamps[A] == Lamps(message_waiting=True)


def test_a_pending_call_is_nobodys_business(desk: Desktop) -> None:
    desk.calls.dial("sip:web@example.com", "", WORK, DialOptions(confirm=True))
    desk.lift(A)
    assert desk.stage(A) is Stage.DIAL_TONE


# ------------------------------------------------------------ the table


def test_the_documented_table_is_the_one_that_is_followed() -> None:
    documented = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in HANDBOOK.read_text(encoding="utf-8").splitlines()
        if line.count("|") == 4 and not line.startswith(("| Stage", "|--"))
    ]
    followed = [
        (str(stage), str(key), "; else ".join(actions))
        for stage, row in TABLE.items()
        for key, actions in row.items()
        if actions
    ]
    assert documented == followed


def test_every_action_and_every_button_has_its_place_in_the_table(desk: Desktop) -> None:
    assert {act for row in TABLE.values() for acts in row.values() for act in acts} == set(Action)
    for button in Button:
        desk.press(A, button)
