# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers keyed in at a telephone set, in time and too late."""

import pytest

from offhookd.phone.dialled import DialOptions
from offhookd.phone.endings import TONE_SECONDS
from offhookd.phone.handset import (
    FIRST_DIGIT_S,
    FORGET_DIGITS_S,
    MOST_DIGITS,
    NEXT_DIGIT_S,
)
from offhookd.phone.handset_desk import HotLine
from offhookd.phone.handset_table import Stage
from tests.support.situations import summary
from tests.support.telephone_sets import HEADSET, WORK, A, B, Desktop


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


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


def test_a_dial_that_lost_the_line_meanwhile_is_busy(desk: Desktop) -> None:
    desk.do(A, "lift =12")
    desk.ring()
    desk.lift(B)
    desk.clock.advance(NEXT_DIGIT_S)
    assert desk.dialled == []
    assert (desk.stage(A), desk.ear[A]) == (Stage.RELEASED, "busy")


def test_a_pending_call_is_nobodys_business(desk: Desktop) -> None:
    desk.calls.dial("sip:web@example.com", "", WORK, DialOptions(confirm=True))
    desk.lift(A)
    assert desk.stage(A) is Stage.DIAL_TONE
