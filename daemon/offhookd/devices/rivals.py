# SPDX-License-Identifier: GPL-2.0-or-later
"""Who else has a device file open: hidraw keeps nobody out, and two programs that answer the calls
of one set break each other's."""

import os
from pathlib import Path


def rivals(path: str) -> tuple[str, ...]:
    """Names of the other programs that have the file at `path` open, as far as this user may see.
    Looks at every process and takes some 10 ms."""
    found = {
        _name(entry)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and int(entry.name) != os.getpid() and _has_open(entry, path)
    }
    return tuple(sorted(found))


def _has_open(process: Path, path: str) -> bool:
    try:
        return any(fd.readlink() == Path(path) for fd in (process / "fd").iterdir())
    except OSError:
        return False  # it ended, or is another user's


def _name(process: Path) -> str:
    try:
        name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program that has ended"
    return "".join(char for char in name if char.isprintable())
