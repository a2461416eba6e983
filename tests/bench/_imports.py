# SPDX-License-Identifier: GPL-2.0-or-later
"""What the modules of a process cost at its start: time and memory."""

import subprocess
import sys
from dataclasses import dataclass

PROCESSES = {
    "daemon": "offhookd.main, offhookd.run",
    "engine": "offhookd.engine.process, offhookd.engine.engine",
}
MOST_SHOWN = 25

_TRACER = """
import builtins, sys
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4
original, inside = builtins.__import__, []
def traced(name, globals=None, locals=None, fromlist=(), level=0):
    before, known = resident(), len(sys.modules)
    inside.append(0)
    try:
        return original(name, globals, locals, fromlist, level)
    finally:
        grown, below = resident() - before, inside.pop()
        if inside:
            inside[-1] += grown
        if len(sys.modules) > known and grown - below > 0:
            package = (globals or {}).get("__package__") or ""
            print(grown - below, "." * level + name, "in", package)
builtins.__import__ = traced
"""


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    own_us: int
    total_us: int


def times(process: str) -> list[Module]:
    """Import times, the module's own and with what it imports, the most expensive first."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {PROCESSES[process]}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = []
    for line in done.stderr.splitlines()[1:]:
        own, total, name = line.removeprefix("import time:").split("|")
        modules.append(Module(name.strip(), int(own), int(total)))
    return sorted(modules, key=lambda one: -one.own_us)


def memory(process: str) -> list[tuple[int, str]]:
    """KiB by which each import statement made the process grow, the largest first."""
    program = f"{_TRACER}\nimport {PROCESSES[process]}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    rows = (line.split(" ", 1) for line in done.stdout.splitlines())
    return sorted(((int(size), name) for size, name in rows), reverse=True)


def show() -> None:
    """Print both, for both processes."""
    for process in PROCESSES:
        modules = times(process)
        all_ms = sum(one.own_us for one in modules) / 1000
        print(f"\n{process}: {len(modules)} modules, {all_ms:.0f} ms")
        for one in modules[:MOST_SHOWN]:
            own_ms, total_ms = one.own_us / 1000, one.total_us / 1000
            print(f"{own_ms:8.1f} ms, {total_ms:8.1f} with its imports  {one.name}")
        for size, name in memory(process)[:MOST_SHOWN]:
            print(f"{size:8d} KiB  {name}")
