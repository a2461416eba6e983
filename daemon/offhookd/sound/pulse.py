# SPDX-License-Identifier: GPL-2.0-or-later
"""pulsectl-asyncio, mended.  Loaded only where sound is used: it costs 4 MB and 50 ms."""

import asyncio
from typing import Any

from pulsectl import PulseError
from pulsectl.pulsectl import PulseDisconnected, c
from pulsectl_asyncio import PulseAsync, pulsectl_async

FAILURES: tuple[type[Exception], ...] = (
    PulseError,
    PulseDisconnected,
    c.pa.CallError,
    TimeoutError,
)
"""What is raised when the server goes, hangs, or no longer knows what it is asked for."""


class _Answer(asyncio.Future[None]):
    """One that may come when nobody waits any more: the library (1.3.2) does not look."""

    def set_result(self, result: None) -> None:
        if not self.done():
            super().set_result(result)

    def set_exception(self, exception: type[BaseException] | BaseException) -> None:
        if not self.done():
            super().set_exception(exception)


class _Question(pulsectl_async._pulse_op_cb):  # type: ignore[misc]  # noqa: SLF001 - as below
    future: asyncio.Future[None]

    async def __aenter__(self) -> Any:
        callback = await super().__aenter__()
        self.async_pulse.waiting_futures.discard(self.future)
        self.future = _Answer()
        self.async_pulse.waiting_futures.add(self.future)
        return callback


pulsectl_async._pulse_op_cb = _Question  # noqa: SLF001 - every question of the library is one


class Connection(PulseAsync):  # type: ignore[misc]  # the library is untyped
    """A connection whose end is told to everybody who waits for an answer."""

    waiting_futures: set[asyncio.Future[None]]

    def _pulse_state_cb(self, context: Any, userdata: Any) -> None:
        """The library (1.3.2) stops telling at the first question that has just been answered."""
        self.waiting_futures = {future for future in self.waiting_futures if not future.done()}
        super()._pulse_state_cb(context, userdata)
