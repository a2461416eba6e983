# SPDX-License-Identifier: GPL-2.0-or-later
"""The far end wants this phone to call somebody else."""

import pytest

from offhookd.phone.account import Account, AccountFacts, Answer
from offhookd.phone.accounts import Accounts
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.departures import CONFIRM_LIMIT_S
from offhookd.phone.detours import MOST_HOPS, Detours, Policy, Reference
from offhookd.phone.dial_plan import DialPlan
from offhookd.phone.dialled import DialOptions
from offhookd.phone.emergency import Emergency
from offhookd.phone.errors import EngineError
from offhookd.phone.numbering import Numbering
from offhookd.phone.planner import Outgoing, Planner
from offhookd.phone.ports import ignore
from offhookd.phone.values import AccountId, CallId, CallState, Detour, EndReason, Transport
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog

WORK = AccountId("work")
BOSS = "sip:boss@example.com"
DAVE = "sip:dave@example.com"
RISKY = (
    "sip:112@example.com",
    "sip:0112@example.com",
    "sip:*21*0900123%23@example.com",
    "sip:09001234567@example.com",
    "sip:+499001234567@gateway.test",
)


class Desk:
    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.clock = FakeClock()
        self.calls = Calls(self.engine, FakeLog(), FakeAlerting(), self.clock)
        self.emergency = Emergency(self.clock)
        self.emergency.numbering = Numbering("de")
        self.accounts = Accounts()
        self.account = self.register(WORK)
        planner = Planner(self.accounts, self.emergency)
        plan = DialPlan(outside_prefix="0")
        outgoing = Outgoing(plan=plan, country="de", headers={"X-Office": "1"})
        planner.configure({WORK: outgoing}, {})
        self.detours = Detours(self.calls, self.engine, planner)

    def register(self, name: AccountId) -> Account:
        facts = AccountFacts(name, name, f"sip:{name}@example.com", True, Transport.UDP)
        account = Account(facts, FakeEngine(), self.clock, lambda: 0.0)
        self.accounts.add(account)
        account.engine_ready()
        account.result(Answer(200, "OK", expires_s=300))
        return account

    def policy(self, what: Detour) -> None:
        self.detours.use(Policy(transferred=what, redirected=what))

    def dial(self) -> Call:
        return self.calls.dial("sip:bob@example.com", "", WORK, DialOptions(headers={"X": "1"}))

    def talk(self) -> Call:
        call = self.dial()
        self.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
        return call

    def refer(self, call: Call, number: int = 7, target: str = DAVE) -> None:
        headers = {"Referred-By": f"<{BOSS}>"}
        self.detours.referred(call.id, Reference(number, target, BOSS, headers))

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
    headers = {"X-Office": "1", "Referred-By": f"<{BOSS}>"}
    assert desk.engine.said("dial_for") == [(new.id, 7, headers)]
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
    assert desk.calls.options_of(new).headers == {"X-Office": "1", "X": "1"}
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


# ---------------------------------------------------------------- what only a person decides


@pytest.mark.parametrize("target", RISKY)
def test_a_transfer_to_what_costs_or_calls_for_help_is_never_followed_unasked(
    desk: Desk, target: str
) -> None:
    desk.policy(Detour.FOLLOW)
    desk.refer(desk.talk(), target=target)
    assert desk.newest().state is CallState.PENDING


@pytest.mark.parametrize("target", RISKY)
def test_a_redirection_to_what_costs_or_calls_for_help_is_never_followed_unasked(
    desk: Desk, target: str
) -> None:
    desk.policy(Detour.FOLLOW)
    call = desk.dial()
    desk.detours.redirected(call.id, target)
    assert desk.engine.said("follow") == []
    assert desk.engine.said("hangup") == [(call.id,)]
    assert desk.newest().state is CallState.PENDING


def test_a_transfer_to_an_emergency_number_is_a_call_for_help_once_it_is_started(
    desk: Desk,
) -> None:
    desk.refer(desk.talk(), target="sip:112@example.com")
    new = desk.newest()
    assert (new.emergency, new.peer_uri) == (True, "sip:112@example.com")
    desk.calls.limit = 1
    desk.calls.start(new, ignore)  # a line is given up for it
    assert desk.engine.said("hangup") != []


def test_a_target_that_is_no_address_is_told_to_who_asked(desk: Desk) -> None:
    desk.refer(desk.talk(), target="sip:dave@@")
    assert desk.engine.said("end_referral") == [(7, 400)]


def test_without_a_line_nothing_comes_of_a_transfer(desk: Desk) -> None:
    call = desk.talk()
    desk.account.result(Answer(403, "Forbidden"))
    desk.refer(call)
    assert desk.engine.said("end_referral") == [(7, 503)]
    assert desk.newest() is call


def help_call(desk: Desk) -> Call:
    return desk.calls.dial("sip:112@example.com", "", WORK, DialOptions(emergency=True))


@pytest.mark.parametrize("policy", [Detour.ASK, Detour.REFUSE])
def test_a_call_for_help_goes_where_it_is_sent(desk: Desk, policy: Detour) -> None:
    desk.policy(policy)
    call = help_call(desk)
    desk.detours.redirected(call.id, "sip:north@psap.test")
    assert desk.engine.said("follow") == [(call.id, "sip:north@psap.test")]


def test_a_call_for_help_is_handed_on_by_those_who_help(desk: Desk) -> None:
    call = help_call(desk)
    desk.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
    desk.refer(call, target="sip:fire@psap.test")
    assert (desk.newest().state, desk.newest().emergency) == (CallState.DIALING, True)


def test_transfers_are_refused_unasked_but_while_help_is_spoken_to(desk: Desk) -> None:
    desk.policy(Detour.REFUSE)
    call = help_call(desk)
    desk.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
    desk.calls.ended(call.id, "remote", 0, "")
    assert desk.engine.said("refuse_transfers") == [(True,), (False,), (True,)]
