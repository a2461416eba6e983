# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries notices to the desktop's notification service (org.freedesktop.Notifications 1.2).

Straight over D-Bus, because what Qt offers has neither buttons nor updates.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from offhook.bus import Bus, Reply, Signal, variant
from offhook.errors import OffhookError

from .desktop import allow_focus
from .icons import APPLICATION, icon_file
from .notices import Button, Notice
from .notification_server import NOTIFICATIONS, PATH, NotificationServer, notification_server
from .services import ServiceWatch

GATHER_S = 0.1
"""An address book knows the caller within some ms: one look afterwards is enough, and nothing on
the screen changes under somebody's finger."""

_CLOSED_BY_US = 3
_NORMAL, _CRITICAL = 1, 2
_SERVERS_CHOICE, _NEVER_EXPIRES = -1, 0
_DEFAULT = "default"
"""The action of a click on the notification itself."""


@dataclass(frozen=True, slots=True)
class _Shown:
    notice: Notice
    id: int
    server: str


class Notifier:
    """Shows what `want` was told last.

    `press` gets a button, or None for a click on the notice itself; `unavailable` is called when
    nobody shows an urgent notice with its buttons.
    """

    def __init__(
        self,
        bus: Bus,
        press: Callable[[Notice, Button | None], None],
        unavailable: Callable[[], None],
    ) -> None:
        self._bus = bus
        self._press = press
        self._unavailable = unavailable
        self._wanted: dict[str, Notice] = {}
        self._shown: dict[str, _Shown] = {}
        self._put_away: dict[str, Notice] = {}
        self._token = ""
        self._news = asyncio.Event()
        self._service = ServiceWatch(bus, NOTIFICATIONS, self._another_service)
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._work = asyncio.create_task(self._follow(), name="notifications")

    def want(self, notices: Sequence[Notice]) -> None:
        self._wanted = {notice.key: notice for notice in notices}
        self._news.set()

    def hear(self, signal: Signal) -> None:
        """A signal of the service; one of somebody else about our numbers is no such thing."""
        self._service.hear(signal)
        if signal.interface != NOTIFICATIONS or not signal.body:
            return
        for shown in list(self._shown.values()):
            if (shown.id, shown.server) == (signal.body[0], signal.sender):
                self._react(shown.notice, signal)

    async def stop(self) -> None:
        """Take everything off the screen."""
        if self._work:
            self._work.cancel()
            await asyncio.wait([self._work])
        for key in list(self._shown):
            await self._close(key)

    def _react(self, notice: Notice, signal: Signal) -> None:
        match signal.member, signal.body[1]:
            case "ActivationToken", str(token):
                self._token = token
            case "ActionInvoked", str(action):
                self._pressed(notice, action)
            case "NotificationClosed", reason:
                del self._shown[notice.key]
                if reason != _CLOSED_BY_US:
                    self._put_away[notice.key] = notice

    def _pressed(self, notice: Notice, action: str) -> None:
        token, self._token = self._token, ""
        buttons = {str(index): button for index, button in enumerate(notice.buttons)}
        button = buttons.get(action)
        if not button and action != _DEFAULT:
            return
        if token and (not button or button.url):
            allow_focus(token)
        self._press(notice, button)

    def _another_service(self) -> None:
        """What the one before showed is off the screen, and its numbers mean something else."""
        self._shown.clear()
        if self._service.present:
            self._news.set()

    async def _follow(self) -> None:
        match = f"type='signal',sender='{NOTIFICATIONS}',interface='{NOTIFICATIONS}'"
        await self._bus.ask("AddMatch", "s", match)
        await self._service.start()
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_S)
            self._news.clear()
            await self._settle()

    async def _settle(self) -> None:
        """Once a notice was put away, it comes back only when there is more to say."""
        self._put_away = {k: n for k, n in self._put_away.items() if k in self._wanted}
        for key in self._shown.keys() - self._wanted.keys():
            await self._close(key)
        for key, notice in list(self._wanted.items()):
            before = self._shown.get(key)
            away = self._put_away.get(key)
            if before and before.notice == notice:
                # Looks the same, but the buttons may have another object behind them.
                self._shown[key] = _Shown(notice, before.id, before.server)
            elif not away or (away.summary != notice.summary and not notice.urgent):
                await self._show(notice, before)

    async def _show(self, notice: Notice, before: _Shown | None) -> None:
        try:
            server = await notification_server(self._bus)  # each time: there may be another one
            if before and notice.buttons and not server.keeps_buttons:
                await self._close(notice.key)
                before = None
            await self._notify(notice, server, before.id if before else 0)
        except OffhookError:
            self._shown.pop(notice.key, None)
            served = False
        else:
            served = server.actions or before is not None
        if notice.urgent and not served:
            self._unavailable()

    async def _notify(self, notice: Notice, server: NotificationServer, replaces: int) -> None:
        actions = [_DEFAULT, ""]
        for index, button in enumerate(notice.buttons):
            actions += [str(index), button.label]
        text = "\n".join(notice.lines)
        body = escape(text, quote=False) if server.markup else text
        expiry = _NEVER_EXPIRES if notice.urgent else _SERVERS_CHOICE
        await self._bus.call(
            *(NOTIFICATIONS, PATH, NOTIFICATIONS, "Notify", "susssasa{sv}i", "offhook"),
            *(replaces, str(icon_file(f"{notice.icon}-symbolic")), notice.summary),
            *(body, actions, _hints(notice), expiry),
            on_reply=partial(self._is_shown, notice),
        )

    def _is_shown(self, notice: Notice, reply: Reply) -> None:
        self._shown[notice.key] = _Shown(notice, reply.body[0], reply.sender)

    async def _close(self, key: str) -> None:
        shown = self._shown.pop(key, None)
        if not shown:
            return  # the user was faster
        try:
            await self._bus.call(
                shown.server, PATH, NOTIFICATIONS, "CloseNotification", "u", shown.id
            )
        except OffhookError:
            return  # it went with its service, or was closed at this moment


def _hints(notice: Notice) -> dict[str, Any]:
    hints = {
        "urgency": variant("y", _CRITICAL if notice.urgent else _NORMAL),
        "desktop-entry": variant("s", f"{APPLICATION}-tray"),
        "suppress-sound": variant("b", True),  # the phone rings
    }
    if notice.category:
        hints["category"] = variant("s", notice.category)
    if notice.photo:
        hints["image-path"] = variant("s", notice.photo)
    return hints
