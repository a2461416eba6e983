# SPDX-License-Identifier: GPL-2.0-or-later
"""What is carried by the mouse: a call, or an address."""

from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QWidget

from .loop import going_on

CALL = "application/x-offhook-call"
"""The path of a call."""

ADDRESS = "application/x-offhook-address"


def of_call(path: str) -> QMimeData:
    return _made(CALL, path)


def of_address(address: str) -> QMimeData:
    """For other programs it is a text."""
    data = _made(ADDRESS, address)
    data.setText(address)
    return data


def carry(window: QWidget, data: QMimeData, picture: QPixmap, held_at: QPoint) -> None:
    """Until the mouse lets go.  `window` stays, what the mouse took may be gone by then."""
    drag = QDrag(window)
    drag.setMimeData(data)
    drag.setPixmap(picture)
    drag.setHotSpot(held_at)
    with going_on():
        drag.exec(Qt.DropAction.CopyAction)


def call_in(data: QMimeData) -> str:
    """The path; "" for none."""
    return _text(data, CALL)


def address_in(data: QMimeData) -> str:
    """The address; "" for none."""
    return _text(data, ADDRESS)


def _made(kind: str, text: str) -> QMimeData:
    data = QMimeData()
    data.setData(kind, text.encode())
    return data


def _text(data: QMimeData, kind: str) -> str:
    return bytes(data.data(kind).data()).decode(errors="replace")
