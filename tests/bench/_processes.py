# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel says about processes."""

import time
from collections.abc import Iterable, Mapping
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
    """In MB (10^6 bytes): resident, the fair share of it, and what nobody else has."""

    rss: float
    pss: float
    uss: float

    @classmethod
    def of(cls, pid: int) -> "Memory":
        sizes: dict[str, int] = {}
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, _, size = line.partition(":")
            sizes[name] = int(size.split()[0])
        own = sizes["Private_Clean"] + sizes["Private_Dirty"]
        return cls(*(size * 1024 / 1e6 for size in (sizes["Rss"], sizes["Pss"], own)))

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.rss + other.rss, self.pss + other.pss, self.uss + other.uss)


def _name(task: Path) -> str:
    return f"{task.parent.parent.name}/{task.name} {(task / 'comm').read_text().strip()}"


def _switches(task: Path) -> int:
    lines = (task / "status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "voluntary_ctxt_switches" in line)
