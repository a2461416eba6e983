# SPDX-License-Identifier: GPL-2.0-or-later
"""Past calls, to be found and called again."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from offhook.aio import Phone
from offhook.history import Row

from .address_list import AddressList, Line, Offer
from .latest import Latest
from .menu import Do
from .names import with_names
from .people import length, missed, row_party, row_time, shown
from .words import tr

FOUND = 100
"""Calls that a search shows."""


class HistoryPanel(QWidget):
    def __init__(self, phone: Phone, chosen: Callable[[str], None], offer: Offer, do: Do) -> None:
        super().__init__()
        self._phone = phone
        self._rows: Sequence[Row] = ()
        self._older: Sequence[Row] = ()
        self._search = Latest("search of past calls")
        self.destroyed.connect(self._search.cancel)
        self._list = AddressList(tr("Past calls"), chosen, offer, do)
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(tr("Find a past call"))
        self._filter.setAccessibleName(tr("Find a past call"))
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(lambda _: self._typing())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._filter)
        column.addWidget(self._list, 1)

    def update_view(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._show()

    def _typing(self) -> None:
        """What is here is shown at once; what is older, when the daemon has found it."""
        self._older = ()
        self._show()
        if text := self._filter.text().strip():
            self._search.start(partial(self._look_up, text))
        else:
            self._search.cancel()

    async def _look_up(self, text: str) -> None:
        found = await self._phone.history.query(FOUND, text=text)
        self._older = await with_names(self._phone.contacts, found)
        self._show()

    def _show(self) -> None:
        rows = matching(self._rows, self._older, self._filter.text())
        now = datetime.now(UTC).astimezone()
        lines = [row_line(row, now) for row in rows]
        for item, row in zip(self._list.fill(lines), rows, strict=True):
            font = item.font()
            font.setBold(missed(row))
            item.setFont(font)


def matching(rows: Sequence[Row], older: Sequence[Row], text: str) -> list[Row]:
    """Those that have every word of the text in name or address, and what else was found; newest
    first."""
    words = text.casefold().split()
    found = {row["id"]: row for row in older}
    for row in rows:
        connected = f"{row['connected-name']} {row['connected-uri']}"
        where = f"{row['peer-name']} {row['peer-uri']} {connected}".casefold()
        if all(word in where for word in words):
            found[row["id"]] = row
    return sorted(found.values(), key=lambda row: row["id"], reverse=True)


def row_line(row: Row, now: datetime) -> Line:
    """Who, in which way, when and how long."""
    outgoing = row["direction"] == "outgoing"
    who, when, outcome = row_party(row), row_time(row, now), _outcome(row)
    way = tr("outgoing") if outgoing else tr("incoming")
    return Line(
        text=f"{'↗' if outgoing else '↙'}  {who}\n     {when} · {outcome}",
        address=row["peer-uri"],
        name=shown(row["peer-name"]),
        spoken=f"{who}, {way}, {when}, {outcome}",
    )


def _outcome(row: Row) -> str:
    if not row["ended"]:
        return tr("now")
    if row["answered"]:
        return length((row["ended"] - row["answered"]) // 1_000_000)
    return tr("missed") if missed(row) else tr("no answer")
