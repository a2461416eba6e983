# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone for short scripts, without asyncio.

    with Phone() as phone:
        call = phone.dial("+49 30 1234567")
        if phone.do(call.answered()):
            phone.do(call.send_dtmf("1#"))
            phone.do(call.hangup())

Objects are those of `offhook.aio`; what is asynchronous there is done by `do`.  Properties are
current after `do` and `wait`; nothing happens in between.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from . import aio
from .account import Account
from .call import Call
from .device import Device
from .history import Row

T = TypeVar("T")


class Phone:
    """`aio.Phone` with an event loop of its own, which runs while something is waited for."""

    def __init__(self, address: str = "") -> None:
        self._loop = asyncio.new_event_loop()
        self._phone = aio.Phone(address)

    def __enter__(self) -> Self:
        """Connect and read everything; NoDaemonError when nobody serves the phone."""
        try:
            self.do(self._phone.__aenter__())
        except BaseException:
            self._loop.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._phone.__aexit__())
        self._loop.close()

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Run a method of any object to its end; `OffhookError` when it was refused."""
        return self._loop.run_until_complete(what)

    def wait(self, condition: Callable[[], object], seconds: float) -> bool:
        """Whether `condition`, looked at after every change of the phone, came true in time."""

        async def until() -> bool:
            try:
                async with asyncio.timeout(seconds):
                    await self._phone.until(condition)
            except TimeoutError:
                return False
            return True

        return self.do(until())

    @property
    def aio(self) -> aio.Phone:
        """Everything else, for `do`."""
        return self._phone

    @property
    def calls(self) -> list[Call]:
        """Every call, oldest first."""
        return self._phone.calls

    @property
    def accounts(self) -> list[Account]:
        """The SIP identities."""
        return self._phone.accounts

    @property
    def devices(self) -> list[Device]:
        """The telephone sets that are plugged in."""
        return self._phone.devices

    def dial(
        self,
        target: str,
        *,
        account: Account | None = None,
        muted: bool = False,
        through: str = "",
    ) -> Call:
        """Call a number or address; returns when the call exists.  `through`: a desk phone."""
        call = self._phone.dial(target, account=account, muted=muted, through=through)
        return self.do(call)

    def history(self, limit: int = 20, *, missed: bool = False) -> list[Row]:
        """The newest calls, newest first."""
        return self.do(self._phone.history.query(limit, missed=missed))
