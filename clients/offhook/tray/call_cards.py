# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of calls in the window."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from .buttons import button
from .cards import Card
from .labels import plain_label
from .menu import Act
from .people import length
from .words import tr

TICK_MS = 1000
"""Lengths are in seconds; nothing ticks while nobody talks or looks."""

PER_LINE = 4
"""Buttons beside one another."""


class CallCards(QWidget):
    def __init__(self, do: Callable[[Act], None]) -> None:
        super().__init__()
        self._do = do
        self._cards: Sequence[Card] = ()
        self._clocks: list[tuple[QLabel, int]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.setAccessibleName(tr("Calls"))

    def update_view(self, cards: Sequence[Card]) -> None:
        if list(cards) == list(self._cards):
            return
        self._cards = cards
        self._clear()
        for card in cards:
            self._column.addWidget(self._drawn(card))
        self._keep_time()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        del event
        self._keep_time()

    def hideEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        del event
        self._timer.stop()

    def _clear(self) -> None:
        self._clocks.clear()
        while item := self._column.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()

    def _drawn(self, card: Card) -> QWidget:
        frame = QFrame()
        frame.setFrameShape(QFrame.Shape.StyledPanel)
        frame.setAccessibleName(f"{card.title}, {card.state}")
        grid = QGridLayout(frame)
        title = plain_label(card.title)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        clock = QLabel()
        grid.addWidget(title, 0, 0)
        grid.addWidget(clock, 0, 1)
        grid.addWidget(plain_label("\n".join((card.state, *card.lines))), 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        for index in range(0, len(card.buttons), PER_LINE):
            line = QHBoxLayout()
            for entry in card.buttons[index : index + PER_LINE]:
                line.addWidget(button(entry, card.title, self._do))
            line.addStretch()
            grid.addLayout(line, 2 + index // PER_LINE, 0, 1, 2)
        if card.since:
            self._clocks.append((clock, card.since))
        return frame

    def _keep_time(self) -> None:
        self._tick()
        if self._clocks and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _tick(self) -> None:
        for label, since in self._clocks:
            label.setText(length(int(time.time() - since / 1e6)))
