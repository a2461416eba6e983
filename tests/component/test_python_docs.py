# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of docs/python.md run as they stand, and are typed as they promise."""

import asyncio
import os
import re
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from offhookd.engine.protocol import Hangup, Incoming
from offhookd.party import Party
from tests.support.caller import direct_at, ring
from tests.support.daemon import RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S, free_ports

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python.md"
CALL, CHANGES, STAYING, REFUSED, BLOCKING = re.findall(
    r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
)
TO_BE_CALLED = "sip:echo@example.com"


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
async def daemon(
    session_bus: PrivateBus, tmp_path: Path, port: int
) -> AsyncIterator[RunningDaemon]:
    running = RunningDaemon(session_bus, tmp_path, direct_at(port))
    try:
        await running.start()
        yield running
    finally:
        running.close()


@pytest.fixture
async def echo(daemon: RunningDaemon) -> AsyncIterator[str]:
    party = Party()
    party.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield await party.address
    finally:
        await party.stop()


@asynccontextmanager
async def running(program: str, bus: PrivateBus) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus.address},
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> str:
    assert process.stdout
    async with asyncio.timeout(PATIENCE_S):
        return (await process.stdout.readline()).decode().strip()


async def output(program: str, bus: PrivateBus) -> list[str]:
    """What it prints until it ends by itself, and well."""
    async with running(program, bus) as process, asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out.decode().splitlines()


async def test_a_call(daemon: RunningDaemon, echo: str) -> None:
    (said,) = await output(CALL.replace(TO_BE_CALLED, echo), daemon.bus)
    assert said.startswith(f"talking to {echo} with ")


async def test_a_call_that_nobody_answers(daemon: RunningDaemon, far_end: EngineProcess) -> None:
    program = CALL.replace(TO_BE_CALLED, f"sip:test@127.0.0.1:{far_end.port}")
    async with running(program, daemon.bus) as process:
        await asyncio.to_thread(far_end.wait_for, Incoming)
        far_end.tell(Hangup(leg=-1))
        assert (await line(process)).startswith("nobody answers: ")


async def test_what_happens(daemon: RunningDaemon, port: int, far_end: EngineProcess) -> None:
    async with running(CHANGES, daemon.bus) as process:
        assert await line(process) == "waiting"
        ring(far_end, port)
        assert (await line(process)).startswith("c1 rings: sip:")
        await asyncio.to_thread(far_end.wait_state, 1, "active")
        far_end.tell(Hangup(leg=1))
        assert await line(process) == "c1 is over: remote"


async def test_a_program_that_stays(daemon: RunningDaemon) -> None:
    async with running(STAYING, daemon.bus) as process:
        assert await line(process) == "present"
        await daemon.stop()
        assert await line(process) == "absent"
        await daemon.start()
        assert await line(process) == "present"


async def test_what_is_refused(daemon: RunningDaemon) -> None:
    (said,) = await output(REFUSED, daemon.bus)
    assert said.startswith("InvalidTarget: ")
    await daemon.stop()
    (said,) = await output(REFUSED, daemon.bus)
    assert "systemctl --user start offhookd" in said


async def test_without_asyncio(daemon: RunningDaemon, echo: str) -> None:
    said, row = await output(BLOCKING.replace(TO_BE_CALLED, echo), daemon.bus)
    assert said == f"answered {echo}"
    assert row == f"outgoing {echo} local"


def test_the_programs_are_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    files = []
    for number, program in enumerate((CALL, CHANGES, STAYING, REFUSED, BLOCKING)):
        files.append(tmp_path / f"program_{number}.py")
        files[-1].write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", *files],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": f"{ROOT / 'clients'}:{ROOT / 'daemon'}"},
    )
    assert done.returncode == 0, done.stdout
