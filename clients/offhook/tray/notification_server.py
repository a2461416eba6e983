# SPDX-License-Identifier: GPL-2.0-or-later
"""What the desktop's notification service can do (Desktop Notifications Specification 1.2)."""

from dataclasses import dataclass

from offhook.bus import Bus

NOTIFICATIONS = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"

_GNOME_KEEPS_BUTTONS = 46
"""Before this release a notification that is updated on the screen loses its buttons."""


@dataclass(frozen=True, slots=True)
class NotificationServer:
    """`markup`: the body is read as such.  `keeps_buttons`: also of what is updated."""

    markup: bool
    actions: bool
    keeps_buttons: bool


async def notification_server(bus: Bus) -> NotificationServer:
    """The one there is now; OffhookError when there is none."""
    (capabilities,) = await bus.call(NOTIFICATIONS, PATH, NOTIFICATIONS, "GetCapabilities")
    return NotificationServer(
        markup="body-markup" in capabilities,
        actions="actions" in capabilities,
        keeps_buttons=await _keeps_buttons(bus),
    )


async def _keeps_buttons(bus: Bus) -> bool:
    match await bus.call(NOTIFICATIONS, PATH, NOTIFICATIONS, "GetServerInformation"):
        case ["gnome-shell", _, str(version), *_]:
            release = version.partition(".")[0]
            return not release.isdecimal() or int(release) >= _GNOME_KEEPS_BUTTONS
    return True
