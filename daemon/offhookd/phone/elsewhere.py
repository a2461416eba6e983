# SPDX-License-Identifier: GPL-2.0-or-later
"""The user talks on another telephone: a desk phone of theirs that is followed (RFC 4235)."""

from collections.abc import Iterator

from .events import Signal
from .presence import Package, SubscriptionState
from .problems import Problems
from .values import AccountId
from .watch import Watch
from .watches import Watches

UNFOLLOWED = "desk-phone-unfollowed"


class Elsewhere:
    """`accounts`: those whose desk phone is in a call; `changed` fires when they are others."""

    def __init__(self) -> None:
        self.accounts: frozenset[AccountId] = frozenset()
        self.changed: Signal[[]] = Signal()

    @property
    def talking(self) -> bool:
        return bool(self.accounts)

    def told(self, accounts: frozenset[AccountId]) -> None:
        if accounts != self.accounts:
            self.accounts = accounts
            self.changed()


def follow(watches: Watches, elsewhere: Elsewhere, problems: Problems) -> None:
    """Keep `elsewhere` and the problems as the watched desk phones are.

    Only what a telephone tells of its dialogs counts.  A person's presence would not do: it is
    "on the phone" because we published that, and we would hear ourselves for ever.
    """

    def look(_: object) -> None:
        phones = [watch for watch in watches if watch.desk_phone]
        talking = (watch.bound_to for watch in phones if watch.dialogs.talking)
        elsewhere.told(frozenset(account for account in talking if account))
        problems.hold(UNFOLLOWED, " ".join(_deaf(phones)))

    for news in (watches.added, watches.changed, watches.removed):
        news.connect(look)


def _deaf(phones: list[Watch]) -> Iterator[str]:
    for watch in phones:
        subscription = watch.subscriptions[Package.DIALOG]
        if subscription.state is SubscriptionState.FAILED:
            yield (
                f"Desk phone '{watch.desk_phone}' is not followed, as {watch.uri} cannot be "
                f"subscribed to: {subscription.text.rstrip('.')}."
            )
