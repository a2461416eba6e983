# SPDX-License-Identifier: GPL-2.0-or-later
"""The TURN servers of the accounts: only those that relay for us now are given to the engine.

A server that is gone would hold back the next call for eight seconds.  So each is asked as a call
asks it, with the password, at the start, when the network changes, when a call got no address from
it, and now and then; of one that is gone or refuses the user is told, and calls go on without it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from offhookd.config.schema import AccountConfig, TurnConfig
from offhookd.engine import protocol as p
from offhookd.lines import subject_of
from offhookd.phone.problems import Problems
from offhookd.phone.values import AccountId
from offhookd.server_watch import RefusingError, ServerWatch
from offhookd.turn_probe import Offer

PROBLEM = "turn"

Look = Callable[[TurnConfig, str], Awaitable[Offer]]
"""Has the server of a configuration and a password relay; see `turn_probe.look`."""

PasswordFor = Callable[[AccountId, TurnConfig], Awaitable[str]]
"""Raises a `PhoneError` with a sentence."""


@dataclass(frozen=True, slots=True)
class _Found:
    offer: Offer
    command: p.SetTurn

    def __str__(self) -> str:
        return str(self.offer)


class TurnServers:
    """Which account has which server, and which of them relay."""

    def __init__(
        self,
        tell: Callable[[p.Command], None],
        problems: Problems,
        look: Look,
        password_for: PasswordFor,
    ) -> None:
        self._tell = tell
        self._problems = problems
        self._look = look
        self._password_for = password_for
        self._wanted: dict[AccountId, TurnConfig] = {}
        self._watches: dict[AccountId, ServerWatch[_Found]] = {}
        self._passwords: dict[AccountId, str] = {}
        self._told: dict[AccountId, p.SetTurn] = {}

    def configure(self, configs: Mapping[AccountId, AccountConfig]) -> None:
        """After every change of accounts, which forgets what was wrong with them."""
        wanted = {name: config.turn for name, config in configs.items() if config.turn}
        for account, old in self._wanted.items():
            self._problems.clear(PROBLEM, subject_of(account))
            if wanted.get(account) != old:
                self._watches.pop(account).cancel()
                self._passwords.pop(account, None)
        self._wanted = wanted
        for account, turn in wanted.items():
            if account not in self._watches:
                self._watches[account] = self._watch(account, turn)
        self._changed()

    def engine_started(self) -> None:
        """A new engine knows no server."""
        self._told = {}
        self._changed()

    def lost(self, account: str) -> None:
        """A call of `account` got no address, and the engine asks the server no more."""
        self._told.pop(AccountId(account), None)
        if watch := self._watches.get(AccountId(account)):
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

    def _watch(self, account: AccountId, turn: TurnConfig) -> ServerWatch[_Found]:
        name = f"TURN server {turn.server} of {account}"
        return ServerWatch(name, partial(self._find, account, turn), self._changed)

    async def _find(self, account: AccountId, turn: TurnConfig) -> _Found:
        if account not in self._passwords:
            self._passwords[account] = await self._password_for(account, turn)
        password = self._passwords[account]
        try:
            offer = await self._look(turn, password)
        except RefusingError:
            del self._passwords[account]  # it may have been changed where it is kept
            raise
        command = p.SetTurn(
            account=account, server=offer.server, username=turn.username, password=password
        )
        return _Found(offer, command)

    def _changed(self) -> None:
        alive: dict[AccountId, p.SetTurn] = {}
        for account, watch in self._watches.items():
            if watch.found:
                alive[account] = watch.found.command
            sentence = _sentence(account, self._wanted[account].server, watch.reason)
            self._problems.hold(PROBLEM, sentence, subject_of(account))
        gone = [p.SetTurn(account=one, server="") for one in self._told if one not in alive]
        new = [one for account, one in alive.items() if self._told.get(account) != one]
        self._told = alive
        for command in (*gone, *new):
            self._tell(command)


def _sentence(account: AccountId, server: str, reason: str) -> str:
    if not reason:
        return ""
    return (
        f"Account {account} calls without its TURN server {server}, and where no straight way "
        f"leads to the far end nothing is heard: {reason} It is tried again by itself; if that "
        "does not help, see to `turn:` in offhook.yaml."
    )
