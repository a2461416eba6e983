# SPDX-License-Identifier: GPL-2.0-or-later
"""Colleagues with their lamps, or whom the address books find for what is being typed."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from offhook.contacts import Contact
from offhook.presence import Presence

from .menu import colleague_mark
from .people import number, shown
from .words import tr

_COLOURS = {"●": "#e0524d", "◉": "#e0912f", "⊘": "#e0524d", "◐": "#e0912f", "○": "#2fa36b"}


class PeoplePanel(QListWidget):
    """`chosen` gets an address to be called."""

    def __init__(self, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self.setAccessibleName(tr("People"))
        self.itemActivated.connect(lambda item: chosen(item.data(Qt.ItemDataRole.UserRole)))
        self._seen: list[tuple[str, str]] = []

    def show_colleagues(self, colleagues: Sequence[Presence]) -> None:
        self._fill([(_lamp_line(one), one.uri) for one in colleagues])

    def show_found(self, people: Sequence[Contact]) -> None:
        self._fill([line for person in people for line in _contact_lines(person)])

    def first(self) -> str:
        """The address to be called when nobody is chosen; "" for nobody."""
        item = self.currentItem() or self.item(0)
        return str(item.data(Qt.ItemDataRole.UserRole)) if item else ""

    def _fill(self, lines: list[tuple[str, str]]) -> None:
        if lines == self._seen:
            return
        self._seen = lines
        self.clear()
        for text, address in lines:
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, address)
            if colour := _COLOURS.get(text[0]):
                item.setForeground(QColor(colour))
            self.addItem(item)


def _lamp_line(one: Presence) -> str:
    mark = colleague_mark(one.state, one.dialog)
    words = [shown(one.label) or number(one.uri), lamp_words(mark), shown(one.note)]
    return f"{mark}  " + " · ".join(filter(None, words))


def lamp_words(mark: str) -> str:
    """What a lamp means, for those who do not see its colour."""
    return {
        "●": tr("busy"),
        "◉": tr("ringing"),
        "⊘": tr("do not disturb"),
        "◐": tr("away"),
        "○": tr("free"),
    }.get(mark, "")


def _contact_lines(person: Contact) -> list[tuple[str, str]]:
    who = " · ".join(filter(None, (shown(person["name"]), shown(person["organization"]))))
    return [(f"{who}\n{shown(kind)} {number(uri)}".strip(), uri) for kind, uri in person["uris"]]
