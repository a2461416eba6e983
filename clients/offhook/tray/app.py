# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts the phone, the icon, the notifications and the window together."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from offhook.aio import Phone
from offhook.bus import Bus, Request, Signal
from offhook.changes import Change, Changed, Returned
from offhook.errors import NoDaemonError, OffhookError
from offhook.history import Row

from .dark import ColourScheme
from .deeds import Deeds
from .desktop import PANEL, is_activation
from .menu import SEPARATOR, Entry, menu_of
from .names import with_names
from .notices import MISSED, Button, Notice, failure, goes_on, wanted
from .notifier import Notifier
from .services import ServiceWatch
from .status import status_of, tooltip
from .tray import Tray
from .window import PhoneWindow
from .words import tr

if TYPE_CHECKING:
    from .settings_window import SettingsWindow

HISTORY_ROWS = 200
"""Shown in the window, which finds more by searching."""


class Applet:
    """Lives until `run` ends: by the menu's "Quit", or with the session bus."""

    def __init__(self, *, background: bool) -> None:
        self._background = background
        self._bus = Bus("", self._hear, self._lost, self._serve)
        self._phone = Phone(stay=True)
        self._panel = ServiceWatch(self._bus, PANEL, self._panel_changed)
        self._colours = ColourScheme(self._bus)
        self._rows: Sequence[Row] = ()
        self._over = asyncio.Event()
        self._stale = False
        self._failed = 0
        self._failure: Sequence[Notice] = ()
        self._reminder: Sequence[Notice] = ()
        self._reminded = False
        self._tray: Tray | None = None
        self._deeds = Deeds(self._tell)
        self._window = PhoneWindow(self._phone, self._deeds.do, self._open_settings)
        self._window.closed.connect(self._window_closed)
        self._window.quit_wanted.connect(self.quit)
        self._settings: SettingsWindow | None = None
        self._notifier = Notifier(self._bus, self._press, self._window.demand_attention)

    @property
    def bus(self) -> Bus:
        return self._bus

    def quit(self) -> None:
        self._over.set()

    async def run(self) -> None:
        """Needs `bus` to be entered."""
        async with self._phone:
            self._notifier.start()
            self._colours.start()
            following = asyncio.create_task(self._follow(), name="phone")
            await self._panel.start()
            if not (self._background and self._panel.present):
                self._window.show()
            await self._over.wait()
            following.cancel()
            await asyncio.wait([following])
            await self._stop()

    async def _stop(self) -> None:
        self._colours.stop()
        await self._deeds.stop()
        await self._notifier.stop()
        self._window.hide()
        if self._settings:
            await self._settings.stop()
        if self._tray:
            self._tray.close()

    # ------------------------------------------------------------ from the phone

    async def _follow(self) -> None:
        changes = self._phone.changes()
        await self._read_history()
        try:
            async for change in changes:
                await self._take(change)
        except NoDaemonError:
            self._over.set()  # there is no session any more

    async def _take(self, change: Change) -> None:
        match change:
            case Returned() | Changed(interface="org.offhook.Phone1.History"):
                await self._read_history()
        self._refresh_soon()

    async def _read_history(self) -> None:
        with suppress(OffhookError):  # the daemon may go at any moment; `Left` tells it
            rows = await self._phone.history.query(HISTORY_ROWS)
            self._rows = await with_names(self._phone.contacts, rows)
        self._refresh_soon()

    def _refresh_soon(self) -> None:
        """Changes come in swarms; one look at the phone afterwards is enough."""
        if not self._stale:
            self._stale = True
            asyncio.get_running_loop().call_soon(self._refresh)

    def _refresh(self) -> None:
        self._stale = False
        if self._window.isVisible():
            self._reminder = ()
        own = (*self._failure, *self._reminder)
        self._notifier.want([*wanted(self._phone, self._rows), *own])
        self._window.update_view(self._rows)
        if self._settings:
            self._settings.update_view()
        if self._tray:
            entries = [*menu_of(self._phone, self._rows), SEPARATOR, *self._own_entries()]
            self._tray.update(status_of(self._phone), tooltip(self._phone), entries)

    # ------------------------------------------------------------ from the user

    def _own_entries(self) -> list[Entry]:
        return [
            Entry(tr("Open the phone"), self._open),
            Entry(tr("Settings…"), self._configure),
            Entry(tr("Quit"), self._quit),
        ]

    async def _open(self) -> None:
        self._come()

    def _come(self) -> None:
        self._window.come()
        self._refresh_soon()

    async def _configure(self) -> None:
        self._open_settings()

    def _open_settings(self) -> None:
        if self._settings is None:
            # Only here: 6 MB and a quarter of a second that most sessions do without.
            from .settings_window import SettingsWindow  # noqa: PLC0415

            self._settings = SettingsWindow(self._phone)
        self._settings.come()

    async def _quit(self) -> None:
        self.quit()

    def _press(self, notice: Notice, button: Button | None) -> None:
        if button is None:
            self._come()
            if notice.key == MISSED:
                self._window.show_history()
        elif button.url:
            QDesktopServices.openUrl(QUrl(button.url))
        elif button.act:
            self._deeds.do(button.act)

    def _tell(self, sentence: str) -> None:
        """Where the user looks."""
        if self._window.isVisible():
            self._window.tell(sentence)
        else:
            self._failed += 1
            self._failure = [failure(self._failed, sentence)]
            self._refresh_soon()

    # ------------------------------------------------------------ from the desktop

    def _panel_changed(self) -> None:
        if self._panel.present and not self._tray:
            self._tray = Tray(self._deeds.do, self._window.toggle)  # finds a later panel by itself
        self._refresh_soon()

    def _window_closed(self) -> None:
        """Where no icon is left to be seen: once, nobody wants to be told every time."""
        if not (self._panel.present or self._reminded):
            self._reminded = True
            self._reminder = [goes_on(self._open, self._quit)]
            self._refresh_soon()

    def _hear(self, signal: Signal) -> None:
        self._panel.hear(signal)
        self._colours.hear(signal)
        self._notifier.hear(signal)

    def _serve(self, request: Request) -> bool:
        if is_activation(request):
            self._come()
            return True
        return False

    def _lost(self, _: str) -> None:
        self._over.set()
