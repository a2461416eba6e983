# SPDX-License-Identifier: GPL-2.0-or-later
"""A logind that says what a test wants, on a bus of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.asyncio import DBusConnection, open_dbus_connection

NAME = "org.freedesktop.login1"
USER = "org.freedesktop.login1.User"
PROPERTIES = "org.freedesktop.DBus.Properties"
FAILED = "org.freedesktop.DBus.Error.Failed"


class Logind:
    """One user with an IdleHint."""

    def __init__(self, bus: DBusConnection, uid: int) -> None:
        self._bus = bus
        self._uid = uid
        self.path = f"/org/freedesktop/login1/user/_{uid}"
        self.idle = False
        self.asked = asyncio.Event()

    async def set_idle(self, idle: bool, path: str = "") -> None:
        self.idle = idle
        emitter = DBusAddress(path or self.path, interface=PROPERTIES)
        body: tuple[object, ...] = (USER, {"IdleHint": ("b", idle)}, [])
        await self._bus.send(new_signal(emitter, "PropertiesChanged", "sa{sv}as", body))

    async def serve(self) -> None:
        while True:
            call = await self._bus.receive()
            if call.header.message_type is MessageType.method_call:
                await self._bus.send(self._answer(call))

    def _answer(self, call: Message) -> Message:
        match call.header.fields.get(HeaderFields.member), call.body:
            case "GetUser", (self._uid,):
                return new_method_return(call, "o", (self.path,))
            case "Get", (_, "IdleHint"):
                self.asked.set()
                return new_method_return(call, "v", (("b", self.idle),))
        return new_error(call, FAILED, "s", ("No such user",))


@asynccontextmanager
async def logind(address: str, uid: int) -> AsyncIterator[Logind]:
    async with await open_dbus_connection(address) as bus:
        serial = next(bus.outgoing_serial)
        await bus.send(message_bus.RequestName(NAME), serial=serial)
        served = Logind(bus, uid)
        task = asyncio.create_task(served.serve())
        try:
            yield served
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
