# SPDX-License-Identifier: GPL-2.0-or-later
"""Several telephone sets, and the screen beside them."""

import pytest

from offhookd.phone.buttons import DeviceId
from offhookd.phone.handset_table import Stage
from offhookd.phone.values import EndReason
from tests.support.situations import held, summary, two_calls
from tests.support.telephone_sets import HEADSET, A, B, Desktop


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


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
