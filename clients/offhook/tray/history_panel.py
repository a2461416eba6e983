# SPDX-License-Identifier: GPL-2.0-or-later
"""Past calls, to be called again."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from offhook.history import Row

from .people import length, missed, row_party, row_time
from .words import tr


class HistoryPanel(QListWidget):
    """`chosen` gets an address to be called."""

    def __init__(self, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self.setAccessibleName(tr("Past calls"))
        self.itemActivated.connect(lambda item: chosen(item.data(Qt.ItemDataRole.UserRole)))
        self._rows: Sequence[Row] = ()

    def update_view(self, rows: Sequence[Row]) -> None:
        if rows is self._rows:
            return
        self._rows = rows
        self.clear()
        now = datetime.now(UTC).astimezone()
        for row in rows:
            item = QListWidgetItem(row_line(row, now))
            item.setData(Qt.ItemDataRole.UserRole, row["peer-uri"])
            if missed(row):
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            self.addItem(item)


def row_line(row: Row, now: datetime) -> str:
    """Who, in which way, when and how long."""
    if row["answered"]:
        seconds = (row["ended"] - row["answered"]) // 1_000_000
        outcome = length(seconds) if row["ended"] else tr("now")
    else:
        outcome = tr("missed") if missed(row) else tr("no answer")
    arrow = "↗" if row["direction"] == "outgoing" else "↙"
    return f"{arrow}  {row_party(row)}\n     {row_time(row, now)} · {outcome}"
