# SPDX-License-Identifier: GPL-2.0-or-later
"""Callers who are sent elsewhere, and calls that take the place of another."""

import pytest

from offhookd.phone.call import Call
from offhookd.phone.errors import (
    InvalidStateError,
)
from offhookd.phone.forwarding import Forward
from offhookd.phone.policy import Invitation
from offhookd.phone.ports import ignore
from offhookd.phone.values import CallId, CallState, EndReason
from tests.support.fakes import Outcome
from tests.support.switchboard import WORK, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


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
