# SPDX-License-Identifier: GPL-2.0-or-later
"""Histories of a registration: hours of outage in microseconds."""

import pytest

from offhookd.phone import account as module
from offhookd.phone.account import Account, AccountFacts, Answer
from offhookd.phone.accounts import Accounts
from offhookd.phone.errors import (
    InvalidStateError,
    NoAccountError,
    NotRegisteredError,
    RejectedError,
    RequestTimeoutError,
)
from offhookd.phone.values import AccountId, AccountState, StateReason, Transport
from tests.support.fakes import FakeClock, FakeEngine, Outcome

OK = Answer(200, "OK", expires_s=300)
DOWN = Answer(0, "no route", cause=StateReason.NETWORK)


class Line:
    """An account whose engine and clock are in the test's hands; no jitter unless asked for."""

    def __init__(self, *, registers: bool = True, random: float = 0.0, name: str = "work") -> None:
        self.engine = FakeEngine()
        self.clock = FakeClock()
        facts = AccountFacts(AccountId(name), "Work", "sip:1@example.com", registers, Transport.UDP)
        self.account = Account(facts, self.engine, self.clock, lambda: random)

    @property
    def attempts(self) -> int:
        return len(self.engine.said("register"))

    def wait_for_attempt(self) -> float:
        """Seconds until the next REGISTER goes out."""
        before, waited = self.attempts, 0.0
        while self.attempts == before:
            self.clock.advance(0.5)
            waited += 0.5
            assert waited < 10_000
        return waited


@pytest.fixture
def line() -> Line:
    line = Line()
    line.account.engine_ready()
    return line


def test_it_registers_when_the_engine_is_ready(line: Line) -> None:
    assert line.account.state is AccountState.REGISTERING
    line.account.result(OK)
    assert (line.account.state, line.account.code) == (AccountState.REGISTERED, 200)


def test_the_binding_is_refreshed_before_it_expires(line: Line) -> None:
    line.account.result(OK)
    due = line.account.next_attempt_us
    assert line.wait_for_attempt() == pytest.approx(300 * module.REFRESH_AT, abs=1)
    assert due == line.clock.now_us()
    assert line.account.state is AccountState.REGISTERED


def test_a_binding_for_a_century_is_refreshed_daily(line: Line) -> None:
    line.account.result(Answer(200, "OK", expires_s=2**32 - 2))
    due_s = (line.account.next_attempt_us - line.clock.now_us()) / 1e6
    assert due_s == module.LONGEST_BINDING_S * module.REFRESH_AT


def test_network_failures_back_off_to_a_minute(line: Line) -> None:
    waits = []
    for _ in range(8):
        line.account.result(DOWN)
        waits.append(line.wait_for_attempt())
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    assert line.account.reason is StateReason.NETWORK


def test_jitter_only_shortens_a_wait() -> None:
    line = Line(random=1.0)
    line.account.engine_ready()
    line.account.result(DOWN)
    assert line.wait_for_attempt() == pytest.approx(1.5)


def test_success_forgets_the_failures(line: Line) -> None:
    for answer in (DOWN, DOWN, DOWN, OK, DOWN):
        line.account.result(answer)
    assert line.wait_for_attempt() == 2


def test_a_wrong_password_waits_longest_at_once(line: Line) -> None:
    line.account.result(Answer(401, "Unauthorized"))
    assert line.account.reason is StateReason.AUTH
    assert line.wait_for_attempt() == module.AUTH_RETRY_S


def test_retry_after_is_obeyed_within_reason(line: Line) -> None:
    line.account.result(Answer(503, "Maintenance", retry_after_s=120))
    assert line.wait_for_attempt() == 120
    line.account.result(Answer(503, "Maintenance", retry_after_s=10**9))
    assert line.wait_for_attempt() == module.LONGEST_RETRY_AFTER_S


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(403, "Forbidden"), StateReason.AUTH),
        (Answer(404, "Not Found"), StateReason.REJECTED),
        (Answer(408, "Request Timeout"), StateReason.TIMEOUT),
        (Answer(502, "Bad Gateway"), StateReason.NETWORK),
        (Answer(503, "certificate has expired", cause=StateReason.TLS), StateReason.TLS),
        (Answer(502, "no such host", cause=StateReason.DNS), StateReason.DNS),
    ],
)
def test_every_failure_has_its_reason(line: Line, answer: Answer, reason: StateReason) -> None:
    line.account.result(answer)
    assert (line.account.state, line.account.reason) == (AccountState.FAILED, reason)
    assert line.account.text == answer.text


def test_a_hint_tries_now_and_once(line: Line) -> None:
    line.account.result(DOWN)
    line.account.hint("network up")
    assert line.attempts == 2
    line.account.result(DOWN)
    line.account.hint("network up")
    assert line.attempts == 2
    line.clock.advance(module.HINT_GAP_S)
    line.account.hint("resumed")
    assert line.attempts == 3


def test_an_engine_that_says_nothing_is_a_timeout(line: Line) -> None:
    line.clock.advance(module.ANSWER_LIMIT_S)
    assert line.account.reason is StateReason.TIMEOUT


def test_a_user_who_asks_learns_the_outcome(line: Line) -> None:
    line.account.result(DOWN)
    good, bad = Outcome(), Outcome()
    line.account.register(bad)
    line.account.result(Answer(403, "Forbidden"))
    assert isinstance(bad.error, RejectedError)
    assert str(bad.error) == "403 Forbidden"
    line.account.register(good)
    line.account.result(OK)
    assert good.succeeded


def test_a_user_who_asks_is_not_kept_waiting_by_a_silent_registrar(line: Line) -> None:
    outcome = Outcome()
    line.account.register(outcome)
    line.clock.advance(module.PATIENCE_S)
    assert isinstance(outcome.error, RequestTimeoutError)
    assert "is asked on" in str(outcome.error)
    assert line.account.state is AccountState.REGISTERING
    line.account.result(OK)
    assert (line.account.state, outcome.calls) == (AccountState.REGISTERED, 1)


def test_patience_does_not_outlive_the_answer(line: Line) -> None:
    outcome = Outcome()
    line.account.register(outcome)
    line.account.result(OK)
    line.clock.advance(module.PATIENCE_S)
    assert outcome.succeeded


def test_asking_during_an_attempt_joins_it(line: Line) -> None:
    outcome = Outcome()
    line.account.register(outcome)
    assert line.attempts == 1
    line.account.result(OK)
    assert outcome.succeeded


def test_disabling_unregisters_and_stays_off(line: Line) -> None:
    states = []
    line.account.result(OK)
    line.account.set_enabled(False)
    assert line.engine.said("unregister") == [("work",)]
    states.append(line.account.state)
    line.account.result(Answer(200, "OK"))
    states.append(line.account.state)
    assert states == [AccountState.UNREGISTERING, AccountState.DISABLED]
    line.clock.advance(10_000)
    assert line.attempts == 1
    line.account.set_enabled(True)
    assert line.attempts == 2


def test_a_dead_registrar_does_not_keep_an_account_unregistering(line: Line) -> None:
    line.account.result(OK)
    line.account.set_enabled(False)
    line.clock.advance(module.ANSWER_LIMIT_S)
    assert line.account.state is AccountState.DISABLED


def test_a_disabled_account_cannot_be_registered(line: Line) -> None:
    line.account.set_enabled(False)
    with pytest.raises(InvalidStateError, match="disabled"):
        line.account.register(Outcome())


def test_a_lost_engine_is_offline_and_a_new_one_registers(line: Line) -> None:
    line.account.result(OK)
    outcome = Outcome()
    line.account.register(outcome)
    line.account.engine_lost("The SIP engine was ended by SIGKILL")
    assert line.account.state is AccountState.OFFLINE
    assert outcome.error is not None
    line.clock.advance(1000)
    before = line.attempts
    line.account.engine_ready()
    assert line.attempts == before + 1


def test_direct_accounts_are_ready_without_a_registrar() -> None:
    line = Line(registers=False)
    line.account.engine_ready()
    line.account.result(Answer(200, "no registrar"))
    assert line.account.state is AccountState.REGISTERED
    line.account.hint("network up")
    line.clock.advance(10_000)
    line.account.unregister()
    assert line.engine.told == [("register", "work")]


def test_direct_accounts_that_cannot_be_prepared_are_tried_again() -> None:
    line = Line(registers=False)
    line.account.engine_ready()
    line.account.result(Answer(0, "no password", cause=StateReason.DNS))
    states = [line.account.state]
    line.wait_for_attempt()
    states.append(line.account.state)
    assert states == [AccountState.FAILED, AccountState.REGISTERING]


def test_switching_off_and_on_is_not_confused_by_the_answer_to_the_first(line: Line) -> None:
    line.account.result(OK)
    line.account.set_enabled(False)
    line.account.set_enabled(True)
    line.account.result(Answer(200, "OK"))  # of the un-REGISTER
    states = [line.account.state]
    line.account.result(OK)
    states.append(line.account.state)
    assert states == [AccountState.REGISTERING, AccountState.REGISTERED]


def test_an_account_that_is_configured_no_more_does_nothing_any_more(line: Line) -> None:
    accounts, outcome = Accounts(), Outcome()
    heard: list[Account] = []
    accounts.add(line.account)
    accounts.changed.connect(heard.append)
    line.account.result(OK)
    line.account.register(outcome)
    line.account.unregister()
    line.account.close()
    accounts.remove(line.account)
    heard.clear()
    line.clock.advance(10_000)
    line.account.result(OK)
    assert isinstance(outcome.error, InvalidStateError)
    assert heard == []


def test_the_default_account_is_the_first_that_can_call() -> None:
    accounts = Accounts()
    broken, good = Line(name="broken"), Line(name="good")
    for line in (broken, good):
        accounts.add(line.account)
        line.account.engine_ready()
    broken.account.result(Answer(403, "Forbidden"))
    good.account.result(OK)
    assert accounts.choose(None) is good.account
    with pytest.raises(NotRegisteredError, match="403 Forbidden"):
        accounts.choose(AccountId("broken"))
    with pytest.raises(NoAccountError):
        accounts.choose(AccountId("unknown"))


def test_no_account_is_a_sentence_about_the_configuration() -> None:
    with pytest.raises(NoAccountError, match=r"offhook\.yaml"):
        Accounts().choose(None)


def test_a_lost_connection_is_opened_again_and_ever_later_where_it_does_not_stand(
    line: Line,
) -> None:
    waits = []
    for _ in range(4):
        line.account.result(OK)
        line.account.connection_lost()
        waits.append(line.wait_for_attempt())
        line.account.connection_lost()  # while it is being opened
    assert waits == [2, 4, 8, 16]
    line.account.result(OK)
    line.clock.advance(module.STEADY_S + 1)
    line.account.connection_lost()
    assert line.wait_for_attempt() == 2


def test_a_lost_connection_does_not_delay_what_is_due(line: Line) -> None:
    line.account.result(Answer(200, "OK", expires_s=2))
    line.account.connection_lost()
    assert line.wait_for_attempt() == pytest.approx(2 * module.REFRESH_AT, abs=0.5)


def test_a_connection_that_nobody_is_called_over_may_go() -> None:
    line = Line(registers=False)
    line.account.engine_ready()
    line.account.result(OK)
    line.account.connection_lost()
    line.clock.advance(1000)
    assert line.attempts == 1
