# SPDX-License-Identifier: GPL-2.0-or-later
"""Photos of people, as files that clients can show."""

import hashlib
from collections.abc import Container
from pathlib import Path

MOST_BYTES = 1_000_000
FORMATS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}
"""By their first bytes: what an address book claims is not believed."""

MOST_OF_CALLERS = 200
"""Of people that a server was asked about; they are asked for again when they call again."""


def keep(data: bytes, directory: Path) -> str:
    """Where the photo lies now; "" for what is none."""
    suffix = next((end for start, end in FORMATS.items() if data.startswith(start)), "")
    if not suffix or len(data) > MOST_BYTES:
        return ""
    path = directory / (hashlib.sha256(data).hexdigest() + suffix)
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(data)
    return str(path)


def keep_only(wanted: Container[str], directory: Path) -> None:
    """Delete the photos of people who are in no address book any more."""
    for path in directory.glob("*"):
        if str(path) not in wanted:
            path.unlink(missing_ok=True)


def keep_newest(directory: Path, most: int = MOST_OF_CALLERS) -> None:
    """Delete all but so many."""
    oldest_first = sorted(directory.glob("*"), key=lambda path: path.stat().st_mtime_ns)
    for path in oldest_first[:-most]:
        path.unlink(missing_ok=True)
