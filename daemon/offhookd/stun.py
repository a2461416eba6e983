# SPDX-License-Identifier: GPL-2.0-or-later
"""The STUN servers of the accounts: only those that answer are given to the engine.

A server that is gone would hold back the next call.  So it is asked at the start, when the network
changes, when the engine misses its answer, and now and then; a dead one is taken from the engine
at once and told to the user, and calls go on without it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from offhookd.config.schema import AccountConfig
from offhookd.engine import protocol as p
from offhookd.lines import subject_of
from offhookd.phone.problems import Problems
from offhookd.phone.values import AccountId
from offhookd.server_watch import ServerWatch
from offhookd.stun_probe import Sighting

PROBLEM = "stun"

Look = Callable[[str], Awaitable[Sighting]]
"""Asks the server of a name; see `stun_probe.look`."""


class StunServers:
    """Which account has which server, and which of them are alive."""

    def __init__(self, tell: Callable[[p.Command], None], problems: Problems, look: Look) -> None:
        self._tell = tell
        self._problems = problems
        self._look = look
        self._wanted: dict[AccountId, str] = {}
        self._watches: dict[str, ServerWatch[Sighting]] = {}
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
            look = partial(self._look, name)
            self._watches[name] = ServerWatch(f"STUN server {name}", look, self._changed)
        self._changed()

    def engine_started(self) -> None:
        """A new engine knows no server."""
        self._told = {}
        self._changed()

    def lost(self, server: str) -> None:
        """The engine has given up on `server`, "ip:port", and asks it no more."""
        self._told = {account: known for account, known in self._told.items() if known != server}
        for watch in self._watches.values():
            if watch.found and watch.found.server == server:
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
            if watch.found:
                alive[account] = watch.found.server
            sentence = _sentence(account, name, watch.reason)
            self._problems.hold(PROBLEM, sentence, subject_of(account))
        if alive != self._told:
            self._told = alive
            self._tell(p.SetStun(servers=alive))


def _sentence(account: AccountId, server: str, reason: str) -> str:
    if not reason:
        return ""
    return (
        f"Account {account} calls without its STUN server {server}, and who is outside of this "
        f"network may not hear you: {reason} It is tried again by itself; if it stays away, "
        "name another one by `stun:` in offhook.yaml."
    )
