# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook demo``: the first thing anybody sees, on machines with and without sound and bus."""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhook.aio import Phone
from tests.support.cli import CommandLine, Said
from tests.support.daemon import RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.terminal import on_terminal

STATES = r"dialing\n(.*\n)*?.*active\n(.*\n)*.*ended  local \(200 OK\)\n"
PROGRAM = "from offhook.cli.main import main; raise SystemExit(main())"
WITHOUT_SOUND = ("dbus-daemon", "setpriv")


def processes_of(directory: Path) -> list[str]:
    """Command lines that still name the demonstration's directory."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(directory).encode() in file.read_bytes():
                found.append(file.with_name("cmdline").read_bytes().decode())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


@pytest.fixture
def directory() -> Iterator[Path]:
    """Where the demonstration puts everything: empty afterwards, and nobody lives on in it.

    Not below `tmp_path`, whose names leave no room for those of sockets (unix(7): 107 bytes).
    """
    with tempfile.TemporaryDirectory(prefix="demo-") as made:
        place = Path(made)
        yield place
        assert list(place.iterdir()) == []
        assert processes_of(place) == []


@pytest.fixture
def offhook(directory: Path) -> CommandLine:
    """On a machine with neither a session bus nor a sound server."""
    nothing = {"XDG_RUNTIME_DIR": "", "PULSE_SERVER": "", "TMPDIR": str(directory)}
    return CommandLine("", nothing)


@pytest.fixture
def without_sound(offhook: CommandLine, tmp_path: Path) -> CommandLine:
    """No sound server is installed, either."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in WITHOUT_SOUND:
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    offhook.environment["PATH"] = str(programs)
    return offhook


def check(said: Said) -> None:
    """What every demonstration must show."""
    assert (said.status, said.err) == (0, "")
    assert re.search(STATES, said.out)
    assert re.search(r"received █+.* -\d\d dBFS\n", said.out)
    assert "codec       G722, 16000 Hz\n" in said.out
    assert re.search(r"packets     \d{3} sent, \d{3} received; quality \w+\n", said.out)
    assert re.search(r"round trip  \d+ ms", said.out)
    assert re.search(r"\nc1    20.*outgoing   0:\d\d .*local \(200 OK\)\n", said.out)
    assert "Traceback" not in said.out
    assert "\033" not in said.out


@pytest.mark.system
async def test_a_bare_machine_gets_bus_and_sound_of_its_own(offhook: CommandLine) -> None:
    said = await offhook("demo")
    check(said)
    assert "a private PulseAudio" in said.out
    assert "bus         unix:path=" in said.out


async def test_a_machine_without_sound_hears_keys(
    without_sound: CommandLine, session_bus: PrivateBus
) -> None:
    without_sound.environment["DBUS_SESSION_BUS_ADDRESS"] = session_bus.address
    said = await without_sound("demo")
    check(said)
    assert "no sound device here" in said.out
    assert "bus         the session bus\n" in said.out
    assert "busctl" not in said.out  # nobody could type it in time


async def test_on_a_terminal_it_stays_and_says_what_can_be_typed(
    without_sound: CommandLine,
) -> None:
    program = (sys.executable, "-c", PROGRAM, "demo")
    async with on_terminal(*program, environment=without_sound.environment) as terminal:
        for part in ("active", "received", "codec", "Running until Ctrl-C"):
            await terminal.shows(part)
        shown = terminal.plain
        address = re.search(r"busctl --address=(\S+) tree org\.offhook\.Phone1\n", shown)
        assert address
        # By its path: on this machine's PATH there is no such program.
        assert re.search(rf"DBUS_SESSION_BUS_ADDRESS={address[1]} /\S+/offhook watch\n", shown)
        terminal.press("\x03")
        assert await terminal.ended() == 0


async def test_the_users_own_phone_is_left_alone(
    without_sound: CommandLine, session_bus: PrivateBus, tmp_path: Path
) -> None:
    daemon = RunningDaemon(session_bus, tmp_path, "audio: {backend: silent}")
    try:
        await daemon.start()
        without_sound.environment["DBUS_SESSION_BUS_ADDRESS"] = session_bus.address
        async with Phone(session_bus.address) as phone:
            async with without_sound.running("demo") as demo:
                await demo.line("active")
                demo.process.send_signal(signal.SIGINT)
                await demo.process.communicate()
            assert phone.calls == []
            assert await phone.history.query(1) == []
    finally:
        daemon.close()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
async def test_a_signal_ends_everything_in_order(
    without_sound: CommandLine, number: signal.Signals, status: int
) -> None:
    async with without_sound.running("demo") as demo:
        await demo.line("active")
        demo.process.send_signal(number)
        _, complaint = await demo.process.communicate()
    assert (demo.process.returncode, complaint) == (status, b"")


async def test_a_daemon_that_dies_is_one_sentence(without_sound: CommandLine) -> None:
    async with without_sound.running("demo") as demo:
        await demo.line("active")
        os.kill(daemon_of(demo.process), signal.SIGKILL)
        _, complaint = await demo.process.communicate()
    assert demo.process.returncode == 1
    assert complaint == b"offhook: offhookd went away: ended by SIGKILL\n"


async def test_a_daemon_that_does_not_start_says_why(
    without_sound: CommandLine, tmp_path: Path
) -> None:
    without_sound.environment["OFFHOOK_DBUS_LIBRARY"] = "none"
    said = await without_sound("demo")
    assert said.status == 1
    assert said.err == "offhook: offhookd did not start: KeyError: 'none'\n"


def daemon_of(demo: asyncio.subprocess.Process) -> int:
    """The daemon among the children of a demonstration."""
    for task in Path(f"/proc/{demo.pid}/task").glob("*/children"):
        for pid in task.read_text().split():
            if b"--config" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    raise AssertionError("no daemon runs")


async def test_a_missing_program_is_named(offhook: CommandLine) -> None:
    offhook.environment["PATH"] = "/nowhere"
    said = await offhook("demo")
    assert said.status == 1
    assert said.err == "offhook: The program dbus-daemon is not installed here\n"
