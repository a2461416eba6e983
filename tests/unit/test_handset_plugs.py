# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone sets that are unplugged and plugged in again."""

import pytest

from offhookd.phone.handset import (
    FIRST_DIGIT_S,
)
from offhookd.phone.handset_table import Stage
from tests.support.situations import summary
from tests.support.telephone_sets import HEADSET, A, B, Desktop


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


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
