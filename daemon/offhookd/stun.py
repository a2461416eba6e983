# SPDX-License-Identifier: GPL-2.0-or-later
"""The STUN servers of the accounts: only those that answer are given to the engine.

A server that is gone would hold back the next call.  So it is asked at the start, when the network
changes, when the engine misses its answer, and now and then; a dead one is taken from the engine
at once and told to the user, and calls go on without it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from offhookd.config.schema import AccountConfig
from offhookd.engine import protocol as p
from offhookd.lines import subject_of
from offhookd.phone.errors import PhoneError
from offhookd.phone.problems import Problems
from offhookd.phone.values import AccountId
from offhookd.stun_probe import Sighting

ALIVE_S = 120.0
"""Between two looks at a server that answers.  A call that finds it gone before the next look waits
for it for 0.35 s, and no other call does."""

DEAD_S = (2.0, 5.0, 15.0, 60.0)
"""The same for one that does not; the last is repeated."""

SHORTEST_PAUSE_S = 1.0
"""However often an engine says that it misses an answer."""

PROBLEM = "stun"

logger = logging.getLogger(__name__)

Look = Callable[[str], Awaitable[Sighting]]
"""Asks the server of a name; see `stun_probe.look`."""


class StunServers:
    """Which account has which server, and which of them are alive."""

    def __init__(self, tell: Callable[[p.Command], None], problems: Problems, look: Look) -> None:
        self._tell = tell
        self._problems = problems
        self._look = look
        self._wanted: dict[AccountId, str] = {}
        self._watches: dict[str, _Watch] = {}
        self._told: dict[str, str] = {}

    def configure(self, configs: Mapping[AccountId, AccountConfig]) -> None:
        """After every change of accounts, which forgets what was wrong with them."""
        for account in self._wanted:
            self._problems.clear(PROBLEM, subject_of(account))
        self._wanted = {name: config.stun for name, config in configs.items() if config.stun}
        names = set(self._wanted.values())
        for name in self._watches.keys() - names:
            self._watches.pop(name).cancel()
        for name in names - self._watches.keys():
            self._watches[name] = _Watch(name, self._look, self._changed)
        self._changed()

    def engine_started(self) -> None:
        """A new engine knows no server."""
        self._told = {}
        self._changed()

    def lost(self, server: str) -> None:
        """The engine has given up on `server`, "ip:port", and asks it no more."""
        self._told = {account: known for account, known in self._told.items() if known != server}
        for watch in self._watches.values():
            if watch.sighting and watch.sighting.server == server:
                watch.hurry()

    def hint(self) -> None:
        """The network or the machine came back."""
        for watch in self._watches.values():
            watch.hurry()

    async def stop(self) -> None:
        watches = tuple(self._watches.values())
        self._watches.clear()
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*(watch.task for watch in watches), return_exceptions=True)

    def _changed(self) -> None:
        alive: dict[str, str] = {}
        for account, name in self._wanted.items():
            watch = self._watches[name]
            if watch.sighting:
                alive[account] = watch.sighting.server
            self._problems.hold(PROBLEM, _sentence(account, watch), subject_of(account))
        if alive != self._told:
            self._told = alive
            self._tell(p.SetStun(servers=alive))


class _Watch:
    """One server: the last look at it, and when the next one is due.

    `sighting` is None and `reason` "" before the first look has ended.
    """

    def __init__(self, name: str, look: Look, changed: Callable[[], None]) -> None:
        self.name = name
        self.sighting: Sighting | None = None
        self.reason = ""
        self._look = look
        self._changed = changed
        self._failures = 0
        self._hurry = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"STUN {name}")

    def hurry(self) -> None:
        """Look again now."""
        self._failures = 0
        self._hurry.set()

    def cancel(self) -> None:
        self.task.cancel()

    async def _run(self) -> None:
        while True:
            self._hurry.clear()
            try:
                self._seen(await self._look(self.name))
            except PhoneError as error:
                self._missed(str(error))
            self._changed()
            await asyncio.sleep(SHORTEST_PAUSE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._hurry.wait()

    def _pause_s(self) -> float:
        return DEAD_S[min(self._failures, len(DEAD_S)) - 1] if self._failures else ALIVE_S

    def _seen(self, sighting: Sighting) -> None:
        before, self.sighting = self.sighting, sighting
        self._failures, self.reason = 0, ""
        if before is None or before.seen.host != sighting.seen.host:
            host = sighting.seen.host
            logger.info("STUN server %s (%s) sees us at %s", self.name, sighting.server, host)

    def _missed(self, reason: str) -> None:
        level = logging.DEBUG if self.reason else logging.WARNING
        logger.log(level, "STUN server %s is not used: %s", self.name, reason)
        self.sighting, self.reason = None, reason
        self._failures += 1


def _sentence(account: AccountId, watch: _Watch) -> str:
    if not watch.reason:
        return ""
    return (
        f"Account {account} calls without its STUN server {watch.name}, and who is outside of this "
        f"network may not hear you: {watch.reason} It is tried again by itself; if it stays away, "
        "name another one by `stun:` in offhook.yaml."
    )
