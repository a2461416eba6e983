# SPDX-License-Identifier: GPL-2.0-or-later
"""The program on the session bus: one of a kind, and where it may take the keyboard."""

import os

from offhook.bus import Bus, Request, variant

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
            allow_focus(token)
    return True


def allow_focus(token: str) -> None:
    """Of somebody who was clicked on: what is opened next may take the keyboard."""
    os.environ["XDG_ACTIVATION_TOKEN"] = token  # where Qt takes it from
