# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's and the C library's own behaviour, in a network namespace and on the real clock."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from offhookd.desktop import network
from offhookd.desktop.network import CLOCK_SET, NETWORK, RESUMED, NetworkWatch
from tests.support.processes import PATIENCE_S

SCRIPT = "tests.component.network_namespace"
UNSHARE = ["unshare", "--map-root-user", "--net", "--mount"]


@pytest.fixture
def unshared() -> None:
    if not shutil.which("unshare") or subprocess.run([*UNSHARE, "true"], check=False).returncode:
        pytest.skip("this machine gives nobody a network namespace")


def seen(what: str) -> object:
    argv = [*UNSHARE, sys.executable, "-m", SCRIPT, what]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        argv, capture_output=True, text=True, cwd=root, timeout=3 * PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.usefixtures("unshared")
def test_srv_records_and_addresses_come_from_the_systems_name_server() -> None:
    assert seen("resolve") == [
        ["192.0.2.10:5060"],
        ["192.0.2.10:5061"],
        "'b.example.test' has no IPv4 address, and this phone's sound goes over IPv4 alone.",
        "The name 'nope.test' has no address (Name or service not known).",
    ]


@pytest.mark.usefixtures("unshared")
def test_only_what_carries_calls_makes_a_hint() -> None:
    assert seen("watch") == [
        ["a link without an address", ""],
        ["connected", NETWORK, ""],
        ["a renewed lease", ""],
        ["a new address", NETWORK],
        ["cut off", "", []],
        ["stopped", ""],
    ]


def set_the_clock_to_what_it_is() -> None:
    try:
        time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME))
    except PermissionError:
        pytest.skip("only root sets the clock")


@pytest.mark.sets_the_clock
@pytest.mark.parametrize(("slept_s", "hint"), [(0.0, CLOCK_SET), (60.0, RESUMED)])
async def test_a_jump_of_the_clock_is_noticed_each_time(
    monkeypatch: pytest.MonkeyPatch, slept_s: float, hint: str
) -> None:
    """Suspend and a set clock cancel the same timer; the clock that stopped tells them apart."""
    hints: asyncio.Queue[str] = asyncio.Queue()
    asleep_s = 0.0
    monkeypatch.setattr(network, "_slept_s", lambda: asleep_s)
    watch = NetworkWatch(hints.put_nowait)
    watch.start()
    try:
        for _ in range(2):
            asleep_s += slept_s
            set_the_clock_to_what_it_is()
            async with asyncio.timeout(PATIENCE_S):
                assert await hints.get() == hint
    finally:
        watch.stop()


async def test_a_watch_costs_nothing_while_nothing_happens() -> None:
    watch = NetworkWatch(pytest.fail)
    watch.start()
    before = time.process_time()
    await asyncio.sleep(0.5)
    assert time.process_time() - before < 0.02
    watch.stop()
