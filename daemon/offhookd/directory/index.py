# SPDX-License-Identifier: GPL-2.0-or-later
"""The index: every contact of every source in one SQLite file, with its words and numbers.

Only a cache: a file that is damaged or of another version is thrown away and filled anew.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from offhookd.config.files import private_file
from offhookd.phone.contacts import Contact

VERSION = 2
"""`PRAGMA user_version`; to be raised with every change of the tables below."""

BUSY_TIMEOUT_S = 5.0
"""The reader writes one source in one transaction, the longest of which takes some seconds."""

MOST_WORDS = 8
"""Of a search; more are typed by nobody."""
SHORTEST_PART = 4
"""Digits of a number whose ends are found, too: an extension, the last digits one remembers."""

TABLES = """
CREATE TABLE contacts (
    row INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL,
    name TEXT NOT NULL, organization TEXT NOT NULL, note TEXT NOT NULL, url TEXT NOT NULL,
    photo_path TEXT NOT NULL, UNIQUE (source, id)
);
CREATE TABLE uris (
    contact INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE,
    place INTEGER NOT NULL, kind TEXT NOT NULL, uri TEXT NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (contact, place)
) WITHOUT ROWID;
CREATE INDEX uris_by_key ON uris (key);
CREATE VIRTUAL TABLE words USING fts5 (
    name, organization, numbers, tokenize = "unicode61 remove_diacritics 2", prefix = "1 2 3"
);
CREATE TABLE marks (
    source TEXT PRIMARY KEY, origin TEXT NOT NULL DEFAULT '', mark TEXT NOT NULL DEFAULT ''
);
CREATE TABLE revision (number INTEGER NOT NULL);
INSERT INTO revision VALUES (0);
"""

_SURROUNDINGS = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)

KeyOf = Callable[[str], str]


class Index:
    """One connection; use it in one thread only.  `key_of` as in `keys`, for the user's country."""

    def __init__(self, path: Path, key_of: KeyOf) -> None:
        self._key_of = key_of
        self._path = path
        self._db = _open(path)
        self._file = _identity(path)

    def close(self) -> None:
        self._db.close()

    @property
    def current(self) -> bool:
        """Whether its file is still the one that others find."""
        return _identity(self._path) == self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ looking

    @property
    def revision(self) -> int:
        """Grows with every change of content."""
        number: int = self._one("SELECT number FROM revision")[0]
        return number

    def search(self, text: str, limit: int, sources: Sequence[str]) -> list[Contact]:
        """Contacts of `sources` with words that begin like those of `text`: those whose names
        match first, each group in the order of the source."""
        words = _words(text)
        if not words or limit <= 0:
            return []
        wanted = " AND ".join(f'"{word}"*' for word in words)
        rows: dict[int, None] = {}
        for query in (f"name : ({wanted})", wanted):
            rows.update(dict.fromkeys(self._matching(query, limit, sources)))
        return [self._contact(row) for row in list(rows)[:limit]]

    def _matching(self, query: str, limit: int, sources: Sequence[str]) -> list[int]:
        # In the order of rows, so that the search ends at the limit: by rank it would have to
        # look at all of the 50,000 that begin with an "a".
        marks = ", ".join("?" * len(sources))
        found = self._db.execute(
            "SELECT words.rowid FROM words JOIN contacts ON contacts.row = words.rowid "  # noqa: S608 - only question marks are put in
            f"WHERE words MATCH ? AND source IN ({marks}) ORDER BY words.rowid LIMIT ?",
            (query, *sources, limit),
        )
        return [row for (row,) in found]

    def lookup(self, uri: str, sources: Sequence[str]) -> Contact | None:
        """Who has `uri`, in the first of `sources` that knows it."""
        found = self._db.execute(
            "SELECT source, contact FROM uris JOIN contacts ON row = contact WHERE key = ?",
            (self._key_of(uri),),
        )
        rows: dict[str, int] = {}
        for source, row in found:
            rows.setdefault(source, row)
        return next((self._contact(rows[one]) for one in sources if one in rows), None)

    def _contact(self, row: int) -> Contact:
        contact_id, source, name, organization, note, url, photo_path = self._one(
            "SELECT id, source, name, organization, note, url, photo_path FROM contacts"
            " WHERE row = ?",
            row,
        )
        uris = self._db.execute(
            "SELECT kind, uri FROM uris WHERE contact = ? ORDER BY place", (row,)
        )
        return Contact(
            str(contact_id),  # these are texts, unless the file is damaged
            str(source),
            str(name),
            str(organization),
            str(note),
            str(url),
            str(photo_path),
            tuple((str(kind), str(uri)) for kind, uri in uris),
        )

    # ------------------------------------------------------------ filling

    @property
    def sources(self) -> list[str]:
        """Whose contacts are here, or were."""
        return [source for (source,) in self._db.execute("SELECT source FROM marks")]

    @property
    def photos(self) -> set[str]:
        """The paths of all photos."""
        return {path for (path,) in self._db.execute("SELECT DISTINCT photo_path FROM contacts")}

    def begin(self, source: str, origin: str) -> None:
        """Empty `source` if it was filled from another `origin` than this one."""
        with self._db:
            if self._db.execute(
                "SELECT 1 FROM marks WHERE source = ? AND origin = ?", (source, origin)
            ).fetchone():
                return
            self._remove(source, self.versions(source))
            self._db.execute(
                "INSERT OR REPLACE INTO marks (source, origin) VALUES (?, ?)", (source, origin)
            )

    def forget(self, source: str) -> None:
        """Keep nothing of `source`."""
        with self._db:
            self._remove(source, self.versions(source))
            self._db.execute("DELETE FROM marks WHERE source = ?", (source,))

    def mark(self, source: str) -> str:
        """What the source's server said the state of this content is called, "" for none."""
        found = self._db.execute("SELECT mark FROM marks WHERE source = ?", (source,)).fetchone()
        return str(found[0]) if found else ""

    def versions(self, source: str) -> dict[str, str]:
        """The version of each contact of `source` by its id."""
        return dict(
            self._db.execute("SELECT id, version FROM contacts WHERE source = ?", (source,))
        )

    def replace(self, source: str, contacts: Iterable[Contact], mark: str = "") -> int:
        """Let `contacts` be the whole of `source`; how many there are."""
        ordered = sorted(contacts, key=lambda one: one.name.casefold())
        with self._db:
            self._remove(source, self.versions(source))
            for contact in ordered:
                self._add(source, contact, "")
            self._finish(source, mark)
        return len(ordered)

    def update(
        self,
        source: str,
        changed: Iterable[tuple[Contact, str]],
        gone: Iterable[str],
        mark: str = "",
    ) -> None:
        """Put in contacts with their versions, in place of older ones with the same id, and drop
        those with the ids in `gone`."""
        with self._db:
            self._remove(source, gone)
            for contact, version in changed:
                self._remove(source, [contact.id])
                self._add(source, contact, version)
            self._finish(source, mark)

    def _add(self, source: str, contact: Contact, version: str) -> None:
        row = self._db.execute(
            "INSERT INTO contacts (source, id, version, name, organization, note, url, photo_path)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                source,
                contact.id,
                version,
                contact.name,
                contact.organization,
                contact.note,
                contact.url,
                contact.photo_path,
            ),
        ).lastrowid
        keys = [self._key_of(uri) for _, uri in contact.uris]
        self._db.executemany(
            "INSERT INTO uris VALUES (?, ?, ?, ?, ?)",
            [
                (row, place, kind, uri, key)
                for place, ((kind, uri), key) in enumerate(zip(contact.uris, keys, strict=True))
            ],
        )
        numbers = " ".join(filter(None, map(_spellings, (uri for _, uri in contact.uris), keys)))
        self._db.execute(
            "INSERT INTO words (rowid, name, organization, numbers) VALUES (?, ?, ?, ?)",
            (row, contact.name, contact.organization, numbers),
        )

    def _remove(self, source: str, ids: Iterable[str]) -> None:
        rows = [(source, one) for one in ids]
        where = "source = ? AND id = ?"
        self._db.executemany(
            f"DELETE FROM words WHERE rowid IN (SELECT row FROM contacts WHERE {where})",  # noqa: S608 - a constant
            rows,
        )
        self._db.executemany(f"DELETE FROM contacts WHERE {where}", rows)  # noqa: S608 - a constant

    def _finish(self, source: str, mark: str) -> None:
        self._db.execute(
            "INSERT INTO marks (source, mark) VALUES (?, ?)"
            " ON CONFLICT (source) DO UPDATE SET mark = excluded.mark",
            (source, mark),
        )
        self._db.execute("UPDATE revision SET number = number + 1")

    def _one(self, query: str, *values: object) -> tuple[Any, ...]:
        with closing(self._db.execute(query, values)) as cursor:
            found = cursor.fetchone()
        if found is None:
            raise sqlite3.DatabaseError("a row is missing")
        return tuple(found)


def _words(text: str) -> list[str]:
    """The words of `text`; the groups of a number are one word."""
    if re.fullmatch(r"\+?[0-9\s().\-/]+", text.strip()):
        return [digits] if (digits := re.sub(r"\D", "", text)) else []
    folded = unicodedata.normalize("NFKC", text)
    return re.findall(r"\w+", folded)[:MOST_WORDS]


def _spellings(uri: str, key: str) -> str:
    """A number as people type it: as it stands, in E.164 form, and its last digits."""
    if not re.fullmatch(r"\+?[0-9*#]+", key):
        return uri
    digits = re.sub(r"\D", "", key)
    written = re.sub(r"\D", "", uri.partition("@")[0])
    ends = [
        digits[-length:] for length in (SHORTEST_PART, SHORTEST_PART + 2) if length < len(digits)
    ]
    return " ".join(dict.fromkeys([digits, written, *ends]))


def is_damage(error: Exception) -> bool:
    """Whether an error of a method tells that the file is broken, tables and columns missing
    included, and not that something around it is amiss."""
    if isinstance(error, UnicodeDecodeError):  # of SQLite's sentence about a table's name
        return True
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.ProgrammingError):
        return False
    return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _SURROUNDINGS


DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a damaged file makes the methods raise, among others."""


def throw_away(path: Path) -> None:
    """The next `Index` begins anew."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _prepared(path)
    except DAMAGE as error:
        if not is_damage(error):
            raise
    throw_away(path)
    return _prepared(path)


def _prepared(path: Path) -> sqlite3.Connection:
    private_file(path)
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    db.text_factory = lambda stored: stored.decode(errors="replace")
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            db.executescript(f"BEGIN IMMEDIATE; {TABLES}; PRAGMA user_version = {VERSION}; COMMIT;")
        elif found != VERSION:
            raise sqlite3.DatabaseError(f"version {found}")
    except DAMAGE:
        db.close()
        raise
    return db
