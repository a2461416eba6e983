# SPDX-License-Identifier: GPL-2.0-or-later
"""The display of the telephone: what it does now, and how loud it is."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel

from offhook.aio import Phone
from offhook.call import Levels

from .icons import status_icon
from .labels import plain_label
from .meter import Meter
from .people import party
from .status import call_words, current, ringing, status_of, tooltip
from .words import tr

ICON_PIXELS = 40
LARGER = 1.4
"""The size of what is said first, beside the desktop's font."""


class Display(QFrame):
    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._icon = QLabel()
        self._first = plain_label()
        font = self._first.font()
        font.setPointSizeF(font.pointSizeF() * LARGER)
        self._first.setFont(font)
        self._second = plain_label()
        self._sent = Meter(tr("Your voice"))
        self._received = Meter(tr("The other side's voice"))
        grid = QGridLayout(self)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._icon, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._first, 0, 1)
        grid.addWidget(self._second, 1, 1)
        grid.addWidget(self._sent, 2, 0, 1, 2)
        grid.addWidget(self._received, 3, 0, 1, 2)
        self.show_levels(None)

    def update_view(self, phone: Phone) -> None:
        status = status_of(phone)
        self._icon.setPixmap(status_icon(status).pixmap(QSize(ICON_PIXELS, ICON_PIXELS)))
        if call := next(iter(ringing(phone)), current(phone)):
            first, second = party(call), call_words(call)
        else:
            first, _, second = tooltip(phone).partition("\n")
        self._first.setText(first)
        self._second.setText(second)
        self.setAccessibleName(f"{first}, {second}" if second else first)

    def show_levels(self, levels: Levels | None) -> None:
        """None where nobody talks."""
        self._sent.setVisible(levels is not None)
        self._received.setVisible(levels is not None)
        if levels:
            self._sent.show_level(levels.sent)
            self._received.show_level(levels.received)
