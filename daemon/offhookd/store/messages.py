# SPDX-License-Identifier: GPL-2.0-or-later
"""Text messages, in the file of the call history."""

import sqlite3

from offhookd.phone.errors import NotFoundError
from offhookd.phone.letters import (
    Letter,
    MessageFilter,
    MessageId,
    MessageRow,
    MessageStatus,
    MessageStore,
)
from offhookd.phone.values import AccountId, Direction
from offhookd.store.paging import (
    MAX_INTEGER,
    PAGE_LIMIT,
    Criterion,
    before,
    conditions,
    cursor_after,
    fit,
    page_size,
    readable,
    storable,
    stored_number,
    stored_text,
    user_of,
)
from offhookd.store.storage import Storage

KEPT = 10_000
"""Messages; the oldest go first, so that nobody can fill the disc with them."""

_SELECT = (
    "SELECT id, account, direction, peer_uri, peer_name, text, at_us, status, reason, unread"
    " FROM messages WHERE "
)
_PAGE = _SELECT + "id < ?"
_ONE = _SELECT + "id = ?"
_INSERT = (
    "INSERT INTO messages (account, direction, peer_uri, peer_user, peer_name, text, at_us,"
    " status, unread, sip_id, search) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
_FORGET = (
    "DELETE FROM messages WHERE id <= (SELECT id FROM messages ORDER BY id DESC LIMIT 1 OFFSET ?)"
)


class StoredMessages(MessageStore):
    """Every message that was sent or received, up to `KEPT`."""

    def __init__(self, storage: Storage, kept: int = KEPT) -> None:
        self._storage = storage
        self._kept = kept

    def add(self, letter: Letter, at_us: int) -> MessageId | None:
        self._storage.recover()
        values = _values(letter, at_us)

        def insert(db: sqlite3.Connection) -> MessageId | None:
            cursor = db.execute(_INSERT, values)
            if not cursor.rowcount or cursor.lastrowid is None:
                return None
            db.execute(_FORGET, (self._kept,))
            return MessageId(cursor.lastrowid)

        return self._storage.change(insert, revises=False)

    def settle(self, message: MessageId, status: MessageStatus, reason: str) -> None:
        self._update(
            "UPDATE messages SET status = ?, reason = ? WHERE id = ?",
            (status, storable(reason), message),
        )

    def get(self, message: int) -> MessageRow:
        rows = self._rows(_ONE, (min(message, MAX_INTEGER),))
        if not rows:
            raise NotFoundError(f"There is no message {message}.")
        return rows[0]

    def query(
        self, wanted: MessageFilter, cursor: str = "", limit: int = PAGE_LIMIT
    ) -> tuple[tuple[MessageRow, ...], str]:
        """One page, as `History.query`."""
        limit = page_size(limit)
        clauses, values = conditions(_criteria(wanted))
        query = " AND ".join((_PAGE, *clauses)) + " ORDER BY id DESC LIMIT ?"
        rows = self._rows(query, (before(cursor), *values, limit + 1))
        more = len(rows) > limit
        return tuple(rows[:limit]), cursor_after(rows[limit - 1].id) if more else ""

    def unread(self) -> int:
        return int(self._storage.select("SELECT count(*) FROM messages WHERE unread")[0][0])

    def mark_read(self, up_to_id: int) -> None:
        statement = "UPDATE messages SET unread = 0 WHERE unread AND id <= ?"
        self._update(statement, (min(up_to_id, MAX_INTEGER),))

    def fail_orphans(self, reason: str) -> None:
        self._update(
            "UPDATE messages SET status = ?, reason = ? WHERE status = ?",
            (MessageStatus.FAILED, reason, MessageStatus.PENDING),
        )

    def _update(self, statement: str, values: tuple[object, ...]) -> None:
        self._storage.change(lambda db: db.execute(statement, values), revises=False)

    def _rows(self, query: str, values: tuple[object, ...]) -> list[MessageRow]:
        return readable(_row, self._storage.select(query, values))


def _values(letter: Letter, at_us: int) -> tuple[object, ...]:
    uri, name, text = map(storable, (letter.peer_uri, letter.peer_name, letter.text))
    came_in = letter.direction is Direction.INCOMING
    return (
        letter.account,
        letter.direction,
        uri,
        user_of(uri),
        name,
        text,
        at_us,
        MessageStatus.RECEIVED if came_in else MessageStatus.PENDING,
        came_in,
        storable(letter.sip_id),
        f"{text}\n{name}\n{uri}".casefold(),
    )


def _row(
    message: int,
    account: str,
    direction: str,
    peer_uri: str,
    peer_name: str,
    text: str,
    at_us: int,
    status: str,
    reason: str,
    unread: int,
) -> MessageRow:
    return MessageRow(
        id=MessageId(stored_number(message)),
        account=AccountId(stored_text(account)),
        direction=Direction(direction),
        peer_uri=stored_text(peer_uri),
        peer_name=stored_text(peer_name),
        text=stored_text(text),
        at_us=stored_number(at_us),
        status=MessageStatus(status),
        reason=stored_text(reason),
        read=not unread,
    )


def _criteria(wanted: MessageFilter) -> tuple[Criterion, ...]:
    peer_column = "peer_uri" if ":" in wanted.peer else "peer_user"
    return (
        (wanted.since_us is not None, "at_us >= ?", (fit(wanted.since_us),)),
        (wanted.until_us is not None, "at_us < ?", (fit(wanted.until_us),)),
        (wanted.account != "", "account = ?", (storable(wanted.account),)),
        (wanted.direction is not None, "direction = ?", (wanted.direction,)),
        (wanted.unread is not None, "unread = ?", (bool(wanted.unread),)),
        (wanted.peer != "", f"{peer_column} = ?", (storable(wanted.peer),)),
        (wanted.text != "", "instr(search, ?)", (storable(wanted.text).casefold(),)),
    )
