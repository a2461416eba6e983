# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook flash between two calls: swapping, conference, consultation."""

import pytest

from offhookd.phone.errors import EngineError, RejectedError
from offhookd.phone.handset import (
    FLASH_DIGIT_S,
)
from offhookd.phone.handset_table import Stage
from tests.support.situations import consultation_rings, summary, two_calls
from tests.support.telephone_sets import HEADSET, A, B, Desktop


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


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


def test_a_hold_that_fails_is_told_and_the_call_goes_on(desk: Desktop) -> None:
    desk.talk(A)
    desk.engine.waiting.clear()
    desk.do(A, "flash")
    assert desk.stage(A) is Stage.DIAL_TONE
    desk.engine.finish(EngineError("Call 1 cannot be held now"))
    assert desk.refused == ["Call 1 cannot be held now"]
    assert (desk.stage(A), desk.shows(A), desk.ear[A]) == (Stage.IN_CALL, "off_hook", "")


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
