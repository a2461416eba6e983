# SPDX-License-Identifier: GPL-2.0-or-later
"""Address books that were written to do harm: refused or cut down, and soon."""

import io
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from offhookd.directory import web
from offhookd.directory.cards import LONGEST_LINE, MOST_CARD_LINES, read_cards
from offhookd.directory.errors import SourceError
from offhookd.directory.index import Index, is_damage
from offhookd.directory.jobs import Book, Job
from offhookd.directory.reader import Reader, sync
from offhookd.directory.tables import read_table
from offhookd.phone.contacts import Contact, SourceKind

NOWHERE = Path("/nonexistent")
MANY = 200_000
"""Enough to keep a parser busy for hours that looks at all of them for each of them."""


def card(*lines: str) -> str:
    return "\n".join(["BEGIN:VCARD", "VERSION:3.0", "FN:Ada", *lines, "TEL:123", "END:VCARD", ""])


def names(text: str) -> list[str]:
    return [one.name for one in read_cards(text, "team", NOWHERE)[0]]


def test_cards_that_begin_and_never_end_are_none() -> None:
    assert read_cards("BEGIN:VCARD\n" * MANY, "team", NOWHERE) == ([], 0)


def test_the_card_after_a_beginning_without_an_end_is_passed_over_with_it() -> None:
    text = "BEGIN:VCARD\nTEL:1\n" + card() + card("UID:2")
    assert len(read_cards(text, "team", NOWHERE)[0]) == 1


@pytest.mark.parametrize(
    "line",
    ["X-A:1\n" * MANY, "TEL:1\n" * MANY, "NOTE;ENCODING=QUOTED-PRINTABLE:" + "=41=\n" * MANY],
)
def test_a_card_of_endless_lines_is_left_out(line: str) -> None:
    found, unreadable = read_cards(card(line) + card(), "team", NOWHERE)
    assert ([one.name for one in found], unreadable) == (["Ada"], 1)
    assert line.count("\n") > MOST_CARD_LINES


@pytest.mark.parametrize(
    "line",
    [
        "NOTE:a" + "\n b" * MANY,
        "N:" + ";" * MANY,
        "TEL" + ";X=1" * MANY + ":1",
        "\n" * MANY,
    ],
)
def test_an_endless_line_is_left_out_of_its_card(line: str) -> None:
    assert names(card(line)) == ["Ada"]
    assert len(line) > LONGEST_LINE


def test_a_space_after_a_soft_line_break_belongs_to_the_text() -> None:
    (found,), _ = read_cards(
        card("NOTE;ENCODING=QUOTED-PRINTABLE:first=\n second"), "team", NOWHERE
    )
    assert found.note == "first second"


@pytest.mark.parametrize("preference", ["9" * 6000, "²", "-1", ""])
def test_a_preference_that_is_no_number_counts_as_none(preference: str) -> None:
    (found,), _ = read_cards(card(f"TEL;PREF={preference}:1"), "team", NOWHERE)
    assert dict.fromkeys(uri for _, uri in found.uris).keys() == {"1", "123"}


def test_lines_that_cannot_be_read_stay_out_of_the_journal(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert names(card("a private line that is none")) == ["Ada"]
    assert (caplog.text, *capsys.readouterr()) == ("", "", "")


@pytest.mark.parametrize("heading", ["x" * 200_000, '"' * 4096])
def test_a_table_with_a_hostile_heading_is_refused_with_a_sentence(heading: str) -> None:
    with pytest.raises(SourceError):
        read_table(heading, "team", {})


@pytest.mark.parametrize("kind", [SourceKind.VCARD, SourceKind.CSV])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(
    tmp_path: Path, kind: SourceKind
) -> None:
    pipe = tmp_path / "team"
    os.mkfifo(pipe)
    with (
        Index(tmp_path / "contacts.sqlite", str) as index,
        pytest.raises(SourceError, match="team: is not a regular file"),
    ):
        sync(Book(id="team", kind=kind, path=str(pipe)), index, tmp_path)


@pytest.mark.parametrize("answer", [b"[" * 100_000, b"1" * 100_000, b"\xff", b'{"name": "x"'])
def test_an_answer_that_is_no_json_is_told(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr(web, "_get", lambda *_: answer)
    with pytest.raises(SourceError, match="no JSON"):
        web.lookup(Book(id="crm", kind=SourceKind.HTTP, url="http://x/{number}"), "123", "de")


def test_an_answer_of_an_overlong_number_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_get", lambda *_: b'{"name": "%s"}' % (b"x" * 100_000))
    book = Book(id="crm", kind=SourceKind.HTTP, url="http://x/{number}")
    found = web.lookup(book, "123", "de")
    assert isinstance(found, Contact)
    assert len(found.name) == web.LONGEST_TEXT


# ---------------------------------------------------------------- the index


def damaged(path: Path, statement: str) -> None:
    with Index(path, str) as index:
        index.replace("team", [Contact("1", "team", "Ada", uris=(("work", "1"),))])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute(statement)


DAMAGES = (
    "DROP TABLE uris",
    "DELETE FROM revision",
    "ALTER TABLE contacts RENAME COLUMN note TO nose",
    "UPDATE sqlite_master SET sql = 'nonsense' WHERE name = 'marks'",
    "UPDATE sqlite_master SET rootpage = 9999 WHERE name = 'contacts'",
)


def test_an_index_that_is_in_use_is_not_taken_for_damaged(tmp_path: Path) -> None:
    path = tmp_path / "contacts.sqlite"
    with Index(path, str), closing(sqlite3.connect(path, timeout=0)) as other, other:
        other.execute("BEGIN IMMEDIATE")
        with (
            closing(sqlite3.connect(path, timeout=0)) as third,
            pytest.raises(sqlite3.OperationalError) as caught,
        ):
            third.execute("BEGIN IMMEDIATE")
        assert not is_damage(caught.value)
    assert not is_damage(sqlite3.ProgrammingError("a mistake of ours"))


@pytest.mark.parametrize("statement", DAMAGES)
def test_a_damaged_index_is_filled_anew(tmp_path: Path, statement: str) -> None:
    path, cards, answers = tmp_path / "contacts.sqlite", tmp_path / "team.vcf", io.BytesIO()
    damaged(path, statement)
    cards.write_text(card())
    book = Book(id="team", kind=SourceKind.VCARD, path=str(cards))
    job = Job(request=1, do="sync", book=book, index=str(path))
    Reader(answers).serve(io.BytesIO(job.encode()))
    assert b'"error": ""' in answers.getvalue()
    with Index(path, str) as index:
        assert [one.name for one in index.search("ada", 5, ["team"])] == ["Ada"]


def test_a_file_that_was_begun_anew_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "contacts.sqlite"
    with Index(path, str) as index:
        assert index.current
        path.unlink()
        assert not index.current
        with Index(path, str):
            assert not index.current
