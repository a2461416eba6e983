# SPDX-License-Identifier: GPL-2.0-or-later
"""Things that take long to make, kept under the user's cache by what they are made of."""

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

DIRECTORY = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "offhook-tests", "vm")

KEPT = 2
"""Of each kind, the newest ones: a gigabyte each, and some people work on two branches."""


class GuestError(Exception):
    """The guest cannot be had here; the text is a sentence for a person."""


def key(*parts: str | bytes | Path) -> str:
    """Of texts and of the content of files and directories."""
    digest = hashlib.sha256()
    for part in parts:
        for data in _content(part):
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:16]


def files(directory: Path) -> Iterator[Path]:
    """What a person wrote there, in order."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def kept(kind: str, name: str, make: Callable[[Path], None]) -> Path:
    """The directory of this kind and key, made when it is not there yet."""
    directory = DIRECTORY / f"{kind}-{name}"
    with _lock(kind):
        if not directory.exists():
            _made(kind, directory, make)
        os.utime(directory)
    return directory


def _made(kind: str, directory: Path, make: Callable[[Path], None]) -> None:
    started = time.monotonic()
    print(f"offhook: making the guest ({kind}) ...", file=sys.stderr, flush=True)
    for abandoned in DIRECTORY.glob(f"new-{kind}-*"):
        shutil.rmtree(abandoned)
    scratch = Path(tempfile.mkdtemp(prefix=f"new-{kind}-", dir=DIRECTORY))
    try:
        make(scratch)
        scratch.rename(directory)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    print(f"offhook: made in {time.monotonic() - started:.0f} s ({kind})", file=sys.stderr)
    others = sorted(DIRECTORY.glob(f"{kind}-*"), key=lambda one: one.stat().st_mtime)
    for old in others[:-KEPT]:
        shutil.rmtree(old)


@contextmanager
def _lock(kind: str) -> Iterator[None]:
    """Against a second run that would make the same."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with Path(DIRECTORY, f".{kind}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _content(part: str | bytes | Path) -> Iterator[bytes]:
    if isinstance(part, bytes):
        yield part
    elif isinstance(part, str):
        yield part.encode()
    elif part.is_dir():
        for path in files(part):
            yield str(path.relative_to(part)).encode()
            yield path.read_bytes()
    else:
        yield part.read_bytes()
