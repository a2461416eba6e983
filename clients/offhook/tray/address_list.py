# SPDX-License-Identifier: GPL-2.0-or-later
"""A list of lines that can be called."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

_ADDRESS = Qt.ItemDataRole.UserRole


class AddressList(QListWidget):
    """`chosen` gets the address of a line by a double click or Enter: on desktops where one click
    activates, a call would be placed too easily."""

    def __init__(self, name: str, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setAlternatingRowColors(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._chosen = chosen
        self.itemDoubleClicked.connect(lambda _: self._choose())
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(self._choose)

    def first(self) -> str:
        """The address of the line that is chosen, or of the first one; "" for none."""
        item = self.currentItem() or self.item(0)
        return str(item.data(_ADDRESS)) if item else ""

    def fill(self, lines: Sequence[tuple[str, str]]) -> list[QListWidgetItem]:
        """Show these texts with their addresses; nothing moves where nothing changed."""
        items = [self.item(index) for index in range(self.count())]
        if list(lines) != [(item.text(), item.data(_ADDRESS)) for item in items]:
            self.clear()
            for text, address in lines:
                item = QListWidgetItem(text)
                item.setData(_ADDRESS, address)
                self.addItem(item)
        return [self.item(index) for index in range(self.count())]

    def _choose(self) -> None:
        if item := self.currentItem():
            self._chosen(str(item.data(_ADDRESS)))
