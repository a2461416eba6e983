# SPDX-License-Identifier: GPL-2.0-or-later
"""Log records as journald receives them, and as a person reads them without journald."""

import io
import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhookd.desktop import journal
from tests.support.processes import PATIENCE_S


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "journal"))
        sock.settimeout(PATIENCE_S)
        yield sock


@pytest.fixture
def handler(journald: socket.socket) -> Iterator[journal.JournalHandler]:
    handler = journal.JournalHandler(Path(journald.getsockname()), io.StringIO())
    yield handler
    handler.close()


@pytest.fixture
def root_logging() -> Iterator[None]:
    """What `setup_logging` changes, put back."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers[:] = []
    yield
    for handler in root.handlers:
        handler.close()
    root.level, root.handlers[:] = level, handlers
    logging.captureWarnings(capture=False)


def record(text: str, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    logger = logging.getLogger("offhookd.phone.call")
    return logger.makeRecord(logger.name, level, "/src/call.py", 7, text, (), None, "end", extra)


def parse(entry: bytes) -> dict[str, str]:
    fields = {}
    while entry:
        head, _, entry = entry.partition(b"\n")
        name, equals, value = head.partition(b"=")
        if not equals:
            (size,) = struct.unpack_from("<Q", entry)
            value, entry = entry[8 : 8 + size], entry[8 + size + 1 :]
        fields[name.decode()] = value.decode()
    return fields


def test_a_record_carries_its_call_and_account(
    handler: journal.JournalHandler, journald: socket.socket
) -> None:
    handler.handle(record("ringing -> active (answered)", call=42, account="work"))
    assert parse(journald.recv(65536)) == {
        "MESSAGE": "ringing -> active (answered)",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "offhookd",
        "LOGGER": "offhookd.phone.call",
        "CODE_FILE": "/src/call.py",
        "CODE_LINE": "7",
        "CODE_FUNC": "end",
        "CALL": "42",
        "ACCOUNT": "work",
    }


def test_a_text_of_many_lines_stays_one_field(
    handler: journal.JournalHandler, journald: socket.socket
) -> None:
    handler.handle(record("one\nPRIORITY=0\nthree"))
    fields = parse(journald.recv(65536))
    assert fields["MESSAGE"] == "one\nPRIORITY=0\nthree"
    assert fields["PRIORITY"] == "6"


def test_an_entry_beyond_a_datagram_arrives_as_sealed_memory(
    handler: journal.JournalHandler, journald: socket.socket
) -> None:
    text = "x" * 4_000_000
    handler.handle(record(text))
    data, descriptors, _, _ = socket.recv_fds(journald, 1, 1)
    assert data == b""
    with os.fdopen(descriptors[0], "rb") as memory:
        with pytest.raises(PermissionError):
            os.truncate(memory.fileno(), 0)
        memory.seek(0)
        assert parse(memory.read())["MESSAGE"] == text


def test_without_journald_a_line_goes_to_stderr_with_its_priority(journald: socket.socket) -> None:
    stderr = io.StringIO()
    handler = journal.JournalHandler(Path(journald.getsockname()), stderr)
    journald.close()
    handler.handle(record("engine died\nand again", logging.ERROR, call=42))
    handler.close()
    assert stderr.getvalue() == ("<3>phone.call: engine died\n<3>and again (CALL=42)\n")


@pytest.mark.parametrize(
    ("level", "number"),
    [
        (logging.CRITICAL, 2),
        (logging.ERROR, 3),
        (logging.WARNING, 4),
        (logging.INFO, 6),
        (logging.DEBUG, 7),
        (1, 7),
    ],
)
def test_levels_become_syslog_priorities(level: int, number: int) -> None:
    assert journal.priority(level) == number


@pytest.mark.usefixtures("root_logging")
def test_a_person_reads_text(capsys: pytest.CaptureFixture[str]) -> None:
    journal.setup_logging("info")
    logging.getLogger("offhookd.phone.call").debug("not asked for")
    logging.getLogger("offhookd.phone.call").warning("no %s", "sound", extra={"account": "work"})
    assert capsys.readouterr().err == "WARNING phone.call: no sound (ACCOUNT=work)\n"


@pytest.mark.usefixtures("root_logging")
def test_as_a_service_the_journal_gets_the_fields(
    journald: socket.socket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (tmp_path / "stream").open("w") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        journal.setup_logging("debug", Path(journald.getsockname()))
        logging.getLogger("offhookd.app").debug("up", extra={"call": 1})
    fields = parse(journald.recv(65536))
    assert (fields["MESSAGE"], fields["CALL"]) == ("up", "1")


def test_another_programs_stream_is_not_taken_for_the_journal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("JOURNAL_STREAM", "1:1")
        assert not journal.stderr_is_journal()
