# SPDX-License-Identifier: GPL-2.0-or-later
"""The desktop on the session bus: whether there is a panel, and a second start of the program."""

import os
from collections.abc import Callable

from offhook.bus import BUS_DAEMON, Bus, Request, Signal, variant

PANEL = "org.kde.StatusNotifierWatcher"
APPLICATION_ID = "org.offhook.Tray"
_APPLICATION_PATH = "/org/offhook/Tray"
_APPLICATION = "org.freedesktop.Application"

_DO_NOT_QUEUE = 4
_PRIMARY_OWNER = 1


async def is_first(bus: Bus) -> bool:
    """Take the program's name; False when it runs already."""
    return bool(await bus.ask("RequestName", "su", APPLICATION_ID, _DO_NOT_QUEUE) == _PRIMARY_OWNER)


async def activate_first(bus: Bus) -> None:
    """Let the program that runs already show its window."""
    token = os.environ.get("XDG_ACTIVATION_TOKEN", "")
    await bus.call(
        *(APPLICATION_ID, _APPLICATION_PATH, _APPLICATION, "Activate", "a{sv}"),
        {"activation-token": variant("s", token)} if token else {},
    )


def is_activation(request: Request) -> bool:
    """Whether a second start asks for the window; who clicked last may take the focus."""
    if (request.interface, request.member) != (_APPLICATION, "Activate"):
        return False
    match request.body:
        case [{"activation-token": str(token)}]:
            os.environ["XDG_ACTIVATION_TOKEN"] = token  # where Qt takes it from
    return True


class PanelWatch:
    """Calls `appeared` when there is something that shows icons, once."""

    def __init__(self, bus: Bus, appeared: Callable[[], None]) -> None:
        self._bus = bus
        self._appeared = appeared
        self._seen = False

    async def start(self) -> None:
        rule = f"type='signal',sender='{BUS_DAEMON}',member='NameOwnerChanged',arg0='{PANEL}'"
        await self._bus.ask("AddMatch", "s", rule)
        if await self._bus.ask("NameHasOwner", "s", PANEL):
            self._see()

    def hear(self, signal: Signal) -> None:
        match signal:
            case Signal(sender="org.freedesktop.DBus", body=[str(name), _, str(owner)]):
                if name == PANEL and owner:
                    self._see()

    @property
    def seen(self) -> bool:
        return self._seen

    def _see(self) -> None:
        if not self._seen:
            self._seen = True
            self._appeared()
