# SPDX-License-Identifier: GPL-2.0-or-later
"""A span of time that is open or not."""

from collections.abc import Callable

from offhookd.phone.ports import Clock, Timer


class Window:
    """True while open; calls `over` when its time is up, not when it is closed."""

    def __init__(self, clock: Clock, span_s: float, over: Callable[[], None] | None = None) -> None:
        self._clock = clock
        self._span_s = span_s
        self._over = over
        self._timer: Timer | None = None

    def __bool__(self) -> bool:
        return self._timer is not None

    def open(self) -> None:
        """Begin, or begin again."""
        self.close()
        self._timer = self._clock.call_later(self._span_s, self._end)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        if self._over:
            self._over()
