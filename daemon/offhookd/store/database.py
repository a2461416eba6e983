# SPDX-License-Identifier: GPL-2.0-or-later
"""Opening, creating and migrating the SQLite file of the history.

The version of the schema is `PRAGMA user_version`; ``schema/NNN.sql`` leads from version NNN-1 to
NNN.  Write-ahead logging with synchronous=NORMAL: a row that was committed survives the death of
the process at any moment; only a power cut may take the last ones.
"""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from offhookd.config.files import private_file

APPLICATION_ID = 0x4F464648
"""The bytes "OFFH"; `file` and our own check tell the history from other databases by it."""

SCHEMA = Path(__file__).parent / "schema"

BUSY_TIMEOUT_S = 0.1
"""Only a curious person's sqlite3 shell can hold the lock; the event loop waits no longer."""

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


FAILURES = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a statement raises for the file's sake."""

_SOUND_NUMBERS = """
SELECT (SELECT count(*) FROM marks) = 1 AND NOT EXISTS (
    SELECT * FROM (
        SELECT revision AS number FROM marks
        UNION SELECT seen FROM marks
        UNION SELECT seq FROM sqlite_sequence
    ) WHERE typeof(number) != 'integer' OR number NOT BETWEEN 0 AND 1 << 53
)
"""
"""Nobody makes so many calls, and there is room for more behind."""


class DamagedError(Exception):
    """The file is not a history, or no longer."""


class NewerVersionError(Exception):
    """The file was written by a later version of this program."""


def open_file(path: Path, schema: Path = SCHEMA) -> sqlite3.Connection:
    """The database at `path`, created where it is missing, at the latest version.

    Raises `DamagedError`, `NewerVersionError`, `OSError` or `sqlite3.OperationalError`.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_file(path)
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level="IMMEDIATE")
    db.text_factory = _text
    try:
        _prepare(db, schema)
    except FAILURES as error:
        db.close()
        raise DamagedError(str(error)) if is_damage(error) else error from None
    except (DamagedError, NewerVersionError):
        db.close()
        raise
    return db


def open_memory(schema: Path = SCHEMA) -> sqlite3.Connection:
    """An empty history that lasts as long as its connection."""
    db = sqlite3.connect(":memory:", isolation_level="IMMEDIATE")
    _prepare(db, schema)
    return db


def is_damage(error: Exception) -> bool:
    """Whether `error` means that the file itself is broken, not its surroundings.

    `sqlite_errorcode` is extended: its low byte is the primary code
    (https://www.sqlite.org/rescode.html).  What Python cannot decode is SQLite's sentence about a
    table whose name is no text any more.
    """
    if isinstance(error, UnicodeDecodeError):
        return True
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def set_aside(path: Path) -> Path:
    """Move a damaged file and its log out of the way; the answer is its new name."""
    aside = path.with_name(time.strftime(f"{path.name}.damaged-%Y%m%d-%H%M%S"))
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _prepare(db: sqlite3.Connection, schema: Path) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")
    scripts = sorted(schema.glob("*.sql"))
    version = _number(db, "PRAGMA user_version")
    _check_ours(db, version)
    if version > len(scripts):
        raise NewerVersionError(f"its version is {version}, this program knows {len(scripts)}")
    for number, script in enumerate(scripts[version:], start=version + 1):
        db.executescript(
            f"BEGIN IMMEDIATE; {script.read_text()}\n;"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; COMMIT;"
        )


def _check_ours(db: sqlite3.Connection, version: int) -> None:
    if _number(db, "SELECT count(*) FROM sqlite_master") == version == 0:
        return
    if version == 0 or _number(db, "PRAGMA application_id") != APPLICATION_ID:
        raise DamagedError("it is the database of another program")
    try:
        _number(db, "SELECT count(*) FROM (SELECT * FROM calls ORDER BY id DESC LIMIT 1)")
        sound = _number(db, _SOUND_NUMBERS)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            raise DamagedError(str(error)) from None
        raise
    if not sound:
        raise DamagedError("its marks or its numbers are none")


def _number(db: sqlite3.Connection, query: str) -> int:
    with closing(db.execute(query)) as cursor:
        return int(cursor.fetchone()[0])


def _text(stored: bytes) -> str:
    """One text that is damaged must not keep all others from being read."""
    return stored.decode(errors="replace")
