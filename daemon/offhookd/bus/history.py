# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.History: past calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from offhookd.phone.call import Call
from offhookd.phone.records import Filter, Row
from offhookd.phone.service import CallHistory

from .exported import Exported, method
from .options import direction, options
from .signature import Typed, typed

_FILTER = {
    "since": "t",
    "until": "t",
    "account": "s",
    "direction": "s",
    "missed": "b",
    "peer": "s",
    "text": "s",
}
_ROW = {
    "id": "t",
    "account": "s",
    "direction": "s",
    "peer-uri": "s",
    "peer-name": "s",
    "contact-name": "s",
    "connected-uri": "s",
    "connected-name": "s",
    "started": "t",
    "answered": "t",
    "ended": "t",
    "end-reason": "s",
    "end-code": "q",
    "end-text": "s",
    "recording": "s",
    "through": "s",
    "mos": "d",
}


class HistoryInterface(Exported):
    interface = "org.offhook.Phone1.History"

    def __init__(self, history: CallHistory, spellings: Callable[[str], tuple[str, ...]]) -> None:
        self._history = history
        self._spellings = spellings

    def values(self) -> Mapping[str, object]:
        return {
            "UnseenMissed": self._history.unseen_missed(),
            "Revision": self._history.revision,
        }

    def row_added(self, call: Call) -> None:
        """A call began: its row exists already."""
        self.emit("RowAdded", call.id, _shown(self._history.get(call.id)))
        self.changed()

    @method("Query")
    def query(
        self, wanted: dict[str, object], cursor: str, limit: int
    ) -> tuple[Sequence[Mapping[str, Typed]], str]:
        chosen = _filter(wanted)
        chosen = replace(chosen, spellings=self._spellings(chosen.peer))
        rows, following = self._history.query(chosen, cursor, limit)
        return [_shown(row) for row in rows], following

    @method("Get")
    def get(self, call: int) -> Mapping[str, Typed]:
        return _shown(self._history.get(call))

    @method("MarkSeen")
    def mark_seen(self, up_to: int) -> None:
        self._history.mark_seen(up_to)
        self.changed()

    @method("Delete")
    def delete(self, calls: list[int]) -> None:
        if gone := self._history.delete(calls):
            self.emit("RowsDeleted", gone)
        self.changed()


def _filter(wanted: Mapping[str, object]) -> Filter:
    chosen: dict[str, Any] = options(wanted, _FILTER)
    return Filter(
        since_us=chosen.get("since"),
        until_us=chosen.get("until"),
        account=chosen.get("account", ""),
        direction=direction(chosen, "a call"),
        missed=chosen.get("missed"),
        peer=chosen.get("peer", ""),
        text=chosen.get("text", ""),
    )


def _shown(row: Row) -> dict[str, Typed]:
    return typed(
        _ROW,
        {
            "id": row.id,
            "account": row.account,
            "direction": row.direction,
            "peer-uri": row.peer_uri,
            "peer-name": row.peer_name,
            "contact-name": row.contact_name,
            "connected-uri": row.connected.uri,
            "connected-name": row.connected.name,
            "started": row.started_us,
            "answered": row.answered_us,
            "ended": row.ended_us,
            "end-reason": row.end_reason,
            "end-code": row.end_code,
            "end-text": row.end_text,
            "recording": row.recording,
            "through": row.through,
            "mos": row.mos,
        },
    )
