# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Messages: SIP MESSAGE."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from offhookd.phone.accounts import Accounts
from offhookd.phone.letters import MessageFilter, MessageId, MessageRow
from offhookd.phone.messages import Messages
from offhookd.phone.planner import Planner
from offhookd.phone.ports import Done

from .completion import completion
from .exported import Exported, method
from .options import direction, options
from .paths import NOTHING, account_at
from .signature import Typed, typed

_SEND_OPTIONS = {"account": "o"}
_FILTER = {
    "since": "t",
    "until": "t",
    "account": "s",
    "direction": "s",
    "unread": "b",
    "peer": "s",
    "text": "s",
}
_ROW = {
    "id": "t",
    "account": "s",
    "direction": "s",
    "peer-uri": "s",
    "peer-name": "s",
    "text": "s",
    "at": "t",
    "status": "s",
    "reason": "s",
    "read": "b",
}


class MessagesInterface(Exported):
    interface = "org.offhook.Phone1.Messages"

    def __init__(self, messages: Messages, accounts: Accounts, planner: Planner) -> None:
        self._messages = messages
        self._planner = planner
        self._accounts = accounts
        messages.added.connect(self._added)
        messages.settled.connect(self._settled)

    def values(self) -> Mapping[str, object]:
        return {"Unread": self._messages.store.unread()}

    @method("Send")
    async def send(self, target: str, text: str, given: dict[str, object]) -> int:
        chosen: dict[str, Any] = options(given, _SEND_OPTIONS)
        asked = chosen.get("account", NOTHING)
        named = None if asked == NOTHING else account_at(asked, self._accounts)
        planned = self._planner.plan(target, named)
        sent: asyncio.Future[MessageId] = asyncio.get_running_loop().create_future()

        def start(done: Done) -> None:
            sent.set_result(
                self._messages.send(planned.account, planned.uri, planned.display_name, text, done)
            )

        await completion(start)
        return sent.result()

    @method("Query")
    def query(
        self, wanted: dict[str, object], cursor: str, limit: int
    ) -> tuple[Sequence[Mapping[str, Typed]], str]:
        rows, following = self._messages.store.query(_filter(wanted), cursor, limit)
        return [_shown(row) for row in rows], following

    @method("MarkRead")
    def mark_read(self, up_to: int) -> None:
        self._messages.store.mark_read(up_to)
        self.changed()

    def _added(self, row: MessageRow) -> None:
        self.emit("RowAdded", row.id, _shown(row))
        self.changed()

    def _settled(self, row: MessageRow) -> None:
        self.emit("RowChanged", row.id, _shown(row))


def _filter(wanted: Mapping[str, object]) -> MessageFilter:
    chosen: dict[str, Any] = options(wanted, _FILTER)
    return MessageFilter(
        since_us=chosen.get("since"),
        until_us=chosen.get("until"),
        account=chosen.get("account", ""),
        direction=direction(chosen, "a message"),
        unread=chosen.get("unread"),
        peer=chosen.get("peer", ""),
        text=chosen.get("text", ""),
    )


def _shown(row: MessageRow) -> dict[str, Typed]:
    return typed(
        _ROW,
        {
            "id": row.id,
            "account": row.account,
            "direction": row.direction,
            "peer-uri": row.peer_uri,
            "peer-name": row.peer_name,
            "text": row.text,
            "at": row.at_us,
            "status": row.status,
            "reason": row.reason,
            "read": row.read,
        },
    )
