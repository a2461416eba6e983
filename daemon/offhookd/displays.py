# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps the displays of telephone sets up to date; costs nothing where there are none."""

from collections.abc import Callable
from datetime import UTC, datetime

from offhookd.devices.devices import Devices
from offhookd.phone.buttons import DeviceId
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.display import Counts, screen
from offhookd.phone.handsets import Handsets
from offhookd.phone.ports import Clock, Timer

_USEC = 1_000_000


class Displays:
    def __init__(
        self,
        devices: Devices,
        handsets: Handsets,
        calls: Calls,
        clock: Clock,
        counts: Callable[[], Counts],
    ) -> None:
        self._devices = devices
        self._handsets = handsets
        self._calls = calls
        self._clock = clock
        self._counts = counts
        self._timer: Timer | None = None

    def refresh(self) -> None:
        """Something that they show may have changed."""
        self.stop()
        now_us = self._clock.now_us()
        now = datetime.fromtimestamp(now_us / _USEC, UTC).astimezone()
        waits = []
        for device in self._devices:
            if "display" in device.controls and self._handsets.has(device.id):
                digits = self._handsets.digits(device.id)
                shown = screen(self._call_of(device.id), digits, now_us, now, self._counts())
                device.draw(shown)
                waits.append(shown.next_s)
        if waits:
            self._timer = self._clock.call_later(min(waits), self.refresh)

    def stop(self) -> None:
        """Idempotent."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _call_of(self, device: DeviceId) -> Call | None:
        """Who calls is more interesting than who is on the line."""
        return self._calls.ringing or self._handsets.call(device)
