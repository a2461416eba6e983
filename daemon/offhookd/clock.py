# SPDX-License-Identifier: GPL-2.0-or-later
"""The core's clock on the event loop."""

import asyncio
import time
from collections.abc import Callable

from offhookd.phone.ports import Clock, Timer


class LoopClock(Clock):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return self._loop.call_later(delay_s, callback)
