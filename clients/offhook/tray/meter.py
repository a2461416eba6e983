# SPDX-License-Identifier: GPL-2.0-or-later
"""How loud it is."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

QUIETEST_DBFS = -60.0
"""Where a meter begins; line noise is below."""

HEIGHT = 6


class Meter(QWidget):
    """For the eye: a QProgressBar would tell screen readers every change, ten times a second."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._part = 0.0
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setToolTip(name)

    def show_level(self, dbfs: float) -> None:
        self._part = min(max(1 - dbfs / QUIETEST_DBFS, 0.0), 1.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        del event
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Mid))
            loud = QRectF(0, 0, self.width() * self._part, self.height())
            painter.fillRect(loud, self.palette().color(QPalette.ColorRole.Highlight))
