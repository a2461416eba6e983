# SPDX-License-Identifier: GPL-2.0-or-later
"""Entries as buttons."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QPushButton, QToolButton, QWidget

from .menu import Act, Entry


def button(entry: Entry, about: str, do: Callable[[Act], None]) -> QWidget:
    """`about` is whom it concerns, for those who cannot see where it stands."""
    made = _menu_button(entry, do) if entry.children else _push_button(entry, do)
    made.setAccessibleName(f"{entry.label}: {about}" if about else entry.label)
    return made


def _push_button(entry: Entry, do: Callable[[Act], None]) -> QPushButton:
    made = QPushButton(entry.label.replace("&", "&&"))
    made.setAutoDefault(False)
    if entry.checked is not None:
        made.setCheckable(True)
        made.setChecked(entry.checked)
    if act := entry.act:
        made.clicked.connect(lambda: do(act))
    return made


def _menu_button(entry: Entry, do: Callable[[Act], None]) -> QToolButton:
    made = QToolButton()
    made.setText(entry.label)
    made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    menu = QMenu(made)
    for child in entry.children:
        if act := child.act:
            _line(menu, child.label, act, do)
    made.setMenu(menu)
    return made


def _line(menu: QMenu, label: str, act: Act, do: Callable[[Act], None]) -> None:
    menu.addAction(label.replace("&", "&&")).triggered.connect(lambda: do(act))
