# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel says about processes."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Of some processes together, since each began."""

    at_s: float
    cpu_ns: int
    switches: Mapping[str, int]
    """Context switches by thread: "pid/tid name"."""

    @classmethod
    def of(cls, pids: Iterable[int]) -> "Usage":
        tasks = [task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
        cpu_ns, switches = 0, {}
        for task in tasks:
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended just now
                cpu_ns += int((task / "schedstat").read_text().split()[0])
                switches[_name(task)] = _switches(task)
        return cls(time.monotonic(), cpu_ns, switches)


@dataclass(frozen=True, slots=True)
class Memory:
    """In MB (10^6 bytes): resident, and the proportional share of it."""

    rss: float
    pss: float

    @classmethod
    def of(cls, pid: int) -> "Memory":
        sizes = _sizes(Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        return cls(sizes["Rss"] / 1e6, sizes["Pss"] / 1e6)

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.rss + other.rss, self.pss + other.pss)


def memory_alone(pids: Iterable[int]) -> float:
    """MB that the processes would have if no other program used the same files.

    Unlike PSS it does not shrink when somebody else runs Python or another phone; what they share
    with each other is counted once.
    """
    own, files = 0, Counter[tuple[str, ...]]()
    for pid in pids:
        for place, sizes in _mappings(pid):
            own += sizes["Anonymous"]
            files[place] = max(files[place], sizes["Rss"] - sizes["Anonymous"])
    return (own + files.total()) / 1e6


def _mappings(pid: int) -> Iterator[tuple[tuple[str, ...], Mapping[str, int]]]:
    """(offset, device, inode) and sizes of every mapping; proc(5), smaps."""
    place: tuple[str, ...] = ()
    lines: list[str] = []
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if words[0].endswith(":"):
            lines.append(line)
            continue
        if lines:
            yield place, _sizes(lines)
        place, lines = tuple(words[2:5]), []
    yield place, _sizes(lines)


def _sizes(lines: Iterable[str]) -> Mapping[str, int]:
    """Bytes by name, of lines like "Rss:  12 kB"."""
    pairs = (line.split() for line in lines if line.endswith(" kB"))
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in pairs}


def _name(task: Path) -> str:
    return f"{task.parent.parent.name}/{task.name} {(task / 'comm').read_text().strip()}"


def _switches(task: Path) -> int:
    lines = (task / "status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "voluntary_ctxt_switches" in line)
