# SPDX-License-Identifier: GPL-2.0-or-later
"""The history on files that are old, newer, foreign, damaged, or cannot be written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from offhookd.phone.letters import Letter, MessageFilter
from offhookd.phone.records import Filter
from offhookd.phone.values import NOBODY, AccountId, CallId, Direction, EndReason, Party
from offhookd.store import storage
from offhookd.store.database import APPLICATION_ID, SCHEMA, open_file
from offhookd.store.history import History
from offhookd.store.messages import StoredMessages
from tests.support.history import begin

NOW_S = 1_800_000_000

VERSION_1 = """
CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
 direction TEXT NOT NULL, peer_uri TEXT NOT NULL, peer_user TEXT NOT NULL, peer_name TEXT NOT NULL,
 started_us INTEGER NOT NULL, answered_us INTEGER NOT NULL DEFAULT 0,
 ended_us INTEGER NOT NULL DEFAULT 0, end_reason TEXT NOT NULL DEFAULT '',
 end_code INTEGER NOT NULL DEFAULT 0, end_text TEXT NOT NULL DEFAULT '',
 recording TEXT NOT NULL DEFAULT '', missed INTEGER NOT NULL DEFAULT 0, search TEXT NOT NULL);
CREATE INDEX calls_missed ON calls (id) WHERE missed;
CREATE INDEX calls_open ON calls (id) WHERE ended_us = 0;
CREATE INDEX calls_peer ON calls (peer_user, id);
CREATE TABLE marks (revision INTEGER NOT NULL, seen INTEGER NOT NULL);
INSERT INTO marks VALUES (17, 0);
INSERT INTO calls VALUES (41, 'work', 'incoming', 'sip:1001@pbx', '1001', 'Ada', 1000000, 0,
 2000000, 'cancelled', 487, 'Request Terminated', '', 1, 'ada' || char(10) || 'sip:1001@pbx');
PRAGMA application_id = 1330005576;
PRAGMA user_version = 1;
"""

VERSION_2 = (
    VERSION_1
    + """
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
 direction TEXT NOT NULL, peer_uri TEXT NOT NULL, peer_user TEXT NOT NULL, peer_name TEXT NOT NULL,
 text TEXT NOT NULL, at_us INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
 unread INTEGER NOT NULL, sip_id TEXT NOT NULL, search TEXT NOT NULL);
CREATE INDEX messages_unread ON messages (id) WHERE unread;
CREATE INDEX messages_peer ON messages (peer_user, id);
CREATE UNIQUE INDEX messages_once ON messages (account, peer_uri, sip_id) WHERE sip_id != '';
INSERT INTO messages VALUES (7, 'work', 'incoming', 'sip:1001@pbx', '1001', 'Ada', 'Tea?', 1000000,
 'received', '', 1, 'x@y 1', 'tea?' || char(10) || 'ada' || char(10) || 'sip:1001@pbx');
PRAGMA user_version = 2;
"""
)

VERSION_3 = (
    VERSION_2
    + """
ALTER TABLE calls ADD COLUMN through TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 3;
"""
)

VERSION_4 = (
    VERSION_3
    + """
ALTER TABLE calls ADD COLUMN mos REAL NOT NULL DEFAULT 0;
UPDATE calls SET mos = 3.9;
PRAGMA user_version = 4;
"""
)

VERSION_5 = (
    VERSION_4
    + """
ALTER TABLE calls ADD COLUMN contact_name TEXT NOT NULL DEFAULT '';
UPDATE calls SET contact_name = 'Ada Lovelace';
PRAGMA user_version = 5;
"""
)


VERSION_6 = (
    VERSION_5
    + """
ALTER TABLE calls ADD COLUMN connected_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN connected_name TEXT NOT NULL DEFAULT '';
UPDATE calls SET connected_uri = 'sip:1003@pbx', connected_name = 'Grace Hopper';
PRAGMA user_version = 6;
"""
)


class Desk:
    """A history file and what was said about it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []
        self.opened: list[History] = []

    def open(self) -> History:
        history = History(self.path, self.problems.append, clock=lambda: NOW_S)
        self.opened.append(history)
        return history


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "offhook" / "history.sqlite")
    yield desk
    for history in desk.opened:
        history.close()


@pytest.fixture
def full_disc(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Database files that refuse to grow, as SQLite itself reports it (SQLITE_FULL)."""

    def open_full(path: Path, schema: Path = SCHEMA) -> sqlite3.Connection:
        db = open_file(path, schema)
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(storage, "open_file", open_full)
        yield patch


def ring(history: History, name: str = "Ada") -> CallId:
    return begin(history, AccountId("work"), Direction.INCOMING, "sip:1@x", name, 5)


def ids(history: History) -> list[int]:
    return [row.id for row in history.query(Filter())[0]]


def letter(text: str) -> Letter:
    return Letter(
        account=AccountId("work"),
        direction=Direction.INCOMING,
        peer_uri="sip:1@x",
        peer_name="Ada",
        text=text,
    )


def fill(history: History) -> CallId:
    """Write until the file has no page left."""
    begin(history, AccountId("work"), Direction.INCOMING, "sip:1@x", "x" * 20_000, 5)
    return ring(history)


def test_files_are_private(desk: Desk) -> None:
    ring(desk.open())
    assert desk.path.parent.stat().st_mode & 0o777 == 0o700
    files = list(desk.path.parent.iterdir())
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_file_of_version_1_is_still_read(desk: Desk) -> None:
    desk.path.parent.mkdir()
    with closing(sqlite3.connect(desk.path)) as db:
        db.executescript(VERSION_1)
    history = desk.open()
    row = history.get(41)
    assert (row.peer_name, row.end_reason, row.missed) == ("Ada", EndReason.CANCELLED, True)
    assert (history.revision, history.unseen_missed()) == (17, 1)
    assert history.query(Filter(peer="1001", text="ADA"))[0] == (row,)
    assert row.through == ""
    assert ring(history) == 42
    assert desk.problems == []


def test_a_file_of_version_2_still_has_its_messages(desk: Desk) -> None:
    desk.path.parent.mkdir()
    with closing(sqlite3.connect(desk.path)) as db:
        db.executescript(VERSION_2)
    messages = StoredMessages(desk.open().storage)
    row = messages.get(7)
    assert (row.peer_name, row.text, row.status, row.read) == ("Ada", "Tea?", "received", False)
    assert messages.query(MessageFilter(peer="1001", text="TEA"))[0] == (row,)
    assert messages.unread() == 1
    assert desk.problems == []


def test_a_file_with_scores_is_read(desk: Desk) -> None:
    desk.path.parent.mkdir()
    with closing(sqlite3.connect(desk.path)) as db:
        db.executescript(VERSION_4)
    history = desk.open()
    row = history.get(41)
    assert (row.mos, row.contact_name) == (3.9, "")
    history.identified(CallId(41), "Ada Lovelace")
    assert history.get(41).contact_name == "Ada Lovelace"
    assert history.query(Filter(text="lovelace"))[0] == (history.get(41),)
    assert desk.problems == []


def test_a_file_with_names_of_contacts_is_read(desk: Desk) -> None:
    desk.path.parent.mkdir()
    with closing(sqlite3.connect(desk.path)) as db:
        db.executescript(VERSION_5)
    history = desk.open()
    row = history.get(41)
    assert (row.contact_name, row.connected) == ("Ada Lovelace", NOBODY)
    history.connected(CallId(41), Party("sip:1003@pbx", "Grace Hopper"))
    assert history.get(41).connected == ("sip:1003@pbx", "Grace Hopper")
    for text in ("lovelace", "hopper", "1003"):
        assert history.query(Filter(text=text))[0] == (history.get(41),)
    assert desk.problems == []


def test_a_file_with_connected_parties_is_read(desk: Desk) -> None:
    desk.path.parent.mkdir()
    with closing(sqlite3.connect(desk.path)) as db:
        db.executescript(VERSION_6)
    assert desk.open().get(41).connected == ("sip:1003@pbx", "Grace Hopper")
    assert desk.problems == []


def test_the_specimen_is_what_the_schema_made(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "old")) as old,
        closing(open_file(tmp_path / "new")) as new,
    ):
        old.executescript(VERSION_6)
        names = "SELECT type, name FROM sqlite_master ORDER BY name"
        assert old.execute(names).fetchall() == new.execute(names).fetchall()
        for table in storage.TABLES:
            columns = f"SELECT * FROM pragma_table_info('{table}')"  # noqa: S608 - ours
            assert old.execute(columns).fetchall() == new.execute(columns).fetchall()
        assert new.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_a_later_schema_is_reached_step_by_step_and_keeps_the_rows(tmp_path: Path) -> None:
    path, schema = tmp_path / "history.sqlite", tmp_path / "schema"
    schema.mkdir()
    first = (SCHEMA / "001.sql").read_text()
    (schema / "001.sql").write_text(first)
    with closing(open_file(path, schema)) as db, db:
        db.execute("UPDATE marks SET revision = 3")
    (schema / "002.sql").write_text("ALTER TABLE marks ADD COLUMN colour TEXT DEFAULT 'red';")
    (schema / "003.sql").write_text("UPDATE marks SET colour = 'light ' || colour;")
    with closing(open_file(path, schema)) as db:
        assert db.execute("SELECT * FROM marks").fetchall() == [(3, 0, "light red")]
        assert db.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path, schema = tmp_path / "history.sqlite", tmp_path / "schema"
    schema.mkdir()
    (schema / "001.sql").write_text((SCHEMA / "001.sql").read_text())
    open_file(path, schema).close()
    (schema / "002.sql").write_text("ALTER TABLE marks ADD COLUMN colour TEXT; SELECT nonsense;")
    with pytest.raises(sqlite3.OperationalError, match="nonsense"):
        open_file(path, schema)
    (schema / "002.sql").unlink()
    with closing(open_file(path, schema)) as db:
        assert db.execute("SELECT * FROM marks").fetchall() == [(0, 0)]


def test_a_file_of_a_newer_program_is_left_alone(desk: Desk) -> None:
    first = ring(desk.open())
    desk.opened.pop().close()
    with closing(sqlite3.connect(desk.path)) as db:
        db.execute("PRAGMA user_version = 99")
    history = desk.open()
    assert ring(history) > NOW_S > first
    assert len(desk.problems) == 1
    assert "version is 99" in desk.problems[0]
    with closing(sqlite3.connect(desk.path)) as db:
        assert db.execute("SELECT id FROM calls").fetchall() == [(first,)]


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\7" * 4096]
)
def test_a_damaged_file_is_kept_and_a_new_one_started(desk: Desk, content: bytes) -> None:
    desk.path.parent.mkdir()
    desk.path.write_bytes(content)
    history = desk.open()
    call = ring(history)
    assert call > NOW_S, "numbers of the lost file must not come back"
    (aside,) = desk.path.parent.glob("history.sqlite.damaged-*")
    assert aside.read_bytes() == content
    assert len(desk.problems) == 1
    assert aside.name in desk.problems[0]
    history.close()
    assert ids(desk.open()) == [call]


def test_the_database_of_another_program_is_not_touched(desk: Desk) -> None:
    desk.path.parent.mkdir()
    with closing(sqlite3.connect(desk.path)) as db:
        db.executescript("CREATE TABLE mine (x); INSERT INTO mine VALUES (1);")
    ring(desk.open())
    (aside,) = desk.path.parent.glob("history.sqlite.damaged-*")
    with closing(sqlite3.connect(aside)) as db:
        assert db.execute("SELECT * FROM mine").fetchall() == [(1,)]
    assert "another program" in desk.problems[0]


def test_damage_found_later_keeps_the_rows_that_can_be_read(desk: Desk) -> None:
    history = desk.open()
    first = ring(history)
    history._storage._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with desk.path.open("r+b") as file:
        pages = desk.path.stat().st_size // 4096
        for page in range(3, pages):  # the indexes; the tables come first
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    history._storage._db.execute("PRAGMA shrink_memory")
    second = ring(history)
    history.ended(first, 9, EndReason.REMOTE, 200)
    assert history.get(first).ended_us == 9
    assert ids(history) == [second, first]
    assert any("damaged" in text for text in desk.problems)
    history.close()
    assert ids(desk.open()) == [second, first]


def test_a_directory_that_cannot_be_made_leaves_the_phone_working(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    desk = Desk(tmp_path / "file" / "history.sqlite")
    history = desk.open()
    call = ring(history)
    history.answered(call, 8)
    history.ended(call, 9, EndReason.LOCAL, 0)
    assert history.get(call).answered_us == 8
    assert len(desk.problems) == 1
    assert "in memory only" in desk.problems[0]


def test_a_full_disc_loses_no_call(desk: Desk, full_disc: pytest.MonkeyPatch) -> None:
    before = desk.open()
    open_call, other = ring(before), ring(before, "Bob")
    before.ended(other, 6, EndReason.DECLINED, 603)
    before.close()
    history = desk.open()
    during = fill(history)
    history.ended(open_call, 9, EndReason.REMOTE, 200)
    assert history.get(open_call).ended_us == 9, "a call that ran when the disc filled up"
    assert during > NOW_S
    assert len(desk.problems) == 1
    assert "full" in desk.problems[0]
    revision = history.revision
    assert history.delete([other]) == (other,)

    full_disc.undo()
    after = ring(history)
    assert desk.problems[1:] == [""]
    assert history.revision > revision
    history.close()
    again = desk.open()
    filling = CallId(other + 1)  # reserved while the disc still seemed to have room
    assert ids(again) == [after, during, filling, open_call]
    assert again.get(open_call).ended_us == 9


def test_a_full_disc_loses_no_message(desk: Desk, full_disc: pytest.MonkeyPatch) -> None:
    before = StoredMessages(desk.open().storage)
    first = before.add(letter("one"), 5)
    desk.opened.pop().close()
    history = desk.open()
    messages = StoredMessages(history.storage)
    during = messages.add(letter("x" * 20_000), 5)
    assert first
    assert during
    assert during > NOW_S
    messages.mark_read(first)
    assert "full" in desk.problems[0]

    full_disc.undo()
    after = messages.add(letter("three"), 5)
    assert desk.problems[1:] == [""]
    history.close()
    again = StoredMessages(desk.open().storage)
    assert [row.id for row in again.query(MessageFilter())[0]] == [after, during, first]
    assert again.get(first).read


def test_a_file_locked_by_a_curious_person_does_not_lose_the_call(desk: Desk) -> None:
    history = desk.open()
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        locked = ring(history)
        assert ids(history) == [locked]
        shell.execute("ROLLBACK")
    ring(history)
    history.close()
    assert locked in ids(desk.open())


def test_a_mistake_in_a_statement_is_not_blamed_on_the_disc(desk: Desk) -> None:
    history = desk.open()
    with pytest.raises(sqlite3.ProgrammingError):
        history._storage.select("SELECT ?")
    assert desk.problems == []
