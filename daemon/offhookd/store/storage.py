# SPDX-License-Identifier: GPL-2.0-or-later
"""The database of calls and messages, on a disc that may fail at any moment.

Reads and writes never fail because of the disc.  When a write does, the newest rows move to a
database in memory and the phone goes on; `recover` takes everything back once the file can be
written again.  A damaged file is kept under another name and a new one is started.

Rows in memory, and rows after a damaged file, are numbered from the seconds since 1970, far above
what the disc ever gave out: an id names one call or message for ever, whatever happens to the file.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from offhookd.store.database import (
    FAILURES,
    DamagedError,
    NewerVersionError,
    is_damage,
    open_file,
    open_memory,
    set_aside,
)

log = logging.getLogger(__name__)

KEPT_IN_MEMORY = 1_000
"""Rows of each table still shown while the disc is away; about 0.5 MB."""

TABLES = ("calls", "messages")

_NOTHING_KEPT = 2**63 - 1
_UNUSABLE = (DamagedError, NewerVersionError, OSError, sqlite3.Error, UnicodeDecodeError)

T = TypeVar("T")


class Storage:
    """One connection, and what is cached of the `marks` table.

    `on_problem` is told one sentence when something needs a person, and "" when it is over.
    """

    def __init__(
        self,
        path: Path,
        on_problem: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._on_problem = on_problem
        self._clock = clock
        self._on_disc = False
        self._oldest_kept: dict[str, int] = {}
        self._last_id: tuple[sqlite3.Connection | None, int] = (None, 0)
        self._db = self._open()
        marks = self._db.execute("SELECT revision, seen FROM marks").fetchone()
        self.revision, self.seen = int(marks[0]), int(marks[1])

    def select(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._try(lambda db: db.execute(query, values).fetchall())

    def change(self, work: Callable[[sqlite3.Connection], T], *, revises: bool = True) -> T:
        """`work` in one transaction, committed when this returns.

        It runs a second time, in memory, when the disc refuses the first.  `revises`: whether
        `revision` is to tell of it.
        """
        return self._try(lambda db: self._transaction(db, work, revises=revises))

    def last_id(self) -> int:
        """The highest id that any call, deleted ones included, had before this database was opened;
        counted once, as whoever rings is kept waiting for the next id."""
        if self._last_id[0] is not self._db:
            rows = self.select("SELECT seq FROM sqlite_sequence WHERE name = 'calls'")
            self._last_id = self._db, int(rows[0][0]) if rows else 0
        return self._last_id[1]

    def mark_seen(self, up_to_id: int) -> None:
        self.change(lambda db: db.execute("UPDATE marks SET seen = ?", (up_to_id,)))
        self.seen = up_to_id

    def recover(self) -> None:
        """Take what was remembered in memory back to the disc, if that can be written again."""
        if self._on_disc:
            return
        try:
            db = open_file(self._path)
        except _UNUSABLE as error:
            log.debug("history stays in memory: %s", error)
            return
        try:
            self._bring_home(db)
        except sqlite3.Error as error:
            log.debug("history stays in memory: %s", error)
            db.close()
            return
        self._db.close()
        self._db, self._on_disc, self._oldest_kept = db, True, {}
        log.info("the history is on the disc again")
        self._on_problem("")

    def close(self) -> None:
        self._db.close()

    def _try(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._db)
        except FAILURES as error:
            if not (isinstance(error, sqlite3.OperationalError) or is_damage(error)):
                raise  # a mistake of ours, not of the disc
            self._lose_disc(error)
            return work(self._db)

    def _transaction(
        self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], *, revises: bool
    ) -> T:
        with db:
            before = db.total_changes
            result = work(db)
            revision = self.revision + (revises and db.total_changes != before)
            if revision != self.revision:
                db.execute("UPDATE marks SET revision = ?", (revision,))
        self.revision = revision
        return result

    def _open(self) -> sqlite3.Connection:
        try:
            db = open_file(self._path)
        except DamagedError as error:
            return self._start_afresh(error)
        except _UNUSABLE as error:
            return self._stay_in_memory(error)
        self._on_disc = True
        return db

    def _start_afresh(self, why: Exception) -> sqlite3.Connection:
        try:
            aside = set_aside(self._path)
            db = open_file(self._path)
        except _UNUSABLE as error:
            return self._stay_in_memory(error)
        self._on_disc = True
        self._number_from_now(db)
        self._tell(
            f"The call history {self._path} was damaged ({why}): it was kept as {aside.name}"
            " and a new one was started."
        )
        return db

    def _stay_in_memory(self, why: Exception) -> sqlite3.Connection:
        self._on_disc = False
        db = open_memory()
        self._number_from_now(db)
        reason = why.strerror if isinstance(why, OSError) and why.strerror else str(why)
        self._tell(
            f"The call history {self._path} cannot be used ({reason}), so calls are remembered in"
            " memory only: make room on the disc or mend the permissions."
        )
        return db

    def _number_from_now(self, db: sqlite3.Connection) -> None:
        base = int(self._clock())
        with db:
            rows = [(table, base) for table in TABLES]
            db.executemany("INSERT INTO sqlite_sequence VALUES (?, ?)", rows)
            db.execute("UPDATE marks SET revision = ?", (base,))

    def _lose_disc(self, error: Exception) -> None:
        newest = {table: _newest(self._db, table) for table in TABLES}
        self._db.close()
        if is_damage(error):
            self._db = self._start_afresh(error)
        else:
            self._db = self._stay_in_memory(error)
        self._oldest_kept = {table: rows[-1][0] for table, rows in newest.items() if rows}
        with self._db:
            for table, rows in newest.items():
                with suppress(sqlite3.Error):  # of a table that is damaged itself
                    _copy(rows, self._db, table)
            self._write_marks(self._db)

    def _bring_home(self, db: sqlite3.Connection) -> None:
        with db:
            for table in TABLES:
                self._bring_table_home(db, table)
            revision, seen = db.execute("SELECT revision, seen FROM marks").fetchone()
            self.revision, self.seen = max(self.revision, revision) + 1, max(self.seen, seen)
            self._write_marks(db)

    def _bring_table_home(self, db: sqlite3.Connection, table: str) -> None:
        rows = self._db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - one of TABLES
        ids = {row[0] for row in rows}
        oldest = self._oldest_kept.get(table, _NOTHING_KEPT)
        query = f"SELECT id FROM {table} WHERE id >= ?"  # noqa: S608 - one of TABLES
        deleted = [row for row in db.execute(query, (oldest,)) if row[0] not in ids]
        db.executemany(f"DELETE FROM {table} WHERE id = ?", deleted)  # noqa: S608 - one of TABLES
        _copy(rows, db, table)

    def _write_marks(self, db: sqlite3.Connection) -> None:
        db.execute("UPDATE marks SET revision = ?, seen = ?", (self.revision, self.seen))

    def _tell(self, sentence: str) -> None:
        log.warning("%s", sentence)
        self._on_problem(sentence)


def _newest(db: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    query = f"SELECT * FROM {table} ORDER BY id DESC LIMIT ?"  # noqa: S608 - one of TABLES
    try:
        return db.execute(query, (KEPT_IN_MEMORY,)).fetchall()
    except FAILURES:
        return []


def _copy(rows: list[tuple[Any, ...]], db: sqlite3.Connection, table: str) -> None:
    rows = [row for row in rows if None not in row]  # no column may be, in an undamaged file
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        db.executemany(f"REPLACE INTO {table} VALUES ({marks})", rows)  # noqa: S608 - constants
