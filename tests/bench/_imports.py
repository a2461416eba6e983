# SPDX-License-Identifier: GPL-2.0-or-later
"""What the modules of a process cost at its start: time and memory."""

import os
import subprocess
import sys
from dataclasses import dataclass

from tests.bench._phone import as_installed
from tests.support.start_up import PROCESSES

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
    output = _output(["-X", "importtime", "-c", PROCESSES[process]])
    modules = []
    for line in output.splitlines()[1:]:
        own, total, name = line.removeprefix("import time:").split("|")
        modules.append(Module(name.strip(), int(own), int(total)))
    return sorted(modules, key=lambda one: -one.own_us)


def memory(process: str) -> list[tuple[int, str]]:
    """KiB by which each import statement made the process grow, the largest first."""
    program = f"{_TRACER}\n{PROCESSES[process]}"
    rows = (line.split(" ", 1) for line in _output(["-c", program]).splitlines())
    return sorted(((int(size), name) for size, name in rows), reverse=True)


def _output(arguments: list[str]) -> str:
    """What Python says, on either channel, once it has compiled what it imports."""
    command = [sys.executable, *arguments]
    environment = as_installed(os.environ)
    subprocess.run(command, capture_output=True, check=True, env=environment)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout + done.stderr


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
