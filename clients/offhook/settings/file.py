# SPDX-License-Identifier: GPL-2.0-or-later
"""The file itself: read, checked with the daemon's own eyes, and replaced in one step."""

import os
import tempfile
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from offhookd.config import load
from offhookd.config.problems import Problem

from . import tree
from .errors import MistakenError, UnchangedError

ANYBODY_WRITES = 0o222
"""Without any of these bits a file is generated, or kept by another program."""

Mistake: TypeAlias = Problem
"""What the daemon would not take: file, line (0 for the whole file), key and reason."""


def user_file() -> Path:
    """The user's configuration, whether it exists or not (XDG Base Directory Specification)."""
    return load.user_file()


def read(path: Path) -> str:
    """The text with its line ends as they are; "" where there is no file."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UnchangedError(f"Cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnchangedError(f"Cannot read {path}: it is not UTF-8 text") from None


def look(path: Path) -> tuple[dict[str, tree.Plain], tuple[Mistake, ...]]:
    """What the file says over the system's, and what the daemon would not take."""
    said: dict[str, tree.Plain] = {}
    for one in _with_system(path):
        with suppress(UnchangedError):  # it is among the problems
            said = tree.overlaid(said, tree.read(read(one)))
    return said, problems(path)


def problems(path: Path) -> tuple[Mistake, ...]:
    """What is wrong with it together with the system's file, in the order of the lines."""
    return load.validate(_with_system(path)) if path.exists() else ()


def _with_system(path: Path) -> list[Path]:
    return [*(one for one in load.search() if one != load.user_file()), path]


@contextmanager
def draft(path: Path, edit: Callable[[str], str]) -> Iterator[Callable[[], None]]:
    """Write what `edit` makes of the text beside the file; what the block gets puts it in place.

    UnchangedError when the file could not be read or written or is write-protected, when it has a
    mistake more than before, or when somebody else changed it meanwhile.  The mode stays, and so
    does a link."""
    target = path.resolve()
    before = read(target)
    if target.exists() and not target.stat().st_mode & ANYBODY_WRITES:
        raise UnchangedError(f"Cannot write {path}: it is write-protected")
    made = _written(target, edit(before))

    def take() -> None:
        if read(target) != before:
            raise UnchangedError(f"{path} was changed by another program; try again")
        made.replace(target)

    try:
        _must_be_no_worse(made, target, path)
        yield take
    except OSError as error:
        raise _not_written(path, error) from None
    finally:
        made.unlink(missing_ok=True)


def change(path: Path, edit: Callable[[str], str]) -> None:
    """Replace the text by what `edit` makes of it; UnchangedError as for `draft`."""
    with draft(path, edit) as take:
        take()


def _written(target: Path, text: str) -> Path:
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(prefix=".offhook-", suffix=".yaml", dir=target.parent)
        with os.fdopen(fd, "wb") as file:
            file.write((BOM_UTF8 if _is_marked(target) else b"") + text.encode())
            file.flush()
            os.fsync(fd)
        made = Path(name)
        if target.exists():
            made.chmod(target.stat().st_mode & 0o7777)
    except OSError as error:
        raise _not_written(target, error) from None
    return made


def _is_marked(path: Path) -> bool:
    """Whether it begins with a byte order mark, as some editors like it."""
    return path.exists() and path.read_bytes().startswith(BOM_UTF8)


def _not_written(path: Path, error: OSError) -> UnchangedError:
    return UnchangedError(f"Cannot write {path}: {error.strerror}")


def _must_be_no_worse(made: Path, target: Path, path: Path) -> None:
    known = {(one.key, one.reason) for one in problems(target)}
    for one in problems(made):
        if (one.key, one.reason) not in known:
            raise MistakenError(str(path), one.line, one.key, one.reason)
