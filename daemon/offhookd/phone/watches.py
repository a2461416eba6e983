# SPDX-License-Identifier: GPL-2.0-or-later
"""Everybody who is watched: for the configuration, for the user, for clients that are there."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from .accounts import Accounts
from .dialogs import RemoteDialog
from .errors import InvalidStateError, LimitReachedError, NotFoundError
from .events import Signal
from .numbers import domain_of, parse_target
from .planner import Planned
from .ports import Clock
from .presence import Outcome, Package, PresenceEngine, Seen
from .subscription import Subscription
from .values import AccountId, AccountState
from .watch import Wanted, Watch, WatchId

MOST_WATCHES = 200
"""Each takes two subscriptions; a switchboard's busy lamp field shows about a hundred."""

PackagesOf = Callable[[AccountId], frozenset[Package]]
Preview = Callable[[str], Planned]
"""What dialling the text would call; raises a `PhoneError`."""


class Watches:
    """`preview` reads what people enter; `keep` stores the addresses that outlive their client;
    `packages_of` says what an account subscribes to; `next_id` gives numbers that no watch ever
    had."""

    def __init__(
        self,
        accounts: Accounts,
        engine: PresenceEngine,
        clock: Clock,
        preview: Preview,
        packages_of: PackagesOf,
        keep: Callable[[Sequence[str]], None],
        next_id: Callable[[], WatchId],
    ) -> None:
        self.added: Signal[[Watch]] = Signal()
        self.changed: Signal[[Watch]] = Signal()
        self.removed: Signal[[Watch]] = Signal()
        self._accounts = accounts
        self._engine = engine
        self._clock = clock
        self._preview = preview
        self._packages_of = packages_of
        self._keep = keep
        self._watches: dict[str, Watch] = {}
        self._next_id = next_id
        self._numbers = itertools.count(1)
        accounts.added.connect(lambda _: self._assign())
        accounts.changed.connect(lambda _: self._assign())
        accounts.removed.connect(lambda _: self._assign())

    def __iter__(self) -> Iterator[Watch]:
        return iter(tuple(self._watches.values()))

    def get(self, watch_id: WatchId) -> Watch:
        """Raises `NotFoundError`."""
        for watch in self:
            if watch.id == watch_id:
                return watch
        raise NotFoundError("Nobody is watched there any more")

    # ------------------------------------------------------------ who watches

    def watch(self, address: str, client: str, *, persistent: bool) -> Watch:
        """Watch for `client` whom dialling `address` would call; the same gives the same watch."""
        planned = self._preview(address)
        found = self._find_or_add(Wanted(planned.uri, planned.display_name))
        if persistent:
            found.kept = True
            self._keep_all()
        else:
            found.clients.add(client)
        return found

    def unwatch(self, watch: Watch, client: str) -> None:
        """`client` watches no more, and nobody does for longer than there are clients."""
        if watch.configured:
            raise InvalidStateError(
                f"{watch.uri} is watched by the configuration; take it out of offhook.yaml"
            )
        watch.clients.discard(client)
        watch.kept = False
        self._keep_all()
        self._drop_unwanted()

    def client_left(self, client: str) -> None:
        for watch in self:
            watch.clients.discard(client)
        self._drop_unwanted()

    def restore(self, addresses: Sequence[str]) -> None:
        """What was kept by an earlier run."""
        for address in addresses[:MOST_WATCHES]:
            target = parse_target(address, "")
            self._find_or_add(Wanted(target.uri, target.display_name)).kept = True

    def configure(self, wanted: Sequence[Wanted]) -> None:
        """What the configuration watches; the others stay."""
        for watch in self:
            watch.configured, watch.desk_phone = False, ""
        for one in wanted[:MOST_WATCHES]:
            watch = self._find_or_add(one)
            watch.configured = True
            watch.label, watch.bound_to = one.label or watch.label, one.account
            watch.desk_phone = watch.desk_phone or one.desk_phone
            self.changed(watch)
        self._drop_unwanted()
        self._assign()

    # ------------------------------------------------------------ the engine

    def hint(self, why: str) -> None:
        """The network or the machine came back."""
        for subscription in self._subscriptions():
            subscription.refresh(why)

    def engine_lost(self) -> None:
        for subscription in self._subscriptions():
            subscription.engine_lost()

    def answered(self, number: int, outcome: Outcome) -> None:
        if found := self._by_number(number):
            found[1].answered(outcome)

    def notified(
        self,
        number: int,
        state: str,
        reason: str,
        expires_s: int,
        retry_after_s: int,
        *,
        empty: bool,
    ) -> None:
        if found := self._by_number(number):
            watch, subscription = found
            if empty and state == "active":
                watch.told_nothing(subscription.package)
            subscription.notified(state, reason, expires_s, retry_after_s)

    def told_presence(self, number: int, seen: Seen) -> None:
        if found := self._by_number(number):
            found[0].told_presence(seen)

    def told_dialogs(
        self, number: int, version: int, dialogs: Mapping[str, RemoteDialog], *, full: bool
    ) -> None:
        if found := self._by_number(number):
            found[0].told_dialogs(version, dialogs, full=full)

    def stop(self) -> None:
        """End every subscription."""
        for watch in self:
            watch.close()

    # ------------------------------------------------------------ how

    def _find_or_add(self, wanted: Wanted) -> Watch:
        key = _key(wanted.uri)
        if key in self._watches:
            return self._watches[key]
        if len(self._watches) >= MOST_WATCHES:
            raise LimitReachedError(f"{MOST_WATCHES} addresses are watched; unwatch one first")
        made = Watch(
            self._next_id(),
            wanted,
            self._engine,
            self._clock,
            lambda: next(self._numbers),
        )
        self._watches[key] = made
        made.changed.connect(self.changed)
        self.added(made)
        self._assign_one(made)
        return made

    def _drop_unwanted(self) -> None:
        for key, watch in tuple(self._watches.items()):
            if not watch.wanted:
                del self._watches[key]
                watch.close()
                self.removed(watch)

    def _keep_all(self) -> None:
        self._keep([_named(watch) for watch in self if watch.kept])

    def _assign(self) -> None:
        for watch in self:
            self._assign_one(watch)

    def _assign_one(self, watch: Watch) -> None:
        account = self._account_for(watch)
        watch.use(account, self._packages_of(account) if account else ())

    def _account_for(self, watch: Watch) -> AccountId | None:
        """The registered account that it is bound to; of its domain; the default; any."""
        registered = [one for one in self._accounts if one.state is AccountState.REGISTERED]
        if watch.bound_to:
            return watch.bound_to if watch.bound_to in {one.id for one in registered} else None
        domain, default = domain_of(watch.uri), self._accounts.default
        registered.sort(key=lambda one: (domain_of(one.facts.uri) != domain, one is not default))
        return registered[0].id if registered else None

    def _subscriptions(self) -> Iterator[Subscription]:
        return (one for watch in self for one in watch.subscriptions.values())

    def _by_number(self, number: int) -> tuple[Watch, Subscription] | None:
        for watch in self:
            for subscription in watch.subscriptions.values():
                if number and subscription.number == number:
                    return watch, subscription
        return None


def _key(uri: str) -> str:
    """Scheme and host in one spelling; the user part is case-sensitive (RFC 3261, 19.1.4)."""
    scheme, _, rest = uri.partition(":")
    user, at, host = rest.rpartition("@")
    return f"{scheme.lower()}:{user}{at}{host.lower()}"


def _named(watch: Watch) -> str:
    """The address, with the name that was given with it."""
    label = watch.label.replace('"', "")
    return f'"{label}" <{watch.uri}>' if label else watch.uri
