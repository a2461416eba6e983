# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone's presence on the session bus: connected, reconnected, its name owned."""

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .bus import Connection
from .clients import Clients
from .dispatch import Dispatcher
from .errors import BusUnavailableError, NameTakenError
from .marshal import Variant
from .names import BUS_NAME
from .objects import ObjectTree

_LOGGER = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
"""A bus that is restarted is back within a second."""
LAST_RETRY_S = 30.0

_DO_NOT_QUEUE = 4  # flag of RequestName; the replies are in the D-Bus specification likewise
_IN_QUEUE, _EXISTS = 2, 3


def session_address() -> str:
    """Where the session bus is, found as sd-bus finds it; BusUnavailableError when nobody says."""
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    if directory := os.environ.get("XDG_RUNTIME_DIR"):
        return f"unix:path={directory}/bus"
    raise BusUnavailableError(
        "no D-Bus session bus: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set"
    )


class Service:
    """Everything in `tree` is served from `start` to `stop`, whatever happens to the bus.

    Signals are sent from `publish` on: before, no client knows whom to listen to.
    """

    def __init__(self, address: str = "", name: str = BUS_NAME) -> None:
        self.tree = ObjectTree(self, Variant)
        self._address = address or session_address()
        self._name = name
        self._clients = Clients(self)
        self._dispatcher = Dispatcher(self.tree, self._clients)
        self._connection: Connection | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._published = False

    async def start(self, *, wait_for_bus: bool = False) -> None:
        """Connect.  Without a bus: BusUnavailableError, or go on trying if `wait_for_bus`."""
        try:
            await self._connect()
        except BusUnavailableError as error:
            if not wait_for_bus:
                raise
            _LOGGER.warning("%s; the phone works, clients cannot reach it yet", error)
        self._keeper = asyncio.create_task(self._keep_connected(), name="dbus keeper")

    async def publish(self) -> None:
        """Own the name; to be called when the objects are there.

        NameTakenError when another program owns it.  Without a bus the name is asked for as
        soon as there is one.
        """
        self._published = True
        if self._connection is None:
            return
        with suppress(BusUnavailableError):  # the keeper asks again
            if await self._request_name(self._connection, _DO_NOT_QUEUE) == _EXISTS:
                self._published = False
                owner = await self._owner(self._connection)
                raise NameTakenError(f"{owner}; end that one first, or use it")

    async def stop(self) -> None:
        """Refuse the calls in progress, send what is queued and leave the bus."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        await self._dispatcher.stop()
        self.tree.flush()
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()
        self._clients.all_left()

    def signal(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str,
        body: list[object],
        destination: str = "",
    ) -> None:
        """Outbox of the tree."""
        if self._connection and self._published:
            self._connection.signal(path, interface, member, signature, body, destination)

    async def follow(self, name: str) -> bool:
        """Names, for the clients: hear of `name` leaving; False when it is gone already."""
        connection = self._connection
        if connection is None:
            return False
        connection.tell("AddMatch", "s", _leaving(name))
        return bool(await connection.ask("NameHasOwner", "s", name))

    def unfollow(self, name: str) -> None:
        if self._connection:
            self._connection.tell("RemoveMatch", "s", _leaving(name))

    async def _connect(self) -> Connection:
        connection = await Connection.open(
            self._address, self._dispatcher.handle, self._hear_from_daemon
        )
        self._connection = connection
        return connection

    async def _keep_connected(self) -> None:
        while True:
            if self._connection:
                reason = await self._connection.lost()
                self._connection = None
                self._clients.all_left()
                _LOGGER.warning("lost the D-Bus session bus (%s); trying to get back", reason)
            await self._reconnect()

    async def _reconnect(self) -> None:
        since = time.monotonic()
        for delay_s in _retry_delays():
            await asyncio.sleep(delay_s)
            try:
                await self._connect_and_publish()
            except BusUnavailableError as error:
                _LOGGER.debug("%s", error)
            else:
                _LOGGER.info("on the D-Bus session bus after %.1f s", time.monotonic() - since)
                return

    async def _connect_and_publish(self) -> None:
        connection = await self._connect()
        try:
            if self._published:
                await self._queue_for_name(connection)
        except BusUnavailableError:
            self._connection = None
            await connection.close()
            raise

    async def _queue_for_name(self, connection: Connection) -> None:
        """Get the name, now or when its present owner leaves."""
        if await self._request_name(connection, 0) == _IN_QUEUE:
            _LOGGER.warning("%s; waiting for it to leave", await self._owner(connection))

    async def _request_name(self, connection: Connection, flags: int) -> int:
        return int(await connection.ask("RequestName", "su", self._name, flags))

    async def _owner(self, connection: Connection) -> str:
        pid = "unknown"
        with suppress(BusUnavailableError):  # it left meanwhile
            pid = await connection.ask("GetConnectionUnixProcessID", "s", self._name)
        return f"the bus name {self._name} is owned by another program (process {pid})"

    def _hear_from_daemon(self, member: str, arguments: list[Any]) -> None:
        if member == "NameOwnerChanged" and not arguments[2]:
            self._clients.left(arguments[0])


def _retry_delays() -> Iterator[float]:
    delay_s = FIRST_RETRY_S
    while True:
        yield delay_s
        delay_s = min(2 * delay_s, LAST_RETRY_S)


def _leaving(name: str) -> str:
    return (
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
        f"member='NameOwnerChanged',arg0='{name}',arg2=''"
    )
