# SPDX-License-Identifier: GPL-2.0-or-later
"""The frame of a call: it can be carried to another one, and takes calls and numbers."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QFrame

from .buttons import popup
from .drags import address_in, call_in, carry, of_call
from .menu import Do, Entry

Laid = Callable[[str, str, str], Sequence[Entry]]
"""What can be done when something is laid on a call: its path, and the path of the call or the
address that was laid on it."""


class CallFrame(QFrame):
    def __init__(self, path: str, laid: Laid, do: Do) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAcceptDrops(True)
        self._path = path
        self._laid = laid
        self._do = do
        self._pressed: QPoint | None = None

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """The drag begins after this event: the calls may change, and this frame go, in between."""
        held = event.buttons() & Qt.MouseButton.LeftButton
        if not held or self._pressed is None:
            return
        way = event.position().toPoint() - self._pressed
        if way.manhattanLength() >= QApplication.startDragDistance():
            carried = (self.window(), of_call(self._path), self.grab(), self._pressed)
            self._pressed = None
            QTimer.singleShot(0, partial(carry, *carried))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if self._deeds(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """A number is called at once; of two calls more than one thing can be made."""
        event.acceptProposedAction()
        deeds = self._deeds(event.mimeData())
        if call_in(event.mimeData()):
            popup(self, deeds, self._do, self.mapToGlobal(event.position().toPoint()))
        elif deeds and (act := deeds[0].act):
            self._do(act)

    def _deeds(self, data: QMimeData) -> Sequence[Entry]:
        return self._laid(self._path, call_in(data), address_in(data))
