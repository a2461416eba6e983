# SPDX-License-Identifier: GPL-2.0-or-later
"""The far end wants this phone to call somebody else."""

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.departures import CONFIRM_LIMIT_S
from offhookd.phone.detours import MOST_HOPS, Detours, Policy, Reference
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import EngineError
from offhookd.phone.ports import ignore
from offhookd.phone.values import AccountId, CallId, CallState, Detour, EndReason
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog

WORK = AccountId("work")
BOSS = "sip:boss@example.com"
DAVE = "sip:dave@example.com"


class Desk:
    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.clock = FakeClock()
        self.calls = Calls(self.engine, FakeLog(), FakeAlerting(), self.clock)
        self.detours = Detours(self.calls, self.engine)

    def policy(self, what: Detour) -> None:
        self.detours.policy = Policy(transferred=what, redirected=what)

    def dial(self) -> Call:
        return self.calls.dial("sip:bob@example.com", "", WORK, DialOptions(headers={"X": "1"}))

    def talk(self) -> Call:
        call = self.dial()
        self.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
        return call

    def refer(self, call: Call, number: int = 7) -> None:
        headers = {"Referred-By": f"<{BOSS}>"}
        self.detours.referred(call.id, Reference(number, DAVE, BOSS, headers))

    def newest(self) -> Call:
        return list(self.calls)[-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_by_default_a_person_starts_the_call_that_a_transfer_asks_for(desk: Desk) -> None:
    call = desk.talk()
    desk.refer(call)
    new = desk.newest()
    assert (new.state, new.peer_uri) == (CallState.PENDING, DAVE)
    assert (new.referred_by, new.replaces) == (BOSS, call.id)
    assert desk.engine.said("end_referral") == []
    desk.calls.start(new, ignore)
    assert desk.engine.said("dial_for") == [(new.id, 7, {"Referred-By": f"<{BOSS}>"})]
    desk.calls.progressed(new.id, CallState.RINGING, "new@host")
    desk.calls.ended(new.id, "", 486, "Busy Here")
    assert desk.engine.said("end_referral") == []  # the engine tells who asked


@pytest.mark.parametrize("how", ["hangup", "forgotten"])
def test_who_asked_hears_that_nobody_started_it(desk: Desk, how: str) -> None:
    desk.refer(desk.talk())
    if how == "hangup":
        desk.calls.hangup(desk.newest(), ignore)
    else:
        desk.clock.advance(CONFIRM_LIMIT_S)
    assert desk.engine.said("end_referral") == [(7, 603)]


def test_a_transfer_can_be_followed_at_once(desk: Desk) -> None:
    desk.policy(Detour.FOLLOW)
    desk.refer(desk.talk())
    assert desk.newest().state is CallState.DIALING
    assert desk.calls.focus is desk.newest()


def test_a_transfer_can_be_refused(desk: Desk) -> None:
    desk.policy(Detour.REFUSE)
    call = desk.talk()
    desk.refer(call)
    assert desk.engine.said("end_referral") == [(7, 603)]
    assert desk.newest() is call


def test_who_asked_hears_that_the_call_could_not_be_placed(desk: Desk) -> None:
    desk.policy(Detour.FOLLOW)
    desk.refer(desk.talk())
    desk.engine.finish(EngineError("no such host"))
    assert desk.engine.said("end_referral") == [(7, 503)]


def test_a_transfer_that_finds_no_room_is_busy(desk: Desk) -> None:
    desk.policy(Detour.FOLLOW)
    call = desk.talk()
    desk.calls.limit = 1
    desk.refer(call)
    assert desk.engine.said("end_referral") == [(7, 486)]


def test_two_transfers_at_once_are_two_questions(desk: Desk) -> None:
    call = desk.talk()
    desk.refer(call, 7)
    first = desk.newest()
    desk.refer(call, 8)
    desk.calls.hangup(desk.newest(), ignore)
    assert desk.engine.said("end_referral") == [(8, 603)]
    assert first.state is CallState.PENDING


def test_a_transfer_of_a_call_that_is_over_is_declined(desk: Desk) -> None:
    desk.detours.referred(CallId(9), Reference(7, DAVE, "", {}))
    assert desk.engine.said("end_referral") == [(7, 603)]


# ---------------------------------------------------------------- redirection


def test_by_default_a_person_starts_the_call_that_a_redirection_names(desk: Desk) -> None:
    call = desk.dial()
    desk.detours.redirected(call.id, DAVE)
    assert desk.engine.said("hangup") == [(call.id,)]
    new = desk.newest()
    assert (new.state, new.peer_uri, new.replaces) == (CallState.PENDING, DAVE, call.id)
    assert new.referred_by == "sip:bob@example.com"
    assert desk.calls.options_of(new).headers == {"X": "1"}
    desk.calls.ended(call.id, "forwarded", 302, "Moved Temporarily")
    assert (call.end_reason, call.end_code) == (EndReason.FORWARDED, 302)


def test_a_redirection_can_be_followed(desk: Desk) -> None:
    desk.policy(Detour.FOLLOW)
    call = desk.dial()
    desk.detours.redirected(call.id, DAVE)
    assert desk.engine.said("follow") == [(call.id, DAVE)]
    assert (call.peer_uri, call.diversion_uri) == (DAVE, "sip:bob@example.com")


def test_a_circle_of_redirections_ends(desk: Desk) -> None:
    desk.policy(Detour.FOLLOW)
    call = desk.dial()
    for _ in range(MOST_HOPS + 1):
        desk.detours.redirected(call.id, DAVE)
    assert len(desk.engine.said("follow")) == MOST_HOPS
    assert desk.engine.said("hangup") == [(call.id,)]


def test_a_redirection_can_be_refused(desk: Desk) -> None:
    desk.policy(Detour.REFUSE)
    call = desk.dial()
    desk.detours.redirected(call.id, DAVE)
    assert desk.engine.said("hangup") == [(call.id,)]
    assert desk.newest() is call


def test_a_redirection_to_nowhere_ends_the_call(desk: Desk) -> None:
    desk.policy(Detour.FOLLOW)
    call = desk.dial()
    desk.engine.finish()
    desk.detours.redirected(call.id, "sip:x@nowhere.invalid")
    desk.engine.finish(EngineError("no such host"))
    assert desk.engine.said("hangup") == [(call.id,)]


def test_a_redirection_after_the_hang_up_is_ignored(desk: Desk) -> None:
    desk.policy(Detour.FOLLOW)
    call = desk.dial()
    desk.calls.hangup(call, ignore)
    desk.detours.redirected(call.id, DAVE)
    assert desk.engine.said("follow") == []
