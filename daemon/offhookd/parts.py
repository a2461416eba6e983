# SPDX-License-Identifier: GPL-2.0-or-later
"""What the phone is made of: each part built once, given what it needs, and connected."""

import asyncio
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from offhookd import stun_probe, turn_probe
from offhookd.audio import Audio
from offhookd.callers import Callers
from offhookd.clock import LoopClock
from offhookd.config.schema import Config
from offhookd.desks import Desks
from offhookd.desktop import secrets
from offhookd.desktop.resolve import Resolver
from offhookd.desktop_manners import DesktopManners
from offhookd.directory.books import AddressBooks
from offhookd.directory.client import ReaderClient
from offhookd.engine.client import EngineClient
from offhookd.engine.launch import Launched
from offhookd.engine.message_client import MessageClient
from offhookd.hooks import Hooks
from offhookd.lines import Lines
from offhookd.phone.account import Account
from offhookd.phone.accounts import Accounts
from offhookd.phone.calls import Calls
from offhookd.phone.conference import Conferences
from offhookd.phone.connected import ConnectedLines
from offhookd.phone.detours import Detours
from offhookd.phone.handovers import Handovers
from offhookd.phone.hearing import Hearing
from offhookd.phone.messages import Messages
from offhookd.phone.moments import Moments
from offhookd.phone.problems import Problems
from offhookd.phone.relays import Relays
from offhookd.phone.transfers import Transfers
from offhookd.phone.unplugging import Unplugging
from offhookd.presence import Presence
from offhookd.rules import Rules
from offhookd.settings import country_of, start_command
from offhookd.sounds import Sounds
from offhookd.store.history import History
from offhookd.store.messages import StoredMessages
from offhookd.store.state import State
from offhookd.stun import StunServers
from offhookd.turn import TurnServers

if TYPE_CHECKING:
    from offhookd.sets import TelephoneSets


class Parts:
    """All that lives as long as the phone; a list from top to bottom, without a decision.

    `config`: that of the moment; `launched`: an engine that is on its way already.
    """

    def __init__(
        self,
        config: Callable[[], Config],
        problems: Problems,
        state_directory: Path,
        cache_directory: Path,
        launched: Launched | None,
    ) -> None:
        def country() -> str:
            return country_of(config())

        self.problems = problems
        self.engine = EngineClient(start_command(config()))
        self.engine.start(launched)
        self.clock = clock = LoopClock(asyncio.get_running_loop())

        self.history = History(
            state_directory / "history.sqlite", partial(problems.hold, "history-storage")
        )
        self.history.close_orphans(clock.now_us(), booted_us())
        stored_messages = StoredMessages(self.history.storage)
        stored_messages.fail_orphans("The phone stopped before anybody answered")
        self.choices = State(
            state_directory / "state.json", partial(problems.hold, "settings-storage")
        )

        self.audio = Audio(config().audio, self.engine, self.choices, problems)
        self.accounts = Accounts()
        self.calls = Calls(self.engine, self.history, self.audio, clock)
        self.calls.removed.connect(lambda _: self.engine.renew())
        tell_standing = self.engine.answer_options
        self.rules = Rules(self.accounts, self.calls, self.choices, problems, clock, tell_standing)
        planner = self.rules.planner

        self.resolver = Resolver()
        self.lines = Lines(
            self.accounts,
            self.calls,
            problems,
            clock,
            self.engine.tell,
            self.resolver.resolve,
            secrets.password_for,
            planner.complete_text,
            random.random,
        )
        self.stun = StunServers(
            self.engine.tell,
            problems,
            partial(stun_probe.look, resolve=self.resolver.resolve_stun),
        )
        self.turn = TurnServers(
            self.engine.tell,
            problems,
            partial(turn_probe.look, resolve=self.resolver.resolve_turn),
            secrets.turn_password_for,
        )

        self.conferences = Conferences(self.calls, self.engine, self.history, clock)
        connected = ConnectedLines(self.calls, self.history, self.rules.reach_the_same)
        self.handovers = Handovers(
            Transfers(self.calls, self.engine, clock),
            Detours(self.calls, self.engine, planner),
            Relays(self.calls, self.engine, clock, planner, self.rules.by_hand),
            connected,
        )
        self.desks = Desks(
            self.calls, clock, self.engine, self.engine.tell, self.lines, self.history.reserve
        )
        self.lines.guests.append(lambda: self.desks.awaited)
        self.sounds = Sounds(
            self.calls, self.engine, self.history, problems, clock, lambda: config().recording
        )
        self.hearing = Hearing(self.calls, problems)
        self.unplugging = Unplugging(self.calls, lambda: config().audio.on_unplug)
        self.unplugging.given_up.connect(self.audio.let_go)
        self.audio.presence.connect(self.unplugging.sound_is)

        self.presence = Presence(
            self.accounts,
            self.calls,
            self.choices,
            problems,
            clock,
            self.engine.tell,
            planner,
        )
        self.presence.availability.changed.connect(self.rules.standing.look)
        self.mail = MessageClient(self.engine.tell, self.lines)
        self.messages = Messages(self.mail, stored_messages, self.accounts, clock)
        self.messages.settled.connect(lambda _: self.lines.guests_changed())
        self.lines.guests.append(lambda: self.messages.awaited)

        self.directory = AddressBooks(
            cache_directory / "contacts.sqlite",
            ReaderClient(),
            secrets.book_password_for,
            problems,
            country,
        )
        moments = Moments(self.calls)
        self.callers = Callers(self.calls, self.directory, moments, connected.moved)
        self.manners = DesktopManners(self.calls, lambda: config().desktop)
        self.hooks = Hooks(self.calls, moments, problems, config, country)

        self.sets: TelephoneSets | None = None
        """Plugged in last."""
        self._config = config

    async def plug_in(self) -> "TelephoneSets":
        """Let the telephone sets take part."""
        # Loaded after the first REGISTER is out: 40 ms that nobody waits for there.
        from offhookd.sets import TelephoneSets, read_quirks  # noqa: PLC0415

        self.sets = sets = TelephoneSets(
            self.calls,
            self.conferences,
            self.rules.planner,
            self.engine,
            self.audio,
            self.history,
            self.choices,
            self.problems,
            self.clock,
            read_quirks(self.problems),
            self.unplugging,
            lambda: self._config().devices,
        )

        def show_waiting(_: Account) -> None:
            sets.messages_waiting(any(one.mailbox.new for one in self.accounts))

        self.accounts.changed.connect(show_waiting)
        self.accounts.removed.connect(show_waiting)
        await sets.start()
        return sets

    async def stop(self) -> None:
        """Hang up, unregister and let go of everything, within two seconds."""
        self.callers.stop()
        await self.presence.stop()
        self.hooks.stop()
        await self.mail.stop()
        await self.desks.stop()
        await self.stun.stop()
        await self.turn.stop()
        await self.lines.stop()
        await self.engine.stop()
        if self.sets:
            await self.sets.stop()
        self.sounds.stop()
        await self.audio.stop()
        await self.directory.stop()
        await self.manners.stop()
        self.history.close()


def booted_us() -> int:
    """When this machine started, in microseconds of CLOCK_REALTIME."""
    return (time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // 1000
