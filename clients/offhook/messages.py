# SPDX-License-Identifier: GPL-2.0-or-later
"""Text messages (SIP MESSAGE)."""

from typing import TypedDict

from .account import Account
from .bus import variant
from .objects import PhoneObject, Property

MESSAGES = "org.offhook.Phone1.Messages"

MessageRow = TypedDict(
    "MessageRow",
    {
        "id": int,
        "account": str,
        "direction": str,
        "peer-uri": str,
        "peer-name": str,
        "text": str,
        "at": int,
        "status": str,
        "reason": str,
        "read": bool,
    },
)
"""As in the contract; `at` is microseconds since 1970."""


class Messages(PhoneObject):
    """Rows, not objects; ``Event(member="RowAdded")`` and ``"RowChanged"`` tell of changes."""

    unread = Property(MESSAGES, "Unread", 0)

    async def send(self, target: str, text: str, *, account: Account | None = None) -> int:
        """Returns the message's id when the far end, or a server for it, accepted it."""
        options = {"account": variant("o", account.path)} if account else {}
        (sent,) = await self._call(MESSAGES, "Send", "ssa{sv}", target, text, options)
        return int(sent)

    async def query(
        self,
        limit: int,
        *,
        unread: bool = False,
        peer: str = "",
        account: str = "",
        direction: str = "",
        text: str = "",
        since: int = 0,
        until: int = 0,
    ) -> list[MessageRow]:
        """The newest `limit` messages, newest first; what is chosen is as in `History.query`."""
        return await self._rows(
            MESSAGES,
            {
                "unread": ("b", unread),
                "peer": ("s", peer),
                "account": ("s", account),
                "direction": ("s", direction),
                "text": ("s", text),
                "since": ("t", since),
                "until": ("t", until),
            },
            limit,
        )

    async def mark_read(self, up_to: int) -> None:
        """Everything up to this id was read."""
        await self._call(MESSAGES, "MarkRead", "t", up_to)
