# SPDX-License-Identifier: GPL-2.0-or-later
"""Stand-ins for what the core of presence talks to."""

from offhookd.phone.account import Account, AccountFacts, Answer
from offhookd.phone.availability import Portrait
from offhookd.phone.presence import Package, PresenceEngine
from offhookd.phone.values import AccountId, Transport
from tests.support.fakes import FakeClock, FakeEngine


class FakePresenceEngine(PresenceEngine):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.subscribed: list[tuple[int, AccountId, str, Package, int]] = []
        self.unsubscribed: list[int] = []
        self.published: list[tuple[AccountId, Portrait | None, int, str]] = []
        self.served: list[tuple[AccountId, Portrait | None]] = []

    def subscribe(
        self, number: int, account: AccountId, target: str, package: Package, expires_s: int
    ) -> None:
        self.subscribed.append((number, account, target, package, expires_s))

    def unsubscribe(self, number: int) -> None:
        self.unsubscribed.append(number)

    def publish(
        self, account: AccountId, portrait: Portrait | None, expires_s: int, etag: str
    ) -> None:
        self.published.append((account, portrait, expires_s, etag))

    def serve(self, account: AccountId, portrait: Portrait | None) -> None:
        self.served.append((account, portrait))


def new_account(name: str, clock: FakeClock, uri: str = "sip:1001@pbx") -> Account:
    facts = AccountFacts(AccountId(name), name, uri, registers=True, transport=Transport.UDP)
    account = Account(facts, FakeEngine(), clock, lambda: 0.0)
    account.engine_ready()
    return account


def grant(account: Account) -> None:
    """Its registrar has taken it."""
    account.result(Answer(200, "OK", expires_s=300))
