# SPDX-License-Identifier: GPL-2.0-or-later
"""Entries as buttons."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from .menu import Act, Do, Entry, Role

_COLOURS = {Role.BEGINS: "#2a8a5c", Role.ENDS: "#c43c37"}
"""White on these has a contrast of 4.5 at least (WCAG AA)."""
_STYLE = (
    "QPushButton {{ background: {0}; color: white; font-weight: bold; border: 2px solid {0};"
    " border-radius: 4px; padding: 3px 10px; }}"
    "QPushButton:focus {{ border-color: palette(highlight); }}"
    "QPushButton:pressed {{ border-color: palette(text); }}"
)


def button(entry: Entry, about: str, do: Do) -> QPushButton:
    """`about` is whom it concerns, for those who cannot see where it stands."""
    made = QPushButton(_label(entry))
    made.setAutoDefault(False)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    made.setAccessibleName(f"{entry.label}: {about}" if about else entry.label)
    if colour := _COLOURS.get(entry.role):
        made.setStyleSheet(_STYLE.format(colour))
    if entry.checked is not None:
        made.setCheckable(True)
        made.setChecked(entry.checked)
    if entry.children:
        made.setMenu(_menu(made, entry.children, do))
    elif act := entry.act:
        made.clicked.connect(lambda: do(act))
    return made


def popup(parent: QWidget, entries: Sequence[Entry], do: Do, where: QPoint) -> None:
    """A menu at a place of the screen, which does not wait for what is chosen."""
    if entries:
        menu = _menu(parent, entries, do)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)


def _menu(parent: QWidget, entries: Sequence[Entry], do: Do) -> QMenu:
    menu = QMenu(parent)
    for entry in entries:
        if act := entry.act:
            _line(menu, entry, act, do)
    return menu


def _line(menu: QMenu, entry: Entry, act: Act, do: Do) -> None:
    menu.addAction(_label(entry)).triggered.connect(lambda: do(act))


def _label(entry: Entry) -> str:
    """On a button "&" marks a key."""
    return entry.label.replace("&", "&&")
