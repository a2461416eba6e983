# SPDX-License-Identifier: GPL-2.0-or-later
"""Desk phones of an Asterisk exchange: it calls the phone and then, once that is lifted, the far
end (action Originate of the manager interface).

Each call has a connection of its own, as long as it lasts: a manager that only listens would keep
Asterisk busy with events of calls that are not ours.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from offhookd.config.schema import DeskPhoneConfig
from offhookd.phone.desk import AUTO_ANSWER
from offhookd.phone.desk_calls import DeskCalls, DeskCarrier, Errand
from offhookd.phone.errors import InvalidTargetError, PhoneError
from offhookd.phone.parties import user_and_host
from offhookd.phone.ports import Done
from offhookd.phone.values import CallId

from .ami import GoneError, Manager, Message, tls_context
from .originate import End, Originated

PING_S = 30.0
"""An exchange whose machine is gone does not close the connection."""

NORMAL_CLEARING = "16"
EXTENSION_CHARS = frozenset("0123456789*#+-._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
LONGEST_EXTENSION = 80
_ID_BYTES = 6

PasswordFor = Callable[[DeskPhoneConfig], Awaitable[str]]
"""Raises a `PhoneError` with a sentence."""


class AsteriskPhone(DeskCarrier):
    """One desk phone at one exchange."""

    def __init__(
        self,
        config: DeskPhoneConfig,
        homes: frozenset[str],
        desk: DeskCalls,
        password_for: PasswordFor,
    ) -> None:
        """`homes`: the domains whose users are extensions of the exchange."""
        self.ring_s = config.ring_seconds
        self._config = config
        self._homes = homes
        self._desk = desk
        self._password_for = password_for
        self._sessions: dict[CallId, _Session] = {}

    def dial(self, errand: Errand) -> None:
        session = _Session(self._config, self._homes, errand, self._desk, self._password_for)
        self._sessions[errand.call] = session
        session.start(lambda: self._sessions.pop(errand.call, None))

    def hangup(self, call: CallId, done: Done) -> None:
        if session := self._sessions.get(call):
            session.hangup(done)
        else:
            asyncio.get_running_loop().call_soon(done, GoneError("The call is over already"))

    def drop(self, call: CallId) -> None:
        if session := self._sessions.get(call):
            session.drop()

    async def stop(self) -> None:
        """Let go of every call; they go on."""
        await asyncio.gather(*[one.stop() for one in tuple(self._sessions.values())])


class _Session:
    """One call, from the connection to its end."""

    def __init__(
        self,
        config: DeskPhoneConfig,
        homes: frozenset[str],
        errand: Errand,
        desk: DeskCalls,
        password_for: PasswordFor,
    ) -> None:
        self._config = config
        self._homes = homes
        self._errand = errand
        self._desk = desk
        self._password_for = password_for
        self._channel_id = f"offhook-{errand.call}-{os.urandom(_ID_BYTES).hex()}"
        self._manager: Manager | None = None
        self._asked = False
        self._over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._originated = Originated(
            config.id, self._channel_id, partial(desk.told, errand.call), self._end
        )
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, finished: Callable[[], object]) -> None:
        task = self._spawn(self._run(), f"desk call {self._errand.call}")
        task.add_done_callback(lambda _: finished())

    def hangup(self, done: Done) -> None:
        if not self._asked:
            self._tasks[0].cancel()
            self._desk.ended(self._errand.call, "cancelled", 0, "")
            return
        self._spawn(self._hang_up(done), f"desk hang-up {self._errand.call}")

    def drop(self) -> None:
        """Nobody waits for it: end it if it can be, and go."""
        self.hangup(lambda _: None)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.append(task)
        return task

    # ------------------------------------------------------------ the call

    async def _run(self) -> None:
        try:
            end = await self._carried()
        except PhoneError as error:
            end = End("network" if isinstance(error, GoneError) else "error", 0, str(error))
        finally:
            if self._manager:
                await self._manager.close()
        self._desk.ended(self._errand.call, end.cause, end.code, end.text)

    async def _carried(self) -> End:
        config = self._config
        request = origination(config, self._homes, self._errand, self._channel_id)
        context = tls_context(config.ca_file) if config.tls else None
        password = await self._password_for(config)
        manager = self._manager = await Manager.connect(
            config.host, config.port, context, self._hear
        )
        await manager.login(config.username, password)
        self._asked = True
        await manager.ask("Originate", request, self._channel_id)
        return await self._until_over(manager)

    async def _until_over(self, manager: Manager) -> End:
        """The call's end, or the connection's, which may be noticed only when it is tried."""
        while True:
            ends: set[asyncio.Future[Any]] = {self._over, manager.closed}
            await asyncio.wait(ends, timeout=PING_S, return_when=asyncio.FIRST_COMPLETED)
            if self._over.done():
                return self._over.result()
            if manager.closed.done():
                text = f"{manager.closed.result()}; the desk phone may go on with the call"
                return End("network", 0, text)
            await manager.ask("Ping")

    def _hear(self, event: Message) -> None:
        self._originated.take(event)

    def _end(self, end: End) -> None:
        if not self._over.done():
            self._over.set_result(end)

    async def _hang_up(self, done: Done) -> None:
        manager = self._manager
        if manager is None:
            return
        channel = self._originated.channel or self._channel_id
        try:
            await manager.ask("Hangup", [("Channel", channel), ("Cause", NORMAL_CLEARING)])
        except PhoneError as error:
            done(PhoneError(f"The exchange does not end the call of '{self._config.id}': {error}"))
        else:
            self._end(End("local", 0, ""))


def origination(
    config: DeskPhoneConfig, homes: frozenset[str], errand: Errand, channel_id: str
) -> list[tuple[str, str]]:
    """The fields of Originate.  Raises `InvalidTargetError`: an exchange dials what its dial plan
    knows, which is no address of somebody else's."""
    user, host = user_and_host(errand.target)
    is_number = 0 < len(user) <= LONGEST_EXTENSION and EXTENSION_CHARS.issuperset(user)
    if not is_number or host not in {"", *homes}:
        raise InvalidTargetError(
            f"Desk phone '{config.id}' dials numbers of its exchange; {errand.target[:80]} is none"
        )
    return [
        ("Channel", config.channel),
        ("Context", config.context),
        ("Exten", user),
        ("Priority", str(config.priority)),
        ("Timeout", str(config.ring_seconds * 1000)),
        ("Async", "true"),
        ("ChannelId", channel_id),
        *([("CallerID", config.caller_id)] if config.caller_id else []),
        *(("Variable", f"{name}={value}") for name, value in _variables(config).items()),
    ]


def _variables(config: DeskPhoneConfig) -> dict[str, str]:
    """Those of the configuration, and what makes the phone answer by itself."""
    sip = config.channel.partition("/")[0].upper() == "SIP"
    headers = AUTO_ANSWER[config.auto_answer].items()
    found = {
        (f"SIPADDHEADER{number:02}" if sip else f"PJSIP_HEADER(add,{name})"): (
            f"{name}: {value}" if sip else value
        )
        for number, (name, value) in enumerate(headers, start=1)
    }
    return {**found, **config.variables}
