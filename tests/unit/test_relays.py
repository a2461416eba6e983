# SPDX-License-Identifier: GPL-2.0-or-later
"""Forwarding by calling: who is told what, and how both calls end."""

import pytest

from offhookd.phone.accounts import Accounts
from offhookd.phone.call import Call
from offhookd.phone.emergency import Emergency
from offhookd.phone.errors import EngineError, InvalidStateError
from offhookd.phone.forwarding import Cause, Forward, second_leg
from offhookd.phone.planner import Planner
from offhookd.phone.policy import Invitation, Ring
from offhookd.phone.ports import ignore
from offhookd.phone.relays import ANSWER_LIMIT_S, Relays
from offhookd.phone.values import CallState, EndReason
from tests.support.fakes import Outcome
from tests.support.switchboard import WORK
from tests.support.switchboard import Desk as PlainDesk

OWN, TARGET = "sip:1001@pbx.test", "sip:2002@pbx.test"


def sent_on(cause: Cause) -> Forward:
    return Forward(TARGET, "by us", second_leg(TARGET, OWN, cause, (), 70))


class Desk(PlainDesk):
    def __init__(self) -> None:
        super().__init__()
        planner = Planner(Accounts(), Emergency(self.clock))
        by_hand = sent_on(Cause.BY_HAND)
        self.relays = Relays(self.calls, self.engine, self.clock, planner, lambda *_: by_hand)

    def forward(self, cause: Cause = Cause.ALWAYS) -> tuple[Call, Call]:
        """A caller who is sent on at once, and the call to where he is."""
        self.calls.decide = lambda *_: sent_on(cause)
        return self.pair(self.ring())

    def unanswered(self) -> tuple[Call, Call]:
        """A caller who is sent on when nobody answers here."""
        self.calls.decide = lambda *_: Ring(forward=sent_on(Cause.NO_ANSWER), forward_s=5)
        caller = self.ring()
        self.clock.advance(5)
        return self.pair(caller)

    def pair(self, caller: Call) -> tuple[Call, Call]:
        assert caller.connected_to
        callee = self.calls.get(caller.connected_to)
        assert callee
        assert callee.connected_to == caller.id
        return caller, callee

    def goes(self, call: Call, state: CallState) -> None:
        self.calls.progressed(call.id, state, "id@host")

    def through(self) -> tuple[Call, Call]:
        """Two who talk."""
        caller, callee = self.forward()
        self.connect(callee)
        self.connect(caller)
        return caller, callee


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_caller_learns_each_thing_once_and_nothing_backwards(desk: Desk) -> None:
    caller, callee = desk.forward()
    for state in (CallState.RINGING, CallState.EARLY, CallState.RINGING, CallState.ACTIVE):
        desk.goes(callee, state)
    told = [entry for entry in desk.engine.told if entry[0] in ("ring", "progress", "answer")]
    assert told == [("ring", caller.id), ("progress", caller.id), ("answer", caller.id)]


def test_nobody_here_takes_part(desk: Desk) -> None:
    talking = desk.connect(desk.dial())
    caller, callee = desk.through()
    assert desk.calls.focus is talking
    assert not talking.to_be_held
    assert desk.calls.ringing is None
    assert not desk.alerting.ringing
    assert caller.actions == callee.actions == ("Hangup",)
    assert desk.calls.only() is talking
    for deed in (desk.calls.hold, desk.calls.hold):
        with pytest.raises(InvalidStateError, match="forwarded"):
            deed(caller, True, ignore)
    with pytest.raises(InvalidStateError, match="forwarded"):
        desk.calls.mute(callee, True)


def test_the_second_call_says_where_it_comes_from(desk: Desk) -> None:
    caller, callee = desk.forward(Cause.BUSY)
    ((_, relayed, hops, headers),) = desk.engine.said("dial_on")
    assert (relayed, hops) == (caller.id, 69)
    assert headers == {
        "Diversion": f"<{OWN}>;reason=user-busy;counter=1",
        "History-Info": f"<{OWN}>;index=1, <{TARGET};cause=486>;index=1.1;mp=1",
    }
    assert callee.peer_uri == TARGET


@pytest.mark.parametrize("first", ["caller", "callee", "person"])
def test_both_end_together(desk: Desk, first: str) -> None:
    caller, callee = desk.through()
    one, other = (callee, caller) if first == "callee" else (caller, callee)
    if first == "person":
        desk.calls.hangup(one, ignore)
    desk.calls.ended(one.id, "remote", 0, "")
    assert (other.id,) in desk.engine.said("hangup")
    desk.calls.ended(other.id, "local", 0, "")
    assert caller.end_reason is (EndReason.LOCAL if first == "person" else EndReason.FORWARDED)
    assert callee.end_reason is EndReason.REMOTE


def test_a_caller_who_gives_up_ends_the_second_call(desk: Desk) -> None:
    caller, callee = desk.forward()
    desk.goes(callee, CallState.RINGING)
    desk.calls.ended(caller.id, "cancelled", 487, "")
    assert desk.engine.said("hangup") == [(callee.id,)]
    assert caller.end_reason is EndReason.CANCELLED


@pytest.mark.parametrize(("code", "told"), [(486, 486), (600, 486), (480, 480), (404, 480)])
def test_the_caller_hears_that_nobody_is_to_be_had(desk: Desk, code: int, told: int) -> None:
    caller, callee = desk.forward()
    desk.calls.ended(callee.id, "", code, "")
    assert desk.engine.said("refuse") == [(caller.id, told)]


def test_a_second_call_that_cannot_be_placed_is_told(desk: Desk) -> None:
    caller, _ = desk.forward()
    desk.engine.finish(EngineError("no such host"))
    assert desk.engine.said("refuse") == [(caller.id, 480)]


def test_who_does_not_answer_is_given_up(desk: Desk) -> None:
    caller, callee = desk.forward()
    desk.goes(callee, CallState.RINGING)
    desk.clock.advance(ANSWER_LIMIT_S + 1)
    assert callee.end_reason is EndReason.NO_ANSWER
    assert desk.engine.said("refuse") == [(caller.id, 480)]


def test_what_rang_here_rings_again(desk: Desk) -> None:
    caller, callee = desk.unanswered()
    assert not desk.alerting.ringing
    desk.calls.ended(callee.id, "", 480, "")
    assert desk.alerting.ringing
    assert desk.calls.ringing is caller
    desk.calls.answer(caller, ignore)
    desk.connect(caller)
    assert desk.calls.focus is caller


def test_a_person_sends_on_and_takes_back(desk: Desk) -> None:
    caller, outcome = desk.ring(), Outcome()
    desk.relays.redirect(caller, TARGET, outcome)
    assert outcome.succeeded
    _, callee = desk.pair(caller)
    desk.calls.hangup(callee, ignore)
    desk.calls.ended(callee.id, "cancelled", 487, "")
    assert desk.calls.ringing is caller


def test_without_a_second_line_the_server_is_asked_to_call(desk: Desk) -> None:
    for _ in range(2):
        desk.forward()
    desk.calls.limit = 5
    caller = desk.ring()
    assert desk.engine.said("refuse") == [(caller.id, 302, TARGET, "by us")]
    desk.calls.ended(caller.id, "local", 302, "")
    assert caller.end_reason is EndReason.FORWARDED


def test_keys_of_the_caller_reach_the_other_side(desk: Desk) -> None:
    caller, callee = desk.forward()
    desk.calls.dtmf_received(caller.id, "1", 120)
    desk.connect(callee)
    for tone in ("2", "R", "#"):
        desk.calls.dtmf_received(caller.id, tone, 40)
    assert desk.engine.said("send_dtmf") == [
        (callee.id, "2", None, 100),
        (callee.id, "#", None, 100),
    ]


def test_who_takes_the_place_of_one_of_them_speaks_with_nobody_here(desk: Desk) -> None:
    caller, _ = desk.through()
    invitation = Invitation(WORK, "new@host", "sip:dave@x", "Dave", replaces=caller.id)
    heir = desk.calls.invited(invitation, accept=lambda call: None)
    assert (heir.id,) in desk.engine.said("hangup")
    assert desk.calls.focus is None
