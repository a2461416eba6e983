# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of calls in the window."""

import time
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from .buttons import button
from .call_frame import CallFrame, Laid
from .cards import Card
from .labels import plain_label
from .menu import Do
from .people import length
from .words import tr

TICK_MS = 1000
"""Lengths are in seconds; nothing ticks while nobody talks or looks."""

TALLEST = 22
"""Lines of text: two calls; the others are scrolled to."""
LEAST = 8
"""Lines of text: a call with its buttons, where the window is low."""

PER_LINE = 3
"""Buttons beside one another."""


class CallCards(QScrollArea):
    """As tall as it needs to be, up to `TALLEST`; less where there is no room."""

    def __init__(self, laid: Laid, do: Do) -> None:
        super().__init__()
        self._laid = laid
        self._do = do
        self._cards: Sequence[Card] = ()
        self._clocks: list[tuple[QLabel, int]] = []
        self._needed = 0
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hide()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.setAccessibleName(tr("Calls"))

    def update_view(self, cards: Sequence[Card]) -> None:
        if list(cards) == list(self._cards):
            return
        self._cards = cards
        place = self._place_of_focus()
        self._clear()
        for card in cards:
            self._column.addWidget(self._drawn(card))
        if found := self.findChild(QPushButton, place):
            found.setFocus()
        self._keep_time()
        self.setVisible(bool(cards))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        handled = super().eventFilter(watched, event)
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return handled

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self._at_most(TALLEST)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self._at_most(LEAST)

    def _at_most(self, lines: int) -> QSize:
        return QSize(0, min(self._needed, lines * self.fontMetrics().lineSpacing()))

    def _fit(self) -> None:
        """Now that Qt knows how tall the cards are."""
        needed = max(self._column.totalHeightForWidth(self.viewport().width()), 1)
        if needed != self._needed:
            self._needed = needed
            self.setMaximumHeight(needed)
            self.updateGeometry()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        del event
        self._keep_time()

    def hideEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        del event
        self._timer.stop()

    def _place_of_focus(self) -> str:
        """So that the keyboard stays where it was, though Hold has become Resume."""
        focused = self.focusWidget()
        return focused.objectName() if focused and focused.hasFocus() else "nowhere"

    def _clear(self) -> None:
        self._clocks.clear()
        while item := self._column.takeAt(0):
            if widget := item.widget():
                widget.setParent(None)  # at once: its buttons are not to be found any more
                widget.deleteLater()

    def _drawn(self, card: Card) -> QWidget:
        frame = CallFrame(card.path, self._laid, self._do)
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
        grid.addLayout(self._buttons(card), 2, 0, 1, 2)
        if card.since:
            self._clocks.append((clock, card.since))
        return frame

    def _buttons(self, card: Card) -> QGridLayout:
        grid = QGridLayout()
        columns = min(len(card.buttons), PER_LINE)
        for column in range(columns):
            grid.setColumnStretch(column, 1)
        for place, entry in enumerate(card.buttons):
            made = button(entry, card.title, self._do)
            made.setObjectName(f"{card.path} {place}")
            grid.addWidget(made, place // columns, place % columns)
        return grid

    def _keep_time(self) -> None:
        self._tick()
        if self._clocks and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _tick(self) -> None:
        for label, since in self._clocks:
            label.setText(length(int(time.time() - since / 1e6)))
