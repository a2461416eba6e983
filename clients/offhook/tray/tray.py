# SPDX-License-Identifier: GPL-2.0-or-later
"""The icon in the panel (StatusNotifierItem) and its menu."""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from .icons import status_icon
from .menu import Do, Entry
from .status import Status


class Tray:
    """Qt looks for the panel when this is made, and once only: there must be one by then."""

    def __init__(self, do: Do, toggle_window: Callable[[], None]) -> None:
        self._do = do
        self._menu = QMenu()
        self._entries: Sequence[Entry] = ()
        self._icon = QSystemTrayIcon()
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(
            lambda reason: (
                toggle_window() if reason is QSystemTrayIcon.ActivationReason.Trigger else None
            )
        )

    def update(self, status: Status, tooltip: str, entries: Sequence[Entry]) -> None:
        self._icon.setIcon(status_icon(status))
        self._icon.setToolTip(tooltip)
        rebuilt = list(self._entries) != list(entries)
        self._entries = entries
        if rebuilt:
            self._clear()
            self._fill(self._menu, entries, [])
        self._icon.show()

    def close(self) -> None:
        self._icon.hide()
        self._menu.deleteLater()

    def _clear(self) -> None:
        for action in self._menu.actions():
            if submenu := action.menu():
                submenu.deleteLater()  # with the menus below it
        self._menu.clear()

    def _fill(self, menu: QMenu, entries: Sequence[Entry], place: list[int]) -> None:
        for index, entry in enumerate(entries):
            here = [*place, index]
            if entry.children:
                self._fill(menu.addMenu(_label(entry)), entry.children, here)
            elif entry.label:
                self._add(menu, entry, here)
            else:
                menu.addSeparator()

    def _add(self, menu: QMenu, entry: Entry, place: list[int]) -> None:
        action: QAction = menu.addAction(_label(entry))
        action.setEnabled(entry.enabled)
        if entry.checked is not None:
            action.setCheckable(True)
            action.setChecked(entry.checked)
        action.triggered.connect(lambda: self._chosen(place))

    def _chosen(self, place: list[int]) -> None:
        """What the line does now: a menu that looks the same may be about another call."""
        entries = self._entries
        for index in place[:-1]:
            entries = entries[index].children
        if act := entries[place[-1]].act:
            self._do(act)


def _label(entry: Entry) -> str:
    """In a menu "&" marks a key."""
    return entry.label.replace("&", "&&")
