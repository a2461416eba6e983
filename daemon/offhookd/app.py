# SPDX-License-Identifier: GPL-2.0-or-later
"""The top floor: builds the parts, connects them, starts, reloads and stops them."""

import asyncio
import logging
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from offhookd.audio import Audio, fact_of
from offhookd.callers import Callers
from offhookd.clock import LoopClock
from offhookd.config import load as config_files
from offhookd.config.problems import ConfigError
from offhookd.config.schema import Config
from offhookd.desks import Desks
from offhookd.desktop import secrets
from offhookd.desktop.resolve import Resolver
from offhookd.desktop_manners import DesktopManners
from offhookd.directory.books import AddressBooks
from offhookd.directory.client import ReaderClient
from offhookd.engine import protocol as p
from offhookd.engine.client import EngineClient
from offhookd.engine.launch import Launched
from offhookd.engine.message_client import MessageClient
from offhookd.features import FEATURES
from offhookd.hooks import Hooks
from offhookd.lines import Lines
from offhookd.phone import remote
from offhookd.phone.account import Account
from offhookd.phone.accounts import Accounts
from offhookd.phone.calls import Calls
from offhookd.phone.conference import Conferences
from offhookd.phone.detours import Detours, Policy
from offhookd.phone.errors import InvalidConfigError, InvalidStateError
from offhookd.phone.events import Signal
from offhookd.phone.handovers import Handovers
from offhookd.phone.hearing import Hearing
from offhookd.phone.letters import Letter
from offhookd.phone.messages import Messages
from offhookd.phone.moments import Moments
from offhookd.phone.problems import Problems
from offhookd.phone.relays import Relays
from offhookd.phone.service import AccountSwitch, ConfigProblem, Fact, Service, ServiceState
from offhookd.phone.sets import SetControl
from offhookd.phone.transfers import Transfers
from offhookd.phone.unplugging import Unplugging
from offhookd.phone.values import AccountId, AccountState, CallId
from offhookd.phone.wishes import Wishes
from offhookd.presence import Presence
from offhookd.rules import Rules
from offhookd.settings import country_of, set_log_level, start_command
from offhookd.sounds import Sounds
from offhookd.store.history import History
from offhookd.store.messages import StoredMessages
from offhookd.store.state import State
from offhookd.stun import StunServers
from offhookd.stun_probe import look

if TYPE_CHECKING:
    from offhookd.sets import TelephoneSets

ENGINE_START_LIMIT_S = 2.0
"""The engine is up after some 0.15 s; clients may see a phone that is not ready after this."""

GATE_NEWS_S = 600.0
"""One stray packet is no state of the phone for the rest of the day."""

logger = logging.getLogger(__name__)
engine_logger = logging.getLogger("offhookd.engine")


class Daemon(Service, AccountSwitch):
    """The phone without its bus.  `config_paths`: the files to read, weakest first; `engine`:
    one that was launched already."""

    def __init__(
        self,
        config_paths: Sequence[Path],
        state_directory: Path,
        cache_directory: Path,
        engine: Launched | None = None,
    ) -> None:
        self.changed = Signal()
        self.problems = Problems()
        self._config_paths = config_paths
        self._state = ServiceState.STARTING
        self._engine_facts: Mapping[str, Fact] = {}
        self._generation = 0
        self._engine_heard = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._gate_news: asyncio.TimerHandle | None = None
        self._sets: TelephoneSets | None = None
        self._config = self._read_first()
        self.engine = EngineClient(start_command(self._config))
        self.engine.start(engine)
        self._clock = clock = LoopClock(asyncio.get_running_loop())
        self.history = History(
            state_directory / "history.sqlite", partial(self.problems.hold, "history-storage")
        )
        self.choices = State(
            state_directory / "state.json", partial(self.problems.hold, "settings-storage")
        )
        self.history.close_orphans(clock.now_us(), booted_us())
        self.audio = Audio(self._config.audio, self.engine, self.choices, self.problems)
        self.accounts = Accounts()
        self._resolver = Resolver()
        self.calls = Calls(self.engine, self.history, self.audio, clock)
        self.rules = Rules(self.accounts, self.calls, self.choices, self.problems, clock)
        self.conferences = Conferences(self.calls, self.engine, self.history, clock)
        self._unplugging = Unplugging(self.calls, lambda: self._config.audio.on_unplug)
        self._unplugging.given_up.connect(self.audio.let_go)
        self.audio.presence.connect(self._unplugging.sound_is)
        self._hearing = Hearing(self.calls, self.problems)
        self.sounds = Sounds(
            self.calls,
            self.engine,
            self.history,
            self.problems,
            clock,
            lambda: self._config.recording,
        )
        self.lines = Lines(
            self.accounts,
            self.calls,
            self.problems,
            clock,
            self.engine.tell,
            self._resolver.resolve,
            secrets.password_for,
            self.rules.planner.complete_text,
            random.random,
        )
        self.stun = StunServers(
            self.engine.tell, self.problems, partial(look, resolve=self._resolver.resolve_stun)
        )
        self.desks = Desks(
            self.calls, clock, self.engine, self.engine.tell, self.lines, self.history.reserve
        )
        self.lines.guests.append(lambda: self.desks.awaited)
        self.presence = Presence(
            self.accounts,
            self.calls,
            self.choices,
            self.problems,
            clock,
            self.engine.tell,
            self.rules.planner,
        )
        self._mail = MessageClient(self.engine.tell, self.lines)
        stored = StoredMessages(self.history.storage)
        stored.fail_orphans("The phone stopped before anybody answered")
        self.messages = Messages(self._mail, stored, self.accounts, clock)
        self.lines.guests.append(lambda: self.messages.awaited)
        self.messages.settled.connect(lambda _: self.lines.guests_changed())
        self.handovers = Handovers(
            Transfers(self.calls, self.engine, clock),
            Detours(self.calls, self.engine, self.rules.planner),
            Relays(self.calls, self.engine, clock, self.rules.planner, self.rules.by_hand),
        )
        self.engine.connect(self.calls, self.accounts, self.lines, self, self.handovers)
        self.problems.changed.connect(self._follow_problems)
        self.calls.removed.connect(lambda _: self.engine.renew())
        self.directory = AddressBooks(
            cache_directory / "contacts.sqlite",
            ReaderClient(),
            secrets.book_password_for,
            self.problems,
            self._country,
        )
        moments = Moments(self.calls)
        self._callers = Callers(self.calls, self.directory, moments)
        self._manners = DesktopManners(self.calls, lambda: self._config.desktop)
        self._hooks = Hooks(self.calls, moments, self.problems, lambda: self._config, self._country)

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Returns when calls can be placed, or when it is clear that they cannot yet."""
        self._apply_accounts()
        self._generation = 1
        await self.audio.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(ENGINE_START_LIMIT_S):
                await self._engine_heard.wait()
                await self.lines.settled()

    async def plug_in(self) -> SetControl:
        """Let the telephone sets take part."""
        # Loaded after the first REGISTER is out: 40 ms that nobody waits for there.
        from offhookd.sets import TelephoneSets, read_quirks  # noqa: PLC0415

        self._sets = TelephoneSets(
            self.calls,
            self.conferences,
            self.rules.planner,
            self.engine,
            self.audio,
            self.history,
            self.choices,
            self.problems,
            self._clock,
            read_quirks(self.problems),
            self._unplugging,
            lambda: self._config.devices,
        )
        self.accounts.changed.connect(self._show_waiting)
        self.accounts.removed.connect(self._show_waiting)
        await self._sets.start()
        self.directory.configure(self._config.directory)
        return self._sets

    def _show_waiting(self, _account: Account) -> None:
        if self._sets:
            self._sets.messages_waiting(any(one.mailbox.new for one in self.accounts))

    def running(self) -> None:
        """Everything is up and on the bus."""
        self._enter(ServiceState.RUNNING)
        self._follow_problems()

    async def stop(self) -> None:
        """Hang up, unregister and let go of everything, within two seconds."""
        self._enter(ServiceState.STOPPING)
        self._callers.stop()
        await self.presence.stop()
        self._hooks.stop()
        await self._mail.stop()
        await self.desks.stop()
        await self.stun.stop()
        await self.lines.stop()
        await self.engine.stop()
        if self._sets:
            await self._sets.stop()
        self.sounds.stop()
        await self.audio.stop()
        await self.directory.stop()
        await self._manners.stop()
        self.history.close()

    def hint(self, why: str) -> None:
        """The network or the machine came back: try what failed again."""
        self._resolver.forget()
        self.stun.hint()
        if self._sets:
            self._sets.resumed()
        for account in self.accounts:
            account.hint(why)
        self.presence.hint(why)

    # ------------------------------------------------------------ Service

    @property
    def state(self) -> ServiceState:
        return self._state

    @property
    def engine_facts(self) -> Mapping[str, Fact]:
        return self._engine_facts

    @property
    def features(self) -> tuple[str, ...]:
        return FEATURES

    @property
    def generation(self) -> int:
        return self._generation

    async def reload(self) -> None:
        async with self._reloading:  # else what was read first could be applied last
            try:
                config = await asyncio.to_thread(config_files.load, self._config_paths)
            except ConfigError as error:
                logger.warning("the configuration is not applied: %s", error)
                self.problems.raise_("config-invalid", str(error))
                raise InvalidConfigError(str(error)) from None
            self.problems.clear("config-invalid")
            await self._use(config)
        self._generation += 1
        self.changed()

    async def _use(self, config: Config) -> None:
        """Apply what is different; calls go on."""
        self._config = config
        set_log_level(config)
        self._apply_policy()
        self._apply_accounts()
        for account in self.accounts:
            if account.state is AccountState.FAILED:
                account.hint("configuration reloaded")
        await self.audio.configure(config.audio)
        if self._sets:
            self._sets.reload()
        self.directory.configure(config.directory)
        self.engine.configure(start_command(config))

    def validate(self) -> Sequence[ConfigProblem]:
        return [
            ConfigProblem(str(one.file), one.line, one.key, one.reason)
            for one in config_files.validate(self._config_paths)
        ]

    # ------------------------------------------------------------ AccountSwitch

    def enable(self, account: Account, enabled: bool) -> None:
        chosen = replace(self.choices.account(account.id), enabled=enabled)
        self.choices.set_account(account.id, chosen)
        account.set_enabled(enabled)

    @property
    def wishes(self) -> Wishes:
        return self.rules.wishes

    def prefer(self, account: AccountId) -> None:
        found = self.accounts.get(account)
        if found and not found.enabled:
            raise InvalidStateError(f"Account '{account}' is disabled; enable it first")
        self.accounts.prefer(account)
        self.choices.phone = replace(self.choices.phone, default_account=account)

    # ------------------------------------------------------------ EngineListener

    def engine_started(self, facts: Mapping[str, p.Value]) -> None:
        known = {"version", "codecs", "transports", "tls", "max_calls", "video", "pid"}
        self._engine_facts = {
            name.replace("_", "-"): fact_of(value) for name, value in facts.items() if name in known
        }
        limit = facts.get("max_calls")
        self.calls.limit = limit if isinstance(limit, int) else self.calls.limit
        self._engine_heard.set()
        self.problems.clear("engine-down")
        self._tell_faults(facts.get("faults", ()))
        self.audio.engine_started()
        self.sounds.hold_music.engine_started()
        self._apply_policy()
        self.lines.engine_started()
        self.stun.engine_started()
        self.changed()

    def engine_failed(self, text: str) -> None:
        self._engine_facts = {}
        self._engine_heard.set()
        self.presence.engine_lost()
        self.desks.engine_lost(text)
        self.lines.engine_lost()
        if self._state is not ServiceState.STOPPING and not self.engine.renewing:
            self.problems.raise_("engine-down", f"{text}; it is being restarted")
        self.changed()

    def audio_status(self, status: p.AudioStatus) -> None:
        self.audio.status(status)

    def levels(self, call: CallId, sent_dbfs: float, received_dbfs: float) -> None:
        self.audio.levels(call, sent_dbfs, received_dbfs)

    def message_received(self, letter: Letter) -> None:
        self.messages.received(letter)

    def remote_press(self, account: AccountId, key: str, call: CallId) -> None:
        remote.press(self.calls, account, key, call)

    def gate_report(self, dropped: Mapping[str, int], last_source: str) -> None:
        rules = ", ".join(f"{rule} {count}" for rule, count in sorted(dropped.items()))
        text = f"Messages that could harm the phone were dropped, last from {last_source}: {rules}"
        logger.warning("%s", text)
        self.problems.raise_("gate-dropped", text)
        if self._gate_news:
            self._gate_news.cancel()
        clear = partial(self.problems.clear, "gate-dropped")
        self._gate_news = asyncio.get_running_loop().call_later(GATE_NEWS_S, clear)

    def errand_told(self, event: p.ErrandTold) -> None:
        self.desks.told(event)

    def leg_told(self, leg: CallId, event: p.LegState | p.TransferProgress) -> None:
        self.desks.leg_told(leg, event)

    def presence_told(self, event: p.Event) -> None:
        self.presence.take(event)

    def stun_lost(self, event: p.StunLost) -> None:
        self.stun.lost(event.server)

    def recorded(self, event: p.Recorded) -> None:
        self.sounds.recorded(event)

    def engine_log(self, level: int, text: str) -> None:
        engine_logger.log(level, "%s", text)

    # ------------------------------------------------------------ how

    def _read_first(self) -> Config:
        """A phone with a broken configuration runs without accounts and says why."""
        try:
            config = config_files.load(self._config_paths)
        except ConfigError as error:
            logger.error("%s", error)  # noqa: TRY400 - the problems are the message
            self.problems.raise_("config-invalid", str(error))
            return Config()
        set_log_level(config)
        return config

    def _apply_policy(self) -> None:
        calls = self._config.calls
        self.handovers.detours.use(Policy(calls.transferred, calls.redirected))
        self.sounds.hold_music.use(str(self._config.audio.hold_music or ""))

    def _apply_accounts(self) -> None:
        configs = self._config.accounts
        self.rules.apply(self._config, country_of(self._config))
        chosen = {name: self.choices.account(name).enabled for name in configs}
        self.presence.configure(self._config)
        self.lines.apply(configs, chosen)
        self.stun.configure(configs)
        self.desks.configure(self._config)
        preferred = AccountId(self.choices.phone.default_account)
        if self.accounts.get(preferred):
            self.accounts.prefer(preferred)

    def _country(self) -> str:
        return country_of(self._config)

    def _tell_faults(self, faults: p.Value) -> None:
        text = " ".join(map(str, faults)) if isinstance(faults, tuple) else ""
        self.problems.hold("engine-faults", text)

    def _follow_problems(self) -> None:
        """ "degraded" is what a light in the tray shows: something needs a person."""
        if self._state in {ServiceState.RUNNING, ServiceState.DEGRADED}:
            self._enter(ServiceState.DEGRADED if any(self.problems) else ServiceState.RUNNING)

    def _enter(self, state: ServiceState) -> None:
        if state is not self._state:
            self._state = state
            self.changed()


def booted_us() -> int:
    """When this machine started, in microseconds of CLOCK_REALTIME."""
    return (time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // 1000
