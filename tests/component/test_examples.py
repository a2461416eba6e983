# SPDX-License-Identifier: GPL-2.0-or-later
"""The example programs, each against a running daemon and a second telephone."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from offhook.aio import Phone
from offhook.call import Call
from offhookd.engine.protocol import Hangup
from offhookd.party import Party
from tests.support.caller import direct_at, incoming
from tests.support.cli import CommandLine
from tests.support.daemon import RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S, free_ports
from tests.support.tones import sine, write_wav

EXAMPLES = Path(__file__).parents[2] / "clients" / "examples"
MOST_CALLS = 10


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
async def daemon(
    session_bus: PrivateBus, tmp_path: Path, port: int
) -> AsyncIterator[RunningDaemon]:
    running = RunningDaemon(session_bus, tmp_path, direct_at(port))
    running.environment["XDG_DATA_HOME"] = str(tmp_path / "data")
    try:
        await running.start()
        yield running
    finally:
        running.close()


@pytest.fixture
async def phone(daemon: RunningDaemon) -> AsyncIterator[Phone]:
    async with Phone(daemon.bus.address) as phone:
        yield phone


@pytest.fixture
async def echo(daemon: RunningDaemon) -> AsyncIterator[str]:
    party = Party()
    party.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield await party.address
    finally:
        await party.stop()


@pytest.fixture
def environment(session_bus: PrivateBus, tmp_path: Path) -> Mapping[str, str]:
    """Where ``offhook`` is this tree's."""
    program = tmp_path / "bin" / "offhook"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nfrom offhook.cli.main import main\nraise SystemExit(main())\n"
    )
    program.chmod(0o755)
    known = CommandLine(session_bus.address).environment
    return {**known, "PATH": f"{program.parent}:{known['PATH']}"}


@pytest.fixture
def greeting(tmp_path: Path) -> str:
    path = tmp_path / "greeting.wav"
    write_wav(path, sine(440, 0.3), 8000)
    return str(path)


class Example:
    """A running example, its lines as they come."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def line(self, part: str = "") -> str:
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self.process.stdout.readline()).decode():
                if part in line:
                    return line
        raise AssertionError(f"the example ended without {part}")

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


def size(path: str) -> int:
    """Of a WAV file; its header has 44 bytes."""
    return Path(path.strip()).stat().st_size


@asynccontextmanager
async def example(name: str, *words: str, environment: Mapping[str, str]) -> AsyncIterator[Example]:
    path = str(EXAMPLES / name)
    command = (sys.executable, path) if name.endswith(".py") else ("sh", path)
    process = await asyncio.create_subprocess_exec(
        *command, *words, env=environment, stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    try:
        yield Example(process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # with what a script started
        await process.communicate()


async def test_the_answering_machine_records_whom_nobody_answers(
    phone: Phone, far_end: EngineProcess, port: int, greeting: str, environment: Mapping[str, str]
) -> None:
    words = (greeting, "--after", "0.1", "--longest", "0.5")
    async with example("answering_machine.py", *words, environment=environment) as machine:
        await machine.line("waiting")
        call = await incoming(phone, far_end, port)
        peer, path = (await machine.line("sip:")).split("  ")
        async with asyncio.timeout(PATIENCE_S):
            await call.until(lambda: not call.up)
    assert peer == call.peer_uri
    assert size(path) > 44
    assert call.end_reason == "local"


async def test_the_recorder_records_every_call(
    phone: Phone, echo: str, environment: Mapping[str, str]
) -> None:
    async with example("call_recorder.py", environment=environment) as recorder:
        await recorder.line("waiting")
        call = await phone.dial(echo)
        path = (await recorder.line("sip:")).split("  ")[1].strip()
        await call.hangup()
    assert size(path) >= 44


async def test_the_wake_up_call_plays_to_who_answers(
    phone: Phone, echo: str, greeting: str, environment: Mapping[str, str]
) -> None:
    words = ("now", echo, greeting)
    async with example("wake_up_call.py", *words, environment=environment) as caller:
        assert await caller.line() == "answered\n"
        assert await caller.ended() == 0
    (row,) = await phone.history.query(1)
    assert row["end-reason"] == "local"


async def test_the_bridge_tells_and_obeys(
    phone: Phone, echo: str, environment: Mapping[str, str]
) -> None:
    async with example("json_bridge.py", environment=environment) as bridge:
        assert json.loads(await bridge.line())["accounts"] == ["direct"]
        bridge.type(json.dumps({"do": "dial", "target": echo}))
        event = json.loads(await bridge.line('"active"'))
        assert (event["event"], event["call"], event["from"]) == ("call", "c1", echo)
        bridge.type('{"do": "sing", "call": "c1"}')
        assert "sing" in await bridge.line("refused")
        bridge.type('{"do": "hangup", "call": "c1"}')
        await bridge.line('"ended"')


async def test_the_status_line_follows_the_phone(
    phone: Phone, daemon: RunningDaemon, echo: str, environment: Mapping[str, str]
) -> None:
    async with example("status_line.py", "--waybar", environment=environment) as line:
        assert json.loads(await line.line()) == {"text": "phone", "class": "idle"}
        call = await phone.dial(echo)
        assert json.loads(await line.line("active"))["class"] == "active"
        await call.hangup()
        await line.line("idle")
        await daemon.stop()
        await line.line("offline")
    async with example("status_line.py", "--once", environment=environment) as once:
        assert await once.line() == "no phone\n"
        assert await once.ended() == 0


async def test_busctl_is_enough_for_a_call(
    daemon: RunningDaemon, echo: str, environment: Mapping[str, str]
) -> None:
    async with example("busctl.sh", echo, "12#", environment=environment) as script:
        assert await script.line() == "c1\n"
        assert await script.line() == "ended\n"
        assert await script.ended() == 0


async def test_a_missed_call_runs_a_command(
    phone: Phone, far_end: EngineProcess, port: int, environment: Mapping[str, str]
) -> None:
    words = ("echo", "missed")
    async with example("on_missed_call.sh", *words, environment=environment) as script:
        for leg in range(1, MOST_CALLS):  # until it listens
            call = await incoming(phone, far_end, port, leg)
            far_end.tell(Hangup(leg=leg))
            async with asyncio.timeout(PATIENCE_S):
                await phone.until(partial(_is_over, call))
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    assert await script.line("missed") == f"missed {call.peer_uri}\n"
                    return
        raise AssertionError("nothing was run for a missed call")


def _is_over(call: Call) -> bool:
    return not call.up
