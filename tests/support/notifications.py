# SPDX-License-Identifier: GPL-2.0-or-later
"""A desktop's notification service with somebody in front of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

NAME = "org.freedesktop.Notifications"
_OBJECT = DBusAddress("/org/freedesktop/Notifications", interface=NAME)
_ID = 7
_DISMISSED = 2


GNOME = ("gnome-shell", "GNOME", "43.9", "1.2")
ANOTHER = ("another", "nobody", "1.0", "1.2")


class Notifications:
    """Presses the button `press` on whatever is shown, dismisses it if that is "", leaves it on
    the screen if that is None."""

    def __init__(self, connection: DBusConnection, press: str | None) -> None:
        self.shown: list[tuple[Any, ...]] = []
        """Arguments of every Notify."""
        self.closed = 0
        """How often CloseNotification was called."""
        self.capabilities = ["actions"]
        self.information = ANOTHER
        self.token = ""
        """Told before a button is pressed, as by a desktop that knows who was clicked on."""
        self._connection = connection
        self._press = press

    async def serve(self) -> None:
        while True:
            message = await self._connection.receive()
            if message.header.message_type is MessageType.method_call:
                await self._answer(message, message.header.fields[HeaderFields.member])

    async def _answer(self, message: Any, member: str) -> None:
        match member:
            case "GetCapabilities":
                await self._connection.send(new_method_return(message, "as", (self.capabilities,)))
            case "GetServerInformation":
                await self._connection.send(new_method_return(message, "ssss", self.information))
            case "Notify":
                self.shown.append(message.body)
                await self._connection.send(new_method_return(message, "u", (_ID,)))
                await self._react()
            case "CloseNotification":
                self.closed += 1
                await self._connection.send(new_method_return(message))

    async def _react(self) -> None:
        if self._press is None:
            return
        if self.token:
            told = new_signal(_OBJECT, "ActivationToken", "us", (_ID, self.token))
            await self._connection.send(told)
        if self._press:
            pressed = new_signal(_OBJECT, "ActionInvoked", "us", (_ID, self._press))
            await self._connection.send(pressed)
        closed = new_signal(_OBJECT, "NotificationClosed", "uu", (_ID, _DISMISSED))
        await self._connection.send(closed)


@asynccontextmanager
async def notifications(address: str, press: str | None) -> AsyncIterator[Notifications]:
    """The service, on the bus at `address`, for the length of the block."""
    connection = await open_dbus_connection(address)
    async with DBusRouter(connection) as router:
        await Proxy(message_bus, router).RequestName(NAME)
    service = Notifications(connection, press)
    serving = asyncio.create_task(service.serve(), name="notifications")
    try:
        yield service
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await connection.close()
