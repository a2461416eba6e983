# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether anybody uses this desktop, as logind knows it (org.freedesktop.login1, IdleHint).

The hint of the user counts, not that of a session: it is set when every session of the user is
idle, and the daemon, a user service, belongs to none.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.asyncio import DBusConnection

LOGIND = "org.freedesktop.login1"
LOGIND_PATH = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"
USER = "org.freedesktop.login1.User"
PROPERTIES = "org.freedesktop.DBus.Properties"

RETRY_S = 60.0
"""A system bus that restarts takes the desktop with it; this is for containers and tests."""

logger = logging.getLogger(__name__)


class IdleWatch:
    """`on_idle` hears of every change; without logind nobody is ever idle.

    `uid`: whose desktop; `address`: of the system bus, or "SYSTEM" for this machine's.
    """

    def __init__(
        self, on_idle: Callable[[bool], None], uid: int | None = None, address: str = "SYSTEM"
    ) -> None:
        self._on_idle = on_idle
        self._uid = os.getuid() if uid is None else uid
        self._address = address
        self._idle = False
        self._task: asyncio.Task[None] | None = None

    def start(self, delay_s: float = 0) -> None:
        """Begin to watch `delay_s` from now; doing so again changes nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(delay_s), name="idle watch")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while True:
            try:
                await self._follow()
            except (OSError, EOFError, ValueError, KeyError, LookupError, RuntimeError) as error:
                # jeepney raises all of these for a bus that is absent, ends, or talks nonsense.
                logger.debug("logind does not tell whether anybody is here: %r", error)
            self._tell(idle=False)
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        # Only here: most phones publish nothing and need no second bus.
        from jeepney import DBusAddress, MatchRule, message_bus, new_method_call  # noqa: PLC0415
        from jeepney.io.asyncio import open_dbus_connection  # noqa: PLC0415

        manager = DBusAddress(LOGIND_PATH, LOGIND, MANAGER)
        async with await open_dbus_connection(self._address) as bus:
            get_user = new_method_call(manager, "GetUser", "u", (self._uid,))
            (path,) = await self._ask(bus, get_user)
            rule = MatchRule(
                type="signal", sender=LOGIND, interface=PROPERTIES, member="PropertiesChanged"
            )
            rule.add_arg_condition(0, USER)
            await self._ask(bus, message_bus.AddMatch(rule))
            user = DBusAddress(path, LOGIND, PROPERTIES)
            get_hint = new_method_call(user, "Get", "ss", (USER, "IdleHint"))
            ((_, idle),) = await self._ask(bus, get_hint)
            self._tell(idle=bool(idle))
            while True:
                self._hear(await bus.receive(), path)

    async def _ask(self, bus: "DBusConnection", message: "Message") -> tuple[Any, ...]:
        """The body of the reply; what else arrives meanwhile is read again afterwards."""
        from jeepney import HeaderFields, MessageType  # noqa: PLC0415 - loaded by now

        serial = next(bus.outgoing_serial)
        await bus.send(message, serial=serial)
        while True:
            reply = await bus.receive()
            if reply.header.fields.get(HeaderFields.reply_serial) == serial:
                break
        if reply.header.message_type is MessageType.error:
            raise LookupError(str(reply.body)[:200])
        body: tuple[Any, ...] = reply.body
        return body

    def _hear(self, signal: "Message", path: object) -> None:
        from jeepney import HeaderFields  # noqa: PLC0415 - loaded by now

        if signal.header.fields.get(HeaderFields.path) != path or len(signal.body) != 3:  # noqa: PLR2004 - the arguments of PropertiesChanged
            return
        _, changed, _ = signal.body
        if "IdleHint" in changed:
            self._tell(idle=bool(changed["IdleHint"][1]))

    def _tell(self, *, idle: bool) -> None:
        if idle != self._idle:
            self._idle = idle
            self._on_idle(idle)
