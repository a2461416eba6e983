# SPDX-License-Identifier: GPL-2.0-or-later
"""A media player on the session bus, as MPRIS has them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from jeepney import HeaderFields, MessageType, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

NAME = "org.mpris.MediaPlayer2.{}"


class Player:
    """`status` is "Playing", "Paused" or "Stopped"; `told` are the methods called, in order.

    A `slow` one pauses, and does not say so."""

    def __init__(self, connection: DBusConnection, status: str, *, slow: bool) -> None:
        self.status = status
        self._slow = slow
        self.told: list[str] = []
        self._connection = connection

    async def serve(self) -> None:
        while True:
            message = await self._connection.receive()
            if message.header.message_type is MessageType.method_call:
                await self._answer(message, message.header.fields[HeaderFields.member])

    async def _answer(self, message: Any, member: str) -> None:
        if member == "Get":
            await self._connection.send(new_method_return(message, "v", (("s", self.status),)))
            return
        self.told.append(member)
        self.status = {"Pause": "Paused", "Play": "Playing"}.get(member, self.status)
        if not (self._slow and member == "Pause"):
            await self._connection.send(new_method_return(message))


@asynccontextmanager
async def player(
    address: str, name: str, status: str, *, slow: bool = False
) -> AsyncIterator[Player]:
    connection = await open_dbus_connection(address)
    async with DBusRouter(connection) as router:
        await Proxy(message_bus, router).RequestName(NAME.format(name))
    made = Player(connection, status, slow=slow)
    serving = asyncio.create_task(made.serve(), name=f"player {name}")
    try:
        yield made
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await connection.close()
