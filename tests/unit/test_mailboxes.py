# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.phone.account import Account, AccountFacts, Answer
from offhookd.phone.accounts import Accounts
from offhookd.phone.availability import Portrait
from offhookd.phone.mailboxes import Mailboxes
from offhookd.phone.presence import Outcome, Package, PresenceEngine
from offhookd.phone.problems import Problems
from offhookd.phone.values import AccountId, Transport
from tests.support.fakes import FakeClock, FakeEngine

WORK = AccountId("work")
URI = "sip:1001@pbx.example.com"


class FakePresenceEngine(PresenceEngine):
    def __init__(self) -> None:
        self.asked: list[tuple[int, str, str]] = []
        self.left: list[int] = []

    def subscribe(
        self, number: int, account: AccountId, target: str, package: Package, expires_s: int
    ) -> None:
        self.asked.append((number, target, package))

    def unsubscribe(self, number: int) -> None:
        self.left.append(number)

    def publish(
        self, account: AccountId, portrait: Portrait | None, expires_s: int, etag: str
    ) -> None:
        raise AssertionError

    def serve(self, account: AccountId, portrait: Portrait | None) -> None:
        raise AssertionError


class Desk:
    def __init__(self) -> None:
        self.engine = FakePresenceEngine()
        self.clock = FakeClock()
        self.accounts = Accounts()
        self.problems = Problems()
        self.mailboxes = Mailboxes(self.accounts, self.engine, self.clock, self.problems)
        facts = AccountFacts(id=WORK, label="", uri=URI, registers=True, transport=Transport.UDP)
        self.account = Account(facts, FakeEngine(), self.clock, lambda: 0.0)
        self.accounts.add(self.account)
        self.mailboxes.configure([WORK])

    def register(self) -> int:
        """The number of the subscription that follows."""
        self.account.engine_ready()
        self.account.result(Answer(200, "OK", 300))
        return self.engine.asked[-1][0]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_box_is_asked_for_once_the_account_is_registered(desk: Desk) -> None:
    assert desk.engine.asked == []
    number = desk.register()
    assert desk.engine.asked == [(number, URI, "message-summary")]
    desk.mailboxes.answered(number, Outcome(200, "OK", 3600))
    desk.mailboxes.notified(number, "active", "", 100, 0)
    desk.clock.advance(100 * 0.8)
    assert desk.engine.asked[1:] == [(number, URI, "message-summary")]
    assert not list(desk.problems)


def test_a_refusal_is_told_and_over_when_it_is_mended(desk: Desk) -> None:
    desk.mailboxes.answered(desk.register(), Outcome(403, "Forbidden"))
    assert "403 Forbidden" in str(list(desk.problems))
    desk.mailboxes.hint("the user asks")
    number = desk.engine.asked[-1][0]
    desk.mailboxes.answered(number, Outcome(200, "OK", 3600))
    desk.mailboxes.notified(number, "active", "", 3600, 0)
    assert not list(desk.problems)


def test_nobody_answers_and_it_is_tried_again(desk: Desk) -> None:
    desk.mailboxes.answered(desk.register(), Outcome(0, "nobody answered in time"))
    assert len(desk.engine.asked) == 1
    desk.clock.advance(4.0)
    assert len(desk.engine.asked) == 2


def test_an_account_that_is_not_to_ask_any_more_leaves(desk: Desk) -> None:
    number = desk.register()
    desk.mailboxes.configure([])
    assert desk.engine.left == [number]
    desk.mailboxes.answered(number, Outcome(200, "OK", 3600))
    assert not list(desk.problems)


def test_a_lost_engine_is_asked_again_after_the_account_is_back(desk: Desk) -> None:
    first = desk.register()
    desk.mailboxes.engine_lost()
    desk.account.engine_lost("gone")
    assert desk.register() > first
