# SPDX-License-Identifier: GPL-2.0-or-later
"""Past calls."""

from collections.abc import Iterable
from typing import TypedDict

from .objects import PhoneObject, Property

HISTORY = "org.offhook.Phone1.History"

Row = TypedDict(
    "Row",
    {
        "id": int,
        "account": str,
        "direction": str,
        "peer-uri": str,
        "peer-name": str,
        "contact-name": str,
        "connected-uri": str,
        "connected-name": str,
        "started": int,
        "answered": int,
        "ended": int,
        "end-reason": str,
        "end-code": int,
        "end-text": str,
        "recording": str,
        "through": str,
        "mos": float,
    },
)
"""As in the contract; times are microseconds since 1970, 0 for never."""


def was_connected_on(row: Row) -> bool:
    """Whether somebody else than the peer was at the other end at last."""
    return row["connected-uri"] not in {"", row["peer-uri"]}


def known_name(row: Row) -> str:
    """The peer's name as it was known during the call, by the address books, by the peer itself or
    by the exchange; "" for none."""
    told = "" if was_connected_on(row) else row["connected-name"]
    return row["contact-name"] or told or row["peer-name"]


class History(PhoneObject):
    """Rows, not objects; ``Event(member="RowAdded")`` and ``"RowsDeleted"`` tell of changes."""

    unseen_missed = Property(HISTORY, "UnseenMissed", 0)
    revision = Property(HISTORY, "Revision", 0)
    """Grows with every change of a row."""

    async def query(
        self,
        limit: int,
        *,
        missed: bool = False,
        peer: str = "",
        account: str = "",
        direction: str = "",
        text: str = "",
        since: int = 0,
        until: int = 0,
    ) -> list[Row]:
        """The newest `limit` calls, newest first; `peer` is an address or a number in any
        spelling, `text` a part of it or of the name, `account` an id; `since` is in, `until`
        is not."""
        return await self._rows(
            HISTORY,
            {
                "missed": ("b", missed),
                "peer": ("s", peer),
                "account": ("s", account),
                "direction": ("s", direction),
                "text": ("s", text),
                "since": ("t", since),
                "until": ("t", until),
            },
            limit,
        )

    async def mark_seen(self, up_to: int) -> None:
        """Every missed call up to this id was noticed."""
        await self._call(HISTORY, "MarkSeen", "t", up_to)

    async def get(self, call: int) -> Row:
        """The row of one call, by its id."""
        (row,) = await self._call(HISTORY, "Get", "t", call)
        found: Row = row
        return found

    async def delete(self, calls: Iterable[int]) -> None:
        """Forget these calls; those that are gone already are no error."""
        await self._call(HISTORY, "Delete", "at", list(calls))
