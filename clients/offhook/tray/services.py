# SPDX-License-Identifier: GPL-2.0-or-later
"""Names on the session bus: services that come and go while the program runs."""

from collections.abc import Callable

from offhook.bus import BUS_DAEMON, Bus, Signal


class ServiceWatch:
    """Calls `changed` when the service is found, leaves, comes back, or is taken over."""

    def __init__(self, bus: Bus, name: str, changed: Callable[[], None]) -> None:
        self._bus = bus
        self._name = name
        self._changed = changed
        self.present = False

    async def start(self) -> None:
        rule = f"type='signal',sender='{BUS_DAEMON}',member='NameOwnerChanged',arg0='{self._name}'"
        await self._bus.ask("AddMatch", "s", rule)
        if await self._bus.ask("NameHasOwner", "s", self._name):
            self._owned(present=True)

    def hear(self, signal: Signal) -> None:
        """Any signal of the bus."""
        match signal:
            case Signal(sender="org.freedesktop.DBus", body=[name, str(), str(owner)]):
                if name == self._name:
                    self._owned(present=bool(owner))

    def _owned(self, *, present: bool) -> None:
        self.present = present
        self._changed()
