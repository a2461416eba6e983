# SPDX-License-Identifier: GPL-2.0-or-later
"""One watched address: what its person and its telephone do, and how well we know."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NewType

from .dialogs import DialogTable, RemoteDialog
from .events import Signal
from .ports import Clock
from .presence import (
    WATCHED,
    DialogState,
    Package,
    PresenceEngine,
    PresenceState,
    Seen,
    SubscriptionState,
)
from .subscription import Subscription
from .values import AccountId

WatchId = NewType("WatchId", int)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A watch that is asked for: `account` None leaves the choice to the phone.  `desk_phone`:
    the name of the user's own telephone that it is; "" for somebody else's."""

    uri: str
    label: str = ""
    account: AccountId | None = None
    desk_phone: str = ""


class Watch:
    """`changed` fires after every visible change."""

    def __init__(
        self,
        watch_id: WatchId,
        wanted: Wanted,
        engine: PresenceEngine,
        clock: Clock,
        next_number: Callable[[], int],
    ) -> None:
        self.id = watch_id
        self.uri = wanted.uri
        self.label = wanted.label
        self.bound_to = wanted.account
        self.desk_phone = wanted.desk_phone
        self.account: AccountId | None = None
        self.changed: Signal[[Watch]] = Signal()
        self.configured = False
        self.kept = False
        self.clients: set[str] = set()
        self.dialogs = DialogTable()
        self.seen = Seen()
        self._packages: frozenset[Package] = frozenset()
        self.subscriptions = {
            package: Subscription(self.uri, package, engine, clock, next_number)
            for package in WATCHED
        }
        for subscription in self.subscriptions.values():
            subscription.changed.connect(self._tell)
        self.subscriptions[Package.PRESENCE].lost.connect(self._forget_presence)
        self.subscriptions[Package.DIALOG].lost.connect(self._forget_dialogs)

    @property
    def wanted(self) -> bool:
        """Whether anybody still watches."""
        return self.configured or self.kept or bool(self.clients)

    # ------------------------------------------------------------ what is shown

    @property
    def state(self) -> PresenceState:
        return self.seen.state

    @property
    def note(self) -> str:
        return self.seen.note

    @property
    def dialog(self) -> DialogState:
        """What the telephone tells of itself, else what its person's presence says of it."""
        told = self.dialogs.state
        return self.seen.dialog if told is DialogState.UNKNOWN else told

    @property
    def subscription(self) -> SubscriptionState:
        """The best of what is subscribed to: one that is not offered is no fault of the other."""
        return self._best.state

    @property
    def text(self) -> str:
        """Why nothing is heard, or not all; "" when nothing is amiss."""
        return self._best.text

    @property
    def _best(self) -> Subscription:
        order = list(_RANKS)
        used = [self.subscriptions[package] for package in WATCHED if package in self._packages]
        candidates = used or self.subscriptions.values()
        return min(candidates, key=lambda one: order.index(one.state))

    # ------------------------------------------------------------ what happens

    def use(self, account: AccountId | None, packages: Iterable[Package]) -> None:
        """Subscribe to `packages` through this account, and to a desk phone's dialogs always."""
        always = {Package.DIALOG} if self.desk_phone and account else set()
        chosen = frozenset(packages) | always
        for package, subscription in self.subscriptions.items():
            subscription.use(account if package in chosen else None)
        if (account, chosen) != (self.account, self._packages):
            self.account, self._packages = account, chosen
            self._tell()

    def told_presence(self, seen: Seen) -> None:
        if seen != self.seen:
            self.seen = seen
            self._tell()

    def told_nothing(self, package: Package) -> None:
        """An active subscription without a document: nobody publishes, or nothing is going on."""
        if package is Package.PRESENCE:
            self.told_presence(Seen(PresenceState.OFFLINE))
        else:
            self.told_dialogs(max(0, self.dialogs.version), {}, full=True)

    def told_dialogs(
        self, version: int, dialogs: Mapping[str, RemoteDialog], *, full: bool
    ) -> None:
        complete = self.dialogs.take(version, dialogs, full=full)
        self._tell()
        if not complete:
            self.subscriptions[Package.DIALOG].refresh("a change was missed")

    def close(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.close()

    def _forget_presence(self) -> None:
        self.told_presence(Seen())

    def _forget_dialogs(self) -> None:
        self.dialogs.forget()
        self._tell()

    def _tell(self) -> None:
        self.changed(self)


_RANKS = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.TERMINATED,
    SubscriptionState.FAILED,
)
