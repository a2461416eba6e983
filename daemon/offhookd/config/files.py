# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a small file that somebody named, without trusting what is found there."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UnreadableError(Exception):
    """The reason, for a person; `line` is 0 when the whole file is meant."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """What a file held; `mode` has the permission bits it had when it was read."""

    path: Path
    mode: int
    text: str


def may_exist(path: Path) -> bool:
    """A file that is there but out of reach is to be reported, not passed over."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path.is_symlink()
    except OSError:
        return True
    return True


def read(path: Path, most_bytes: int) -> File:
    """The regular UTF-8 file at `path`; `UnreadableError` for anything else.  Never waits:
    a named pipe is refused, not read."""
    data, mode = read_bytes(path, most_bytes)
    return File(path, mode, _decoded(data))


def read_bytes(path: Path, most_bytes: int) -> tuple[bytes, int]:
    """What the regular file at `path` holds, in whichever encoding, and its permission bits."""
    try:
        with open(path, "rb", opener=_at_once) as stream:
            status = os.fstat(stream.fileno())
            _must_be_regular(status.st_mode)
            data = stream.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise UnreadableError(f"cannot be read: {_words(error)}") from None
    if len(data) > most_bytes:
        raise UnreadableError(f"is larger than {most_bytes} bytes")
    return data, stat.S_IMODE(status.st_mode)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def private_file(path: Path) -> None:
    """Make it, if it is missing, and its owner's alone; `OSError` unless it is a regular file."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "It is not a regular file")
        os.fchmod(fd, 0o600)
    finally:
        os.close(fd)


def check(path: Path) -> int:
    """The permission bits of the regular file at `path`; `UnreadableError` if `read` would fail
    for its sake."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise UnreadableError(f"cannot be read: {_words(error)}") from None
    _must_be_regular(status.st_mode)
    if not os.access(path, os.R_OK):
        raise UnreadableError("cannot be read: permission denied")
    return stat.S_IMODE(status.st_mode)


def exposure(mode: int) -> str:
    """Why a file of that `mode` must not hold a secret, or ""."""
    return f"others can read it (mode {mode:04o}); run chmod 600 on it" if mode & OTHERS else ""


def _must_be_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise UnreadableError("is not a regular file")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError("is not UTF-8 text; save it in that encoding", line) from None


def _words(error: Exception) -> str:
    """What the system says, without the path, which the caller names."""
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
