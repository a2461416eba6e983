# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of a telephone."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from .words import tr

KEYS = "123456789*0#"
LETTERS = ("", "ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ", "", "+", "")
"""As on every telephone (ITU-T E.161)."""

COLUMNS = 3
LARGER = 1.2
"""Digits, beside the desktop's font."""


class Keypad(QWidget):
    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for index, (key, letters) in enumerate(zip(KEYS, LETTERS, strict=True)):
            grid.addWidget(self._key(key, letters), index // COLUMNS, index % COLUMNS)

    def _key(self, key: str, letters: str) -> QPushButton:
        button = QPushButton(f"{key}\n{letters}" if letters else key)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        font = button.font()
        font.setPointSizeF(font.pointSizeF() * LARGER)
        button.setFont(font)
        button.setAutoDefault(False)
        button.setAccessibleName(tr("Key {}").format(key))
        button.clicked.connect(lambda: self.pressed.emit(key))
        return button
