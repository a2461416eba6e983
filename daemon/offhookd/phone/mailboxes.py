# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking servers about voice mail (RFC 3842), where they do not tell unasked."""

import itertools
from collections.abc import Collection
from functools import partial

from .accounts import Accounts
from .ports import Clock
from .presence import Outcome, Package, PresenceEngine, SubscriptionState
from .problems import Problems
from .subscription import Subscription
from .values import AccountId, AccountState

FIRST_NUMBER = 2**40
"""Subscriptions have a number each; those of the watches begin at 1 and never come this far."""

PROBLEM = "voicemail"


class Mailboxes:
    """One subscription for each account whose box is to be asked for; what the box holds arrives
    as `Account.mailbox_told`, like what a server tells unasked."""

    def __init__(
        self, accounts: Accounts, engine: PresenceEngine, clock: Clock, problems: Problems
    ) -> None:
        self._accounts = accounts
        self._engine = engine
        self._clock = clock
        self._problems = problems
        self._numbers = itertools.count(FIRST_NUMBER)
        self._asked: frozenset[AccountId] = frozenset()
        self._subscriptions: dict[AccountId, Subscription] = {}
        for news in (accounts.added, accounts.changed, accounts.removed):
            news.connect(lambda _: self._follow())

    def configure(self, asked: Collection[AccountId]) -> None:
        """Ask for the boxes of these accounts."""
        self._asked = frozenset(asked)
        self._follow()

    def answered(self, number: int, outcome: Outcome) -> None:
        for subscription in self._with(number):
            subscription.answered(outcome)

    def notified(
        self, number: int, state: str, reason: str, expires_s: int, retry_after_s: int
    ) -> None:
        for subscription in self._with(number):
            subscription.notified(state, reason, expires_s, retry_after_s)

    def hint(self, why: str) -> None:
        """The network or the machine came back."""
        for subscription in self._subscriptions.values():
            subscription.refresh(why)

    def engine_lost(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.engine_lost()

    def stop(self) -> None:
        for account in tuple(self._subscriptions):
            self._drop(account)

    def _follow(self) -> None:
        present = {account.id: account for account in self._accounts if account.id in self._asked}
        for gone in self._subscriptions.keys() - present.keys():
            self._drop(gone)
        for name, account in present.items():
            registered = account.state is AccountState.REGISTERED
            self._subscription(name, account.facts.uri).use(name if registered else None)

    def _subscription(self, account: AccountId, uri: str) -> Subscription:
        known = self._subscriptions.get(account)
        if known and known.target == uri:
            return known
        self._drop(account)
        made = Subscription(
            uri, Package.SUMMARY, self._engine, self._clock, lambda: next(self._numbers)
        )
        made.changed.connect(partial(self._judge, account, made))
        self._subscriptions[account] = made
        return made

    def _drop(self, account: AccountId) -> None:
        if subscription := self._subscriptions.pop(account, None):
            subscription.close()
            self._problems.clear(PROBLEM, f"accounts/{account}")

    def _judge(self, account: AccountId, subscription: Subscription) -> None:
        failed = subscription.state is SubscriptionState.FAILED
        text = f"Nothing is known of the voice mail of account {account}: {subscription.text}"
        self._problems.hold(PROBLEM, text if failed else "", f"accounts/{account}")

    def _with(self, number: int) -> list[Subscription]:
        return [one for one in self._subscriptions.values() if one.number == number != 0]
