# SPDX-License-Identifier: GPL-2.0-or-later
"""pulsectl-asyncio, mended.  Loaded only where sound is used: it costs 4 MB and 50 ms."""

import asyncio
from typing import Any

from pulsectl import PulseError
from pulsectl.pulsectl import PulseDisconnected, c
from pulsectl_asyncio import PulseAsync

FAILURES: tuple[type[Exception], ...] = (
    PulseError,
    PulseDisconnected,
    c.pa.CallError,
    TimeoutError,
)
"""What is raised when the server goes, hangs, or no longer knows what it is asked for."""


class Connection(PulseAsync):  # type: ignore[misc]  # the library is untyped
    """A connection whose end is told to everybody who waits for an answer."""

    waiting_futures: set[asyncio.Future[None]]

    def _pulse_state_cb(self, context: Any, userdata: Any) -> None:
        """The library (1.3.2) stops telling at the first question that has just been answered."""
        self.waiting_futures = {future for future in self.waiting_futures if not future.done()}
        super()._pulse_state_cb(context, userdata)
