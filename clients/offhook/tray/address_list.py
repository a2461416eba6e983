# SPDX-License-Identifier: GPL-2.0-or-later
"""A list of lines that can be called, and laid on a call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from .buttons import popup
from .drags import of_address
from .loop import going_on
from .menu import Do, Entry

_LINE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Line:
    """`name` is whose address it is; `spoken` is the text without drawings made of letters."""

    text: str
    address: str
    name: str = ""
    spoken: str = ""


Offer = Callable[[Line], Sequence[Entry]]
"""What else can be done with a line."""


class AddressList(QListWidget):
    """`chosen` gets the address of a line by a double click or Enter: on desktops where one click
    activates, a call would be placed too easily.  The other deeds are in the line's menu."""

    def __init__(self, name: str, chosen: Callable[[str], None], offer: Offer, do: Do) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setAlternatingRowColors(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self._chosen = chosen
        self._offer = offer
        self._do = do
        self.itemDoubleClicked.connect(lambda _: self._choose())
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(self._choose)

    def first(self) -> str:
        """The address of the line that is chosen, or of the first one; "" for none."""
        item = self.currentItem() or self.item(0)
        return _line(item).address if item else ""

    def fill(self, lines: Sequence[Line]) -> list[QListWidgetItem]:
        """Show these; nothing moves where nothing changed."""
        items = [self.item(index) for index in range(self.count())]
        if list(lines) != [_line(item) for item in items]:
            self.clear()
            for line in lines:
                item = QListWidgetItem(line.text)
                item.setData(_LINE, line)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, line.spoken or None)
                self.addItem(item)
        return [self.item(index) for index in range(self.count())]

    def startDrag(self, actions: Qt.DropAction) -> None:  # noqa: N802 - Qt's name
        with going_on():
            super().startDrag(actions)

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:  # noqa: N802 - Qt's name
        return of_address(_line(items[0]).address)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        """Also by the menu key, at the line that is chosen."""
        place = event.pos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard and (item := self.currentItem()):
            place = self.visualItemRect(item).center()
        self._show_menu(self.itemAt(place), place)

    def _show_menu(self, item: QListWidgetItem | None, place: QPoint) -> None:
        if item:
            where = self.viewport().mapToGlobal(place)
            popup(self, self._offer(_line(item)), self._do, where)

    def _choose(self) -> None:
        if item := self.currentItem():
            self._chosen(_line(item).address)


def _line(item: QListWidgetItem) -> Line:
    line = item.data(_LINE)
    assert isinstance(line, Line)  # noqa: S101 - `fill` puts it there
    return line
