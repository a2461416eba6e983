# SPDX-License-Identifier: GPL-2.0-or-later
"""Past calls, to be called again."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from offhook.history import Row

from .address_list import AddressList
from .people import length, missed, row_party, row_time
from .words import tr


class HistoryPanel(AddressList):
    def __init__(self, chosen: Callable[[str], None]) -> None:
        super().__init__(tr("Past calls"), chosen)

    def update_view(self, rows: Sequence[Row]) -> None:
        now = datetime.now(UTC).astimezone()
        items = self.fill([(row_line(row, now), row["peer-uri"]) for row in rows])
        for item, row in zip(items, rows, strict=True):
            font = item.font()
            font.setBold(missed(row))
            item.setFont(font)


def row_line(row: Row, now: datetime) -> str:
    """Who, in which way, when and how long."""
    if row["answered"]:
        seconds = (row["ended"] - row["answered"]) // 1_000_000
        outcome = length(seconds) if row["ended"] else tr("now")
    else:
        outcome = tr("missed") if missed(row) else tr("no answer")
    arrow = "↗" if row["direction"] == "outgoing" else "↙"
    return f"{arrow}  {row_party(row)}\n     {row_time(row, now)} · {outcome}"
