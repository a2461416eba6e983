# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone without its bus: starts, configures and stops what it is made of."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from offhookd.config import load as config_files
from offhookd.config.problems import ConfigError
from offhookd.config.schema import Config
from offhookd.engine.launch import Launched
from offhookd.engine_news import EngineNews
from offhookd.features import FEATURES
from offhookd.parts import Parts
from offhookd.phone.account import Account
from offhookd.phone.detours import Policy
from offhookd.phone.errors import InvalidConfigError, InvalidStateError
from offhookd.phone.events import Signal
from offhookd.phone.problems import Problems
from offhookd.phone.service import AccountSwitch, ConfigProblem, Fact, Service, ServiceState
from offhookd.phone.sets import SetControl
from offhookd.phone.values import AccountId, AccountState
from offhookd.phone.wishes import Wishes
from offhookd.settings import country_of, set_log_level, start_command

ENGINE_START_LIMIT_S = 2.0
"""The engine is up after some 0.15 s; clients may see a phone that is not ready after this."""

logger = logging.getLogger(__name__)


class Daemon(Service, AccountSwitch):
    """`find_config`: tells the files to read now, weakest first; `engine`: one that was launched
    already."""

    def __init__(
        self,
        find_config: Callable[[], Sequence[Path]],
        state_directory: Path,
        cache_directory: Path,
        engine: Launched | None = None,
    ) -> None:
        self.changed = Signal()
        self._find_config = find_config
        self._state = ServiceState.STARTING
        self._generation = 0
        self._reloading = asyncio.Lock()
        problems = Problems()
        self._config = self._read_first(problems)
        self.parts = parts = Parts(
            lambda: self._config, problems, state_directory, cache_directory, engine
        )
        self._news = EngineNews(parts)
        self._news.started.connect(self._apply_policy)
        self._news.changed.connect(self.changed)
        parts.engine.connect(parts.calls, parts.accounts, parts.lines, self._news, parts.handovers)
        problems.changed.connect(self._follow_problems)

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Returns when calls can be placed, or when it is clear that they cannot yet."""
        self._apply_accounts()
        self._generation = 1
        await self.parts.audio.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(ENGINE_START_LIMIT_S):
                await self._news.heard.wait()
                await self.parts.lines.settled()

    async def plug_in(self) -> SetControl:
        """Let the telephone sets and the address books take part."""
        sets = await self.parts.plug_in()
        self.parts.directory.configure(self._config.directory)
        return sets

    def running(self) -> None:
        """Everything is up and on the bus."""
        self._enter(ServiceState.RUNNING)
        self._follow_problems()

    async def stop(self) -> None:
        """Hang up, unregister and let go of everything, within two seconds."""
        self._enter(ServiceState.STOPPING)
        self._news.stopping = True
        await self.parts.stop()

    def hint(self, why: str) -> None:
        """The network or the machine came back: try what failed again."""
        self.parts.resolver.forget()
        self.parts.stun.hint()
        self.parts.turn.hint()
        if self.parts.sets:
            self.parts.sets.resumed()
        for account in self.parts.accounts:
            account.hint(why)
        self.parts.presence.hint(why)

    # ------------------------------------------------------------ Service

    @property
    def state(self) -> ServiceState:
        return self._state

    @property
    def engine_facts(self) -> Mapping[str, Fact]:
        return self._news.facts

    @property
    def features(self) -> tuple[str, ...]:
        return FEATURES

    @property
    def generation(self) -> int:
        return self._generation

    async def reload(self) -> None:
        async with self._reloading:  # else what was read first could be applied last
            try:
                config = await asyncio.to_thread(config_files.load, self._find_config())
            except ConfigError as error:
                logger.warning("the configuration is not applied: %s", error)
                self.parts.problems.raise_("config-invalid", str(error))
                raise InvalidConfigError(str(error)) from None
            self.parts.problems.clear("config-invalid")
            await self._use(config)
        self._generation += 1
        self.changed()

    async def _use(self, config: Config) -> None:
        """Apply what is different; calls go on."""
        self._config = config
        set_log_level(config)
        self._apply_policy()
        self._apply_accounts()
        for account in self.parts.accounts:
            if account.state is AccountState.FAILED:
                account.hint("configuration reloaded")
        await self.parts.audio.configure(config.audio)
        if self.parts.sets:
            self.parts.sets.reload()
        self.parts.directory.configure(config.directory)
        self.parts.engine.configure(start_command(config))

    def validate(self) -> Sequence[ConfigProblem]:
        return [
            ConfigProblem(str(one.file), one.line, one.key, one.reason)
            for one in config_files.validate(self._find_config())
        ]

    # ------------------------------------------------------------ AccountSwitch

    def enable(self, account: Account, enabled: bool) -> None:
        chosen = replace(self.parts.choices.account(account.id), enabled=enabled)
        self.parts.choices.set_account(account.id, chosen)
        account.set_enabled(enabled)

    @property
    def wishes(self) -> Wishes:
        return self.parts.rules.wishes

    def prefer(self, account: AccountId) -> None:
        found = self.parts.accounts.get(account)
        if found and not found.enabled:
            raise InvalidStateError(f"Account '{account}' is disabled; enable it first")
        self.parts.accounts.prefer(account)
        self.parts.choices.phone = replace(self.parts.choices.phone, default_account=account)

    # ------------------------------------------------------------ how

    def _read_first(self, problems: Problems) -> Config:
        """A phone with a broken configuration runs without accounts and says why."""
        try:
            config = config_files.load(self._find_config())
        except ConfigError as error:
            logger.error("%s", error)  # noqa: TRY400 - the problems are the message
            problems.raise_("config-invalid", str(error))
            return Config()
        set_log_level(config)
        return config

    def _apply_policy(self) -> None:
        calls = self._config.calls
        self.parts.handovers.detours.use(Policy(calls.transferred, calls.redirected))
        self.parts.sounds.hold_music.use(str(self._config.audio.hold_music or ""))

    def _apply_accounts(self) -> None:
        configs = self._config.accounts
        self.parts.rules.apply(self._config, country_of(self._config))
        chosen = {name: self.parts.choices.account(name).enabled for name in configs}
        self.parts.presence.configure(self._config)
        self.parts.lines.apply(configs, chosen)
        self.parts.stun.configure(configs)
        self.parts.turn.configure(configs)
        self.parts.desks.configure(self._config)
        preferred = AccountId(self.parts.choices.phone.default_account)
        if self.parts.accounts.get(preferred):
            self.parts.accounts.prefer(preferred)

    def _follow_problems(self) -> None:
        """ "degraded" is what a light in the tray shows: something needs a person."""
        if self._state in {ServiceState.RUNNING, ServiceState.DEGRADED}:
            self._enter(ServiceState.DEGRADED if any(self.parts.problems) else ServiceState.RUNNING)

    def _enter(self, state: ServiceState) -> None:
        if state is not self._state:
            self._state = state
            self.changed()
