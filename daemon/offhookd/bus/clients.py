# SPDX-License-Identifier: GPL-2.0-or-later
"""Who calls, and when a client leaves the bus."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from .errors import BusUnavailableError


class Names(Protocol):
    """What the bus daemon tells about the names of clients."""

    async def follow(self, name: str) -> bool:
        """Have `Clients.left` called when `name` goes; False when it is gone already."""

    def unfollow(self, name: str) -> None: ...


class Clients:
    """The clients somebody here waits for to leave."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._waiting: dict[str, dict[object, Callable[[], None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def on_left(self, name: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` once when the client leaves, or the bus with it; returns the undoing."""
        if name not in self._waiting:
            self._waiting[name] = {}
            task = asyncio.create_task(self._follow(name), name=f"dbus client {name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        token = object()
        self._waiting[name][token] = callback
        return partial(self._forget, name, token)

    def left(self, name: str) -> None:
        """The client is gone."""
        callbacks = self._waiting.pop(name, None)
        if callbacks is None:
            return
        self._names.unfollow(name)
        for callback in callbacks.values():
            asyncio.get_running_loop().call_soon(callback)  # one that fails stops no other

    def all_left(self) -> None:
        """The bus is gone, and every client with it."""
        for name in list(self._waiting):
            self.left(name)

    async def _follow(self, name: str) -> None:
        try:
            present = await self._names.follow(name)
        except BusUnavailableError:
            present = False
        if not present:
            self.left(name)

    def _forget(self, name: str, token: object) -> None:
        callbacks = self._waiting.get(name, {})
        if callbacks.pop(token, None) and not callbacks:
            del self._waiting[name]
            self._names.unfollow(name)


@dataclass(frozen=True, slots=True)
class Caller:
    """The client that sent a call."""

    name: str
    """Its unique name on the bus, never given to another client."""
    _clients: Clients

    def on_left(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` once when this client leaves the bus; returns the undoing."""
        return self._clients.on_left(self.name, callback)
