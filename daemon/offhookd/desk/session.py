# SPDX-License-Identifier: GPL-2.0-or-later
"""One call of a desk phone at an Asterisk exchange, and the connection that it has for itself."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from offhookd.config.schema import DeskPhoneConfig
from offhookd.phone.desk import DeskAction
from offhookd.phone.desk_calls import DeskCalls, Errand
from offhookd.phone.desk_control import DeskControl
from offhookd.phone.dtmf import PAUSE, PAUSE_S
from offhookd.phone.errors import (
    InvalidTargetError,
    NotAllowedError,
    PhoneError,
    RejectedError,
)
from offhookd.phone.ports import Done, ignore

from .ami import GoneError, Manager, tls_context
from .originate import HANDED_OVER, End, Originated
from .request import existence, extension_of, origination

PING_S = 30.0
"""An exchange whose machine is gone does not close the connection."""
TONE_GAP_S = 0.1
"""Between two tones; ITU-T Q.24 asks for 40 ms, and they have a way through a queue to go."""

NORMAL_CLEARING = "16"
NOT_FOUND = 404
_ID_BYTES = 6

ABILITIES: Mapping[str, DeskAction] = {
    "playdtmf": DeskAction.SEND_DTMF,
    "blindtransfer": DeskAction.TRANSFER,
    "bridge": DeskAction.TRANSFER_TO,
}
"""What each action of the manager interface is good for."""

PasswordFor = Callable[[DeskPhoneConfig], Awaitable[str]]
"""Raises a `PhoneError` with a sentence."""


class Session(DeskControl):
    """From the connection to the end of the call.  `homes`: the domains whose users are
    extensions of the exchange."""

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
        self._tasks: set[asyncio.Task[None]] = set()
        self._main: asyncio.Task[None] | None = None

    def start(self, finished: Callable[[], object]) -> None:
        self._main = self._spawn(self._run(), "call")
        self._main.add_done_callback(lambda _: finished())

    def hangup(self, done: Done) -> None:
        if self._asked:
            self._do(self._hang_up(), "hang-up", done, End("local", 0, ""))
        elif self._main:
            self._main.cancel()
            self._desk.ended(self._errand.call, "cancelled", 0, "")

    def drop(self) -> None:
        """Nobody waits for it: end it if it can be, and go.  Who talks to a machine of the
        exchange's, which is not dialled, goes on."""
        if self._originated.lifted and not self._originated.dialled:
            self.let_go()
        else:
            self.hangup(ignore)

    def let_go(self) -> None:
        """The call goes on without this desk phone."""
        self._end(HANDED_OVER)

    async def stop(self) -> None:
        """Let go of the call; it goes on."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"desk {what} {self._errand.call}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ------------------------------------------------------------ DeskControl

    def send_dtmf(self, tones: str, duration_ms: int, done: Done) -> None:
        self._do(self._play(tones, duration_ms), "tones", done)

    def transfer(self, target: str, done: Done) -> None:
        self._do(self._transfer(target), "transfer", done, HANDED_OVER)

    def join(self, other: DeskControl, done: Done) -> None:
        assert isinstance(other, Session)  # noqa: S101 - an exchange has no other controls
        self._do(self._join(other), "join", done, HANDED_OVER)

    def _do(
        self, work: Coroutine[Any, Any, None], what: str, done: Done, end: End | None = None
    ) -> None:
        """`end`: what it is for the call when it has been done."""

        async def act() -> None:
            try:
                await work
            except RejectedError as error:
                refusal = f"The exchange refuses the {what} at desk phone '{self._config.id}'"
                done(PhoneError(f"{refusal}: {error}"))
            except PhoneError as error:
                done(error)
            else:
                done(None)
                if end:
                    self._end(end)

        self._spawn(act(), what)

    async def _play(self, tones: str, duration_ms: int) -> None:
        loop = asyncio.get_running_loop()
        for tone in tones:
            if tone == PAUSE:
                await asyncio.sleep(PAUSE_S)
            else:
                quiet_at = loop.time() + duration_ms / 1000 + TONE_GAP_S
                await self._ask(
                    "PlayDTMF",
                    Channel=self._originated.far_channel,
                    Digit=tone,
                    Duration=str(duration_ms),
                )
                # Asterisk 16 answers at the end of the tone.
                await asyncio.sleep(quiet_at - loop.time())

    async def _transfer(self, target: str) -> None:
        extension = extension_of(target, self._config.id, self._homes)
        await self._require_extension(extension)
        await self._ask(
            "BlindTransfer",
            Channel=self._originated.channel,
            Context=self._config.context,
            Exten=extension,
        )

    async def _join(self, other: "Session") -> None:
        far = self._originated.far_channel, other._originated.far_channel  # noqa: SLF001 - its own kind
        await self._ask("Bridge", Channel1=far[0], Channel2=far[1], Tone="no")
        other.let_go()

    async def _hang_up(self) -> None:
        channel = self._originated.channel or self._channel_id
        await self._ask("Hangup", Channel=channel, Cause=NORMAL_CLEARING)

    async def _require_extension(self, extension: str) -> None:
        """An Asterisk that is asked to send a call where nothing is drops it."""
        try:
            told = await self._asked_manager.ask("Getvar", existence(self._config, extension))
        except RejectedError:
            return  # it has no such function, or the user may not ask
        if told.get("value") == "0":
            raise InvalidTargetError(
                f"The dial plan has no {extension} in context {self._config.context}"
            )

    async def _ask(self, action: str, **fields: str) -> None:
        if "" in fields.values():
            raise RejectedError("it has not told the name of the channel")
        await self._asked_manager.ask(action, tuple(fields.items()))

    @property
    def _asked_manager(self) -> Manager:
        if self._manager is None:
            raise GoneError("The call is over already")
        return self._manager

    # ------------------------------------------------------------ the call

    async def _run(self) -> None:
        try:
            end = await self._outcome()
            self._desk.ended(self._errand.call, end.cause, end.code, end.text)
        finally:
            if self._manager:
                await self._manager.close()

    async def _outcome(self) -> End:
        try:
            return await self._carried()
        except InvalidTargetError as error:
            return End("", NOT_FOUND, str(error))
        except PhoneError as error:
            return End("network" if isinstance(error, GoneError) else "error", 0, str(error))

    async def _carried(self) -> End:
        config = self._config
        extension = extension_of(self._errand.target, config.id, self._homes)
        request = origination(config, extension, self._channel_id)
        context = tls_context(config.ca_file) if config.tls else None
        password = await self._password_for(config)
        manager = self._manager = await Manager.connect(
            config.host, config.port, context, self._originated.take
        )
        await manager.login(config.username, password)
        self._take_rights(await manager.allowed())
        await self._require_extension(extension)
        self._asked = True
        await manager.ask("Originate", request, self._channel_id)
        return await self._until_over(manager)

    def _take_rights(self, allowed: frozenset[str]) -> None:
        """Only what the user may do is offered; a manager that does not tell is asked for nothing
        but calls and their ends."""
        config, call = self._config, self._errand.call
        if not allowed:
            return
        if "originate" not in allowed:
            raise NotAllowedError(
                f"User '{config.username}' of the manager at {config.host} may not make calls; "
                "add originate to its write in manager.conf"
            )
        if "hangup" not in allowed:
            self._desk.committed(call)
        able = {action for name, action in ABILITIES.items() if name in allowed}
        self._desk.controlled(call, self, able, f"{config.host}:{config.port}")

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

    def _end(self, end: End) -> None:
        if not self._over.done():
            self._over.set_result(end)
