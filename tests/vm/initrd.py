# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest's kernel starts from: the modules that reach the disk, and our own files.

Made anew in a moment, so that a change of a file for the guest needs no new disk.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.vm import cache
from tests.vm.debian import BOOT_MODULES, USER

GUEST = Path(__file__).with_name("guest")
FILES = GUEST / "files"
TESTS = GUEST.parents[1]

MASKED_UNITS = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer"),
    *("e2scrub_all.timer", "e2scrub_reap.service", "systemd-timesyncd.service"),
    *("systemd-pstore.service", "systemd-random-seed.service", "ldconfig.service"),
    "serial-getty@ttyS0.service",
)
"""Work that a machine which lives for a minute needs not do."""

LINGER = f"var/lib/systemd/linger/{USER}"
"""The user's services run on when nobody is logged in."""


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    mode: int
    data: bytes = b""


def archive(root: Path) -> bytes:
    """The initial file system in cpio's format "newc" (Linux, buffer-format.rst)."""
    entries = [*_with_directories(_entries(root)), Entry("TRAILER!!!", 0)]
    return b"".join(_packed(number, entry) for number, entry in enumerate(entries, 1))


def _entries(root: Path) -> Iterator[Entry]:
    executable = stat.S_IFREG | 0o755
    plain = stat.S_IFREG | 0o644
    yield Entry("init", executable, (GUEST / "init").read_bytes())
    yield Entry("bin/busybox", executable, (root / "busybox").read_bytes())
    yield Entry("modules/order", plain, " ".join(BOOT_MODULES).encode())
    for name in BOOT_MODULES:
        yield Entry(f"modules/{name}.ko", plain, (root / f"modules/{name}.ko").read_bytes())
    for path in cache.files(FILES):
        yield Entry(f"files/{path.relative_to(FILES)}", plain, path.read_bytes())
    for path in (TESTS / "__init__.py", TESTS / "vm/__init__.py", *sorted(GUEST.glob("*.py"))):
        yield Entry(f"files/opt/tests/{path.relative_to(TESTS)}", plain, path.read_bytes())
    for unit in MASKED_UNITS:
        yield Entry(f"files/etc/systemd/system/{unit}", stat.S_IFLNK | 0o777, b"/dev/null")
    yield Entry(f"files/{LINGER}", plain)


def _with_directories(entries: Iterator[Entry]) -> Iterator[Entry]:
    made = set()
    for entry in entries:
        for parent in reversed(Path(entry.name).parents[:-1]):
            if parent not in made:
                made.add(parent)
                yield Entry(str(parent), stat.S_IFDIR | 0o755)
        yield entry


def _packed(number: int, entry: Entry) -> bytes:
    name = entry.name.encode() + b"\0"
    fields = (number, entry.mode, 0, 0, 1, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % value for value in fields)
    return _padded(header + name) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
