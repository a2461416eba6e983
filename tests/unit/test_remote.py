# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys that an exchange presses on this phone."""

import pytest

from offhookd.phone.remote import press
from offhookd.phone.values import AccountId, CallId
from tests.support.switchboard import WORK, Desk

NONE = CallId(0)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_talk_answers_the_call_that_rings(desk: Desk) -> None:
    call = desk.ring()
    press(desk.calls, WORK, "talk", call.id)
    assert desk.engine.said("answer") == [(call.id,)]


def test_talk_without_a_call_takes_the_one_that_fits(desk: Desk) -> None:
    call = desk.ring()
    press(desk.calls, WORK, "talk", NONE)
    assert desk.engine.said("answer") == [(call.id,)]


def test_hold_holds_and_talk_resumes(desk: Desk) -> None:
    call = desk.connect(desk.dial())
    press(desk.calls, WORK, "hold", NONE)
    desk.held(call, local=True)
    press(desk.calls, WORK, "hold", NONE)
    press(desk.calls, WORK, "talk", call.id)
    assert desk.engine.said("hold") == [(call.id, True), (call.id, False)]


def test_a_key_for_which_there_is_no_call_does_nothing(desk: Desk) -> None:
    call = desk.ring()
    press(desk.calls, AccountId("home"), "talk", NONE)
    press(desk.calls, WORK, "talk", CallId(4711))
    press(desk.calls, WORK, "hold", call.id)
    assert not desk.engine.said("answer")
    assert not desk.engine.said("hold")
