# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's log: structured entries to journald, lines of text to anybody else.

A record's ``extra={"call": ..., "account": ...}`` become the fields CALL and ACCOUNT, so that
``journalctl --user -t offhookd CALL=42`` tells one call's whole story.  Keeping secrets and
dialled digits out is the duty of whoever logs.
"""

import array
import contextlib
import errno
import fcntl
import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

JOURNAL_SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "offhookd"

_FIELDS = {"call": "CALL", "account": "ACCOUNT"}
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
# syslog(3) priorities, the nearest at or below a record's level.
_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.NOTSET, 7),
)


def priority(level: int) -> int:
    """The syslog(3) priority of a logging level: 2 critical to 7 debug."""
    return next(number for floor, number in _PRIORITIES if level >= floor)


def subjects(record: logging.LogRecord) -> dict[str, str]:
    """CALL and ACCOUNT, as far as the record names them."""
    named = {field: getattr(record, extra, None) for extra, field in _FIELDS.items()}
    return {field: str(value) for field, value in named.items() if value is not None}


class TextFormatter(logging.Formatter):
    """``WARNING phone.call: text (CALL=42)`` for a terminal or a file.

    With `for_journal` every line carries its ``<priority>`` instead of the level's name:
    sd-daemon(3), for a stderr that journald reads.
    """

    def __init__(self, *, for_journal: bool = False) -> None:
        super().__init__("%(name)s: %(message)s%(subjects)s")
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        named = " ".join(f"{field}={value}" for field, value in subjects(record).items())
        record.subjects = f" ({named})" if named else ""
        text = super().format(record).removeprefix(IDENTIFIER + ".")
        if not self._for_journal:
            return f"{record.levelname} {text}"
        return "\n".join(f"<{priority(record.levelno)}>{line}" for line in text.splitlines())


class JournalHandler(logging.Handler):
    """Sends each record to journald in its native protocol; to stderr while journald is away.

    The protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL
    """

    def __init__(self, path: Path = JOURNAL_SOCKET, stderr: TextIO | None = None) -> None:
        """OSError where no journald listens at `path`."""
        super().__init__()
        # Else `basicConfig` gives it one that says level and logger again, which are fields.
        self.setFormatter(logging.Formatter("%(message)s"))
        self._stderr = logging.StreamHandler(stderr)
        self._stderr.setFormatter(TextFormatter(for_journal=True))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        # Never blocking: a stuck journald must not stop a telephone.
        self._socket.setblocking(False)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(self._entry(record))
        except OSError:
            self._stderr.handle(record)

    def close(self) -> None:
        self._socket.close()
        super().close()

    def _entry(self, record: logging.LogRecord) -> bytes:
        return b"".join(
            _field(name, value)
            for name, value in {
                "MESSAGE": self.format(record),
                "PRIORITY": str(priority(record.levelno)),
                "SYSLOG_IDENTIFIER": IDENTIFIER,
                "LOGGER": record.name,
                "CODE_FILE": record.pathname,
                "CODE_LINE": str(record.lineno),
                "CODE_FUNC": record.funcName or "",
                **subjects(record),
            }.items()
        )

    def _send(self, entry: bytes) -> None:
        try:
            self._socket.send(entry)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            with _sealed_memory(entry) as descriptor:
                rights = array.array("i", [descriptor])
                self._socket.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def _field(name: str, value: str) -> bytes:
    """One field: ``NAME=value``, or with its length where the value holds a line feed."""
    data = value.encode(errors="replace")
    if b"\n" not in data:
        return b"%s=%s\n" % (name.encode(), data)
    return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(data)), data)


@contextlib.contextmanager
def _sealed_memory(content: bytes) -> Iterator[int]:
    """A descriptor of sealed memory: how journald takes what exceeds a datagram."""
    descriptor = os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        yield descriptor
    finally:
        os.close(descriptor)


def stderr_is_journal() -> bool:
    """Whether stderr leads to journald: systemd.exec(5), $JOURNAL_STREAM."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):  # closed, or not a file at all
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def setup_logging(level: str, journal: Path = JOURNAL_SOCKET) -> None:
    """Send everything of `level` ("debug" to "critical") and above where the reader is.

    As a service: to journald with fields.  Otherwise text on stderr.  A second call replaces
    the first one's work, so that a reload can change the level.
    """
    logging.basicConfig(level=level.upper(), handlers=[_handler(journal)], force=True)
    logging.captureWarnings(capture=True)


def _handler(journal: Path) -> logging.Handler:
    as_service = stderr_is_journal()
    if as_service:
        with contextlib.suppress(OSError):
            return JournalHandler(journal)
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter(for_journal=as_service))
    return handler
