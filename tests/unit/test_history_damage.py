# SPDX-License-Identifier: GPL-2.0-or-later
"""A history of which single bytes are not what was written."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from offhookd.phone.letters import Letter, MessageFilter
from offhookd.phone.records import Filter
from offhookd.phone.values import AccountId, CallId, Direction, EndReason
from offhookd.store.history import FORGET_EVERY, History
from offhookd.store.messages import StoredMessages
from tests.support.history import begin

WORK = AccountId("work")


class Desk:
    """A history of two calls and two messages, and what was said about it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []
        history = History(path, self.problems.append)
        self.calls = [self.ring(history) for _ in range(2)]
        letter = Letter(
            account=WORK,
            direction=Direction.INCOMING,
            peer_uri="sip:1@x",
            peer_name="Ada",
            text="Tea?",
        )
        messages = StoredMessages(history.storage)
        self.messages = [messages.add(letter, 7) for _ in range(2)]
        history.close()

    @staticmethod
    def ring(history: History) -> CallId:
        return begin(history, WORK, Direction.INCOMING, "sip:1@x", "Ada", 5)

    def damage_row(self, table: str, row: int | None, nonsense: str) -> None:
        self.damage(f"UPDATE {table} SET {nonsense} WHERE id = {row}")  # noqa: S608 - of this file

    def damage(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute("PRAGMA writable_schema = ON")
            db.execute(statement)

    def open(self) -> History:
        return History(self.path, self.problems.append)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "history.sqlite")


@pytest.mark.parametrize(
    "nonsense",
    [
        "direction = 'incom4ng'",
        "end_reason = 'r' || char(0) || 'mote'",
        "started_us = 'x'",
        "started_us = -1",
        "answered_us = 1e300",
        "end_code = 70000",
        "peer_uri = x'ff'",
        "mos = 'x'",
    ],
)
def test_a_row_that_makes_no_sense_is_left_out(desk: Desk, nonsense: str) -> None:
    bad, good = desk.calls
    desk.damage_row("calls", bad, nonsense)
    with closing(desk.open()) as history:
        history.close_orphans(9)
        assert [row.id for row in history.query(Filter())[0]] == [good]
        history.ended(bad, 9, EndReason.REMOTE, 200)
    assert desk.problems == []


@pytest.mark.parametrize(
    "nonsense", ["direction = ''", "status = 'x'", "at_us = -1", "text = x'ff'"]
)
def test_a_message_that_makes_no_sense_is_left_out(desk: Desk, nonsense: str) -> None:
    bad, good = desk.messages
    desk.damage_row("messages", bad, nonsense)
    with closing(desk.open()) as history:
        messages = StoredMessages(history.storage)
        assert [row.id for row in messages.query(MessageFilter())[0]] == [good]


def test_a_text_that_is_no_utf_8_is_shown_as_far_as_it_is(desk: Desk) -> None:
    desk.damage("UPDATE calls SET peer_name = CAST(x'4164ff61' AS TEXT)")
    with closing(desk.open()) as history:
        assert {row.peer_name for row in history.query(Filter())[0]} == {"Ad\ufffda"}
    assert desk.problems == []


@pytest.mark.parametrize(
    "nonsense",
    [
        "UPDATE marks SET revision = 'x'",
        "UPDATE marks SET seen = -1",
        "UPDATE sqlite_sequence SET seq = 9223372036854775807",
        "UPDATE sqlite_sequence SET seq = 'x'",
        "ALTER TABLE marks RENAME COLUMN seen TO sean",
        "UPDATE sqlite_master SET sql = replace(sql, 'TABLE calls', 'TABLE ' || x'ff')",
    ],
)
def test_a_file_whose_numbers_make_no_sense_is_kept_and_a_new_one_begun(
    desk: Desk, nonsense: str
) -> None:
    desk.damage(nonsense)
    with closing(desk.open()) as history:
        call = desk.ring(history)
        assert [row.id for row in history.query(Filter())[0]] == [call]
    assert len(desk.problems) == 1
    assert "damaged" in desk.problems[0]


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "history.sqlite")
    problems: list[str] = []
    with closing(History(tmp_path / "history.sqlite", problems.append)) as history:
        Desk.ring(history)
    assert len(problems) == 1


def test_the_oldest_calls_make_room_for_new_ones(tmp_path: Path) -> None:
    with closing(History(tmp_path / "history.sqlite", print, kept=3)) as history:
        open_ = Desk.ring(history)
        calls = [Desk.ring(history) for _ in range(FORGET_EVERY)]
        for call in calls:
            history.ended(call, 9, EndReason.REMOTE, 200)
        while (newest := Desk.ring(history)) % FORGET_EVERY:
            history.ended(newest, 9, EndReason.REMOTE, 200)
        kept = [row.id for row in history.query(Filter())[0]]
    assert kept == [newest, newest - 1, newest - 2, open_]
