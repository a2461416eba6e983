# SPDX-License-Identifier: GPL-2.0-or-later
"""Presence of the running phone: the core's parts, with their configuration, engine and store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from offhookd.config.schema import AccountConfig, Config, DeskPhoneConfig, Mwi, PresenceConfig
from offhookd.desktop.idle import IdleWatch
from offhookd.engine import protocol as p
from offhookd.engine.presence_client import PresenceClient
from offhookd.phone.accounts import Accounts
from offhookd.phone.availability import OwnAvailability
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.choices import Availability
from offhookd.phone.dialled import DialOptions
from offhookd.phone.elsewhere import follow
from offhookd.phone.errors import NotRegisteredError, PhoneError
from offhookd.phone.mailboxes import Mailboxes
from offhookd.phone.pickup import plan
from offhookd.phone.planner import Planned, Planner
from offhookd.phone.ports import Clock, Done
from offhookd.phone.presence import Package
from offhookd.phone.problems import Problems
from offhookd.phone.publications import Publications
from offhookd.phone.service import PresenceDesk
from offhookd.phone.serving import Serving
from offhookd.phone.values import AccountId, CallState
from offhookd.phone.watch import Wanted, Watch, WatchId
from offhookd.phone.watches import Watches
from offhookd.store.state import State

SERIALS_AT_ONCE = 1000
"""Numbers of watches never come back; so many are set aside with one write of the state file."""

IDLE_WATCH_DELAY_S = 1.0
"""After the first REGISTER, which is not to wait for another library and another bus."""

WATCH_PROBLEM = "presence-watch"
TALKING = (CallState.DIALING, CallState.RINGING, CallState.EARLY, CallState.ACTIVE)


class Presence(PresenceDesk):
    """`availability` is ours, `watches` are the others."""

    def __init__(
        self,
        accounts: Accounts,
        calls: Calls,
        choices: State,
        problems: Problems,
        clock: Clock,
        tell: Callable[[p.Command, Done], None],
        planner: Planner,
    ) -> None:
        self._accounts = accounts
        self._calls = calls
        self._choices = choices
        self._problems = problems
        self._planner = planner
        self._configs: Mapping[AccountId, AccountConfig] = {}
        self._desk_phones: Mapping[str, DeskPhoneConfig] = {}
        self._serials = iter(range(0))
        chosen = choices.phone
        self.availability = OwnAvailability(chosen.availability, chosen.note, self._keep_choice)
        self._idle_watch = IdleWatch(self.availability.idle)
        self._engine = PresenceClient(tell)
        self._publications = Publications(
            accounts, self.availability, self._engine, clock, problems
        )
        self._serving = Serving(accounts, self.availability, self._engine)
        self.watches = Watches(
            accounts,
            self._engine,
            clock,
            planner.preview,
            self._packages,
            self._keep_watches,
            self._next_id,
        )
        self._mailboxes = Mailboxes(accounts, self._engine, clock, problems)
        self._engine.connect(self.watches, self._mailboxes, self._publications.answered)
        self.watches.restore(chosen.watches)
        follow(self.watches, calls.elsewhere, problems)
        for news in (calls.added, calls.changed, calls.removed):
            news.connect(lambda _: self._follow_calls())
        calls.elsewhere.changed.connect(self._follow_calls)

    # ------------------------------------------------------------ what happens

    def configure(self, config: Config) -> None:
        """Publish and watch as configured; before the accounts themselves change."""
        configs = config.accounts
        if (configs, config.desk_phones) == (self._configs, self._desk_phones):
            return
        self._configs, self._desk_phones = configs, config.desk_phones
        publishing = {
            name: config.presence.publish_seconds
            for name, config in configs.items()
            if config.presence.publish
        }
        self._publications.configure(publishing)
        serving = [name for name, config in configs.items() if config.presence.serve]
        self._serving.configure(serving)
        if publishing or serving:
            self._idle_watch.start(IDLE_WATCH_DELAY_S)
        self.watches.configure(self._wanted(config))
        self._mailboxes.configure(
            [name for name, config in configs.items() if config.mwi is Mwi.SUBSCRIBE]
        )

    def take(self, event: p.Event) -> None:
        """What the engine tells."""
        self._engine.take(event)

    def engine_lost(self) -> None:
        self._mailboxes.engine_lost()
        self.watches.engine_lost()
        self._serving.engine_lost()
        self._publications.engine_lost()

    def hint(self, why: str) -> None:
        self.watches.hint(why)
        self._mailboxes.hint(why)

    async def stop(self) -> None:
        """Say good-bye; the engine sends it before it ends."""
        self._publications.stop()
        self._serving.stop()
        self.watches.stop()
        self._mailboxes.stop()
        await self._idle_watch.stop()

    def pickup(self, watch: Watch) -> Call:
        """Take over the call that rings there; the new call here."""
        account = self._accounts.get(watch.account) if watch.account else None
        if account is None:
            raise NotRegisteredError(f"No account is registered that watches {watch.uri}")
        call = plan(watch, self._settings(account.id).pickup)
        uri = self._planner.complete_text(account.id, call.target)
        planned = Planned(uri, watch.label, account.id, emergency=False, number="")
        options = self._planner.options(planned, DialOptions(headers=call.headers))
        return self._calls.dial(planned.uri, planned.display_name, planned.account, options)

    # ------------------------------------------------------------ how

    def _follow_calls(self) -> None:
        here = any(call.state in TALKING and not call.relayed for call in self._calls)
        self.availability.in_call(here or self._calls.elsewhere.talking)

    def _settings(self, account: AccountId) -> PresenceConfig:
        config = self._configs.get(account)
        return config.presence if config else PresenceConfig()

    def _packages(self, account: AccountId) -> frozenset[Package]:
        return frozenset(Package(one) for one in self._settings(account).subscribe)

    def _wanted(self, config: Config) -> Sequence[Wanted]:
        """The addresses to watch; a mistake in one is a problem for people, not for the others."""
        wanted, wrong = [], []
        for name, address, desk_phone in _addresses(config):
            try:
                target = self._planner.read(name, address)
            except PhoneError as error:
                wrong.append(f"{address} ({error})")
            else:
                label = target.display_name or desk_phone
                wanted.append(Wanted(target.uri, label, name, desk_phone))
        text = f"Not watched, as they are no addresses: {', '.join(wrong)}" if wrong else ""
        self._problems.hold(WATCH_PROBLEM, text)
        return wanted

    def _keep_choice(self, availability: Availability, note: str) -> None:
        phone = self._choices.phone
        self._choices.phone = replace(phone, availability=availability, note=note)

    def _keep_watches(self, addresses: Sequence[str]) -> None:
        self._choices.phone = replace(self._choices.phone, watches=tuple(addresses))

    def _next_id(self) -> WatchId:
        serial = next(self._serials, None)
        if serial is None:
            phone = self._choices.phone
            self._serials = iter(
                range(phone.watch_serial + 1, phone.watch_serial + SERIALS_AT_ONCE)
            )
            self._choices.phone = replace(phone, watch_serial=phone.watch_serial + SERIALS_AT_ONCE)
            serial = next(self._serials)
        return WatchId(serial)


def _addresses(config: Config) -> Iterator[tuple[AccountId, str, str]]:
    """By which account whom to watch, and which desk phone that is."""
    for name, account in config.accounts.items():
        for address in account.presence.watch:
            yield name, address, ""
    for phone in config.desk_phones.values():
        if phone.follow:
            yield AccountId(phone.account), phone.follow, phone.id
