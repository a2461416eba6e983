# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules for every test: nothing is left behind, and nothing of ours blocks the event loop.

Warnings are errors already (pyproject.toml), so a socket, file or process that was never closed
fails a test when it is collected.  The fixtures below catch what is still referenced.
"""

import asyncio
import gc
import inspect
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
OURS = (f"{ROOT}/daemon/", f"{ROOT}/clients/")


# On a machine that is shared, time tells nothing of an example.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

ENDING = ("waitpid-", "look up ")
"""Threads that end a moment after what they did is known: asyncio's that reaps a child, and that
of a name's look-up."""
ENDING_GRACE_S = 10.0

# What a shell runs in the background ignores Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Servers are there, where a user's shell may not look.
os.environ["PATH"] += ":/usr/sbin:/sbin"

Census = dict[str, str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Last, beside tests without a phone, what every phone on the machine notices."""
    items.sort(key=lambda item: item.get_closest_marker("sets_the_clock") is not None)


def open_files() -> Census:
    """Descriptor -> what it leads to, of this process."""
    found = {}
    for entry in list(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):  # the descriptor of this very listing
            found[entry.name] = str(entry.readlink())
    return found


def threads() -> Census:
    for thread in threading.enumerate():
        if thread.name.startswith(ENDING):
            thread.join(ENDING_GRACE_S)
    return {str(thread.ident): thread.name for thread in threading.enumerate()}


def children() -> Census:
    """Pid -> program, of the children of this process, those not waited for included."""
    found = {}
    for listing in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError):  # a thread or a child that ended just now
            for pid in listing.read_text().split():
                found[pid] = Path(f"/proc/{pid}/comm").read_text().strip()
    return found


CENSUSES = (open_files, threads, children)


def added(before: Census, census: Callable[[], Census]) -> list[str]:
    """What is there now and was not before; garbage is collected before anybody is accused."""
    if census().items() <= before.items():
        return []
    gc.collect()
    return [f"{key} {what}" for key, what in sorted(census().items() - before.items())]


@pytest.fixture(autouse=True)
def _a_leaves_nothing_behind() -> Iterator[None]:
    """Fails a test that leaves a descriptor, a thread or a child process.

    Fixtures of a wider scope are set up before and end after, so what they keep is theirs.  The
    name sorts first: what the test's other fixtures hold is gone when this one looks.
    """
    before = [census() for census in CENSUSES]
    yield
    pairs = zip(before, CENSUSES, strict=True)
    left = [thing for then, census in pairs for thing in added(then, census)]
    assert not left, "left behind: " + ", ".join(left)


@pytest.fixture
async def _no_task_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks left running: {sorted(task.get_name() for task in left)}"


@pytest.fixture(autouse=True)
def _b_ends_its_tasks(request: pytest.FixtureRequest) -> None:
    """Fails a coroutine test that leaves a task; the loop would cancel it in silence."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_no_task_left")


def refusing(call: Callable[..., Any]) -> Callable[..., Any]:
    """`call`, but an error when code of ours makes it on a running event loop."""

    def guarded(*args: Any, **kwargs: Any) -> Any:
        caller = sys._getframe(1).f_code.co_filename
        if caller.startswith(OURS) and asyncio._get_running_loop() is not None:
            raise AssertionError(f"{call.__qualname__} blocks the event loop: {caller}")
        return call(*args, **kwargs)

    return guarded


@pytest.fixture(autouse=True)
def _c_never_blocks_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails code of ours that sleeps or resolves names on the event loop.

    By the calls themselves, since a limit on a callback's duration fails on a busy machine.
    """
    for owner, name in ((time, "sleep"), (socket, "getaddrinfo"), (socket, "create_connection")):
        monkeypatch.setattr(owner, name, refusing(getattr(owner, name)))
