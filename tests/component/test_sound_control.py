# SPDX-License-Identifier: GPL-2.0-or-later
"""`SoundControl` against a PulseAudio and a PipeWire of the test's own, without hardware."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from offhookd.phone.errors import AudioUnavailableError, InvalidArgumentError
from offhookd.sound import server as server_module
from offhookd.sound.control import Role, SoundControl
from offhookd.sound.ringer import RINGER_STREAM
from tests.support.dbus import private_bus
from tests.support.processes import Program, until

pytestmark = pytest.mark.system

PATIENCE_S = 5.0


class Bed:
    """A sound server with a microphone "mic" and the loudspeakers "speaker" and "handset"."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "pulse" / "native"
        self.address = f"unix:{self.socket}"
        self.programs: list[Program] = []
        (directory / "pulse").mkdir(mode=0o700)

    @property
    def environment(self) -> dict[str, str]:
        here = str(self.directory)
        return {
            "HOME": here,
            "XDG_RUNTIME_DIR": here,
            "XDG_CONFIG_HOME": f"{here}/config",
            "XDG_STATE_HOME": f"{here}/state",
            "PULSE_RUNTIME_PATH": f"{here}/pulse",
            "PULSE_SERVER": self.address,
        }

    def run(self, *argv: str) -> None:
        log = self.directory / f"{argv[0]}.log"
        program = Program(argv[0], argv, log, environment=self.environment)
        self.programs.append(program.start())

    def start(self) -> None:
        raise NotImplementedError

    def pactl(self, *words: str) -> str:
        done = subprocess.run(
            ["pactl", *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    def kill(self) -> None:
        for program in reversed(self.programs):
            program.kill()
        self.programs.clear()
        self.socket.unlink(missing_ok=True)


class PulseAudio(Bed):
    def start(self) -> None:
        script = self.directory / "script.pa"
        script.write_text(
            f"load-module module-native-protocol-unix auth-anonymous=1 socket={self.socket}\n"
        )
        self.run(
            "pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--use-pid-file=no",
            "--exit-idle-time=-1",
        )  # fmt: skip
        self.programs[-1].wait_ready(self.socket.is_socket)
        for name in ("speaker", "handset"):
            self.pactl("load-module", "module-null-sink", f"sink_name={name}")
        self.pactl("load-module", "module-virtual-source", "source_name=mic",
                   "master=handset.monitor")  # fmt: skip
        self.pactl("set-default-sink", "speaker")
        self.pactl("set-default-source", "mic")


class PipeWire(Bed):
    def __init__(self, directory: Path, bus: str) -> None:
        super().__init__(directory)
        self._bus = bus

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"DBUS_SESSION_BUS_ADDRESS": self._bus}

    def start(self) -> None:
        self.run("pipewire")
        self.programs[-1].wait_ready((self.directory / "pipewire-0").is_socket)
        self.run("wireplumber")
        self.run("pipewire-pulse")
        self.programs[-1].wait_ready(self.socket.is_socket)
        for name in ("speaker", "handset"):
            self.pactl("load-module", "module-null-sink", f"sink_name={name}")
        self.pactl("load-module", "module-null-sink", "sink_name=mic",
                   "media.class=Audio/Source/Virtual")  # fmt: skip
        self.pactl("set-default-sink", "speaker")
        self.pactl("set-default-source", "mic")


@pytest.fixture(params=["pulseaudio", "pipewire"])
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    with ExitStack() as stack:
        if request.param == "pulseaudio":
            bed: Bed = PulseAudio(tmp_path)
        else:
            bed = PipeWire(tmp_path, stack.enter_context(private_bus()).address)
        stack.callback(bed.kill)
        bed.start()
        yield bed


class Desk:
    """A `SoundControl` and how often it said that something changed."""

    def __init__(self, address: str) -> None:
        self.changes = 0
        self.sound = SoundControl(self._changed, address)

    def _changed(self) -> None:
        self.changes += 1

    async def sees(self, condition: Callable[[SoundControl], object], what: str) -> None:
        await until(lambda: condition(self.sound), PATIENCE_S, what)


@pytest.fixture
async def desk(bed: Bed) -> AsyncIterator[Desk]:
    desk = Desk(bed.address)
    await desk.sound.start()
    await desk.sees(lambda sound: sound.route(Role.CAPTURE).active == "mic", "the microphone")
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).active == "speaker", "the speaker")
    yield desk
    await desk.sound.stop()


def shown(sound: SoundControl) -> set[str]:
    return {endpoint.name for endpoint in sound.inventory.without_monitors()}


async def test_plugging_unplugging_and_the_default_are_followed(bed: Bed, desk: Desk) -> None:
    assert {"speaker", "handset", "mic"} <= shown(desk.sound)
    assert "speaker.monitor" not in shown(desk.sound)
    desk.sound.prefer(Role.PLAYBACK, ["usb", "default"])
    plugged = bed.pactl("load-module", "module-null-sink", "sink_name=usb")
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).device == "usb", "the plugged sink")
    bed.pactl("unload-module", plugged)
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).active == "speaker", "the default")
    assert desk.sound.route(Role.PLAYBACK).device == "", "the engine follows the server"
    bed.pactl("set-default-sink", "handset")
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).active == "handset", "the new default")


async def test_the_volume_is_that_of_the_device_in_use_and_of_the_mixer(
    bed: Bed, desk: Desk
) -> None:
    desk.sound.prefer(Role.PLAYBACK, ["handset"])
    await desk.sound.set_volume(Role.PLAYBACK, 0.3)
    await desk.sound.set_volume(Role.CAPTURE, 0.6)
    assert desk.sound.volume(Role.PLAYBACK) == 0.3
    assert "30%" in bed.pactl("get-sink-volume", "handset")
    assert "60%" in bed.pactl("get-source-volume", "mic")
    assert "100%" in bed.pactl("get-sink-volume", "speaker")
    bed.pactl("set-sink-volume", "handset", "50%")
    await desk.sees(lambda sound: sound.volume(Role.PLAYBACK) == 0.5, "what the mixer set")


async def test_a_volume_that_cannot_be_set_says_why(desk: Desk) -> None:
    with pytest.raises(InvalidArgumentError, match="between"):
        await desk.sound.set_volume(Role.PLAYBACK, 1.5)
    with pytest.raises(InvalidArgumentError, match="between"):
        await desk.sound.set_volume(Role.RINGER, float("nan"))
    desk.sound.prefer(Role.CAPTURE, ["gone"])
    with pytest.raises(AudioUnavailableError, match="gone is not there"):
        await desk.sound.set_volume(Role.CAPTURE, 0.5)


def ring(bed: Bed) -> Program:
    """Silence on a stream that says it is our ringer."""
    properties = [f"--property={key}={value}" for key, value in RINGER_STREAM.items()]
    argv = ["pacat", "--playback", "--raw", *properties, "/dev/zero"]
    return Program("ringer", argv, bed.directory / "pacat.log", environment=bed.environment).start()


async def test_the_ringer_has_a_volume_of_its_own(bed: Bed, desk: Desk) -> None:
    await desk.sound.set_volume(Role.RINGER, 0.25)
    assert desk.sound.volume(Role.RINGER) == 0.25
    ringer = ring(bed)
    try:
        await until(lambda: "25%" in bed.pactl("list", "sink-inputs"), PATIENCE_S, "25 %")
        await desk.sound.set_volume(Role.RINGER, 0.75)
        assert "75%" in bed.pactl("list", "sink-inputs")
        stream = bed.pactl("list", "short", "sink-inputs").split()[0]
        bed.pactl("set-sink-input-volume", stream, "40%")
        await desk.sees(lambda sound: sound.volume(Role.RINGER) == 0.4, "what the mixer set")
    finally:
        ringer.stop()
    assert "100%" in bed.pactl("get-sink-volume", "speaker")


async def test_a_killed_server_is_a_sentence_until_it_is_back(bed: Bed, desk: Desk) -> None:
    bed.kill()
    await desk.sees(lambda sound: sound.inventory.problem, "the loss")
    assert desk.sound.inventory.problem == server_module.ABSENT
    assert desk.sound.route(Role.PLAYBACK).reason == server_module.ABSENT
    assert desk.sound.volume(Role.PLAYBACK) == 0.0
    with pytest.raises(AudioUnavailableError, match="No sound server"):
        await desk.sound.set_volume(Role.PLAYBACK, 0.5)
    await desk.sound.set_volume(Role.RINGER, 0.5)
    await asyncio.to_thread(bed.start)
    desk.sound.retry_now()
    await desk.sees(lambda sound: sound.route(Role.CAPTURE).active == "mic", "the return")


async def test_stopping_does_not_wait_for_a_server_that_hangs(bed: Bed, desk: Desk) -> None:
    os.kill(bed.programs[-1].pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(1):
            await desk.sound.stop()
    finally:
        os.kill(bed.programs[-1].pid, signal.SIGCONT)


async def test_a_server_that_hangs_counts_as_absent(
    bed: Bed, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "ANSWER_S", 0.2)
    os.kill(bed.programs[-1].pid, signal.SIGSTOP)
    try:
        with pytest.raises(AudioUnavailableError, match="refused"):
            await desk.sound.set_volume(Role.PLAYBACK, 0.5)
    finally:
        os.kill(bed.programs[-1].pid, signal.SIGCONT)


async def test_nothing_wakes_an_idle_daemon(desk: Desk) -> None:
    def switches() -> int:
        text = Path("/proc/self/status").read_text()
        return int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])

    await desk.sound.set_volume(Role.PLAYBACK, 0.5)  # the last thing that happens
    await asyncio.sleep(0.2)
    before, changes = switches(), desk.changes
    await asyncio.sleep(1.0)
    assert switches() - before <= 2, "the sleep itself is one"
    assert desk.changes == changes


async def test_an_absent_server_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(server_module, "LAST_RETRY_S", 0.02)
    caplog.set_level(logging.DEBUG, server_module.__name__)
    desk = Desk(f"unix:{tmp_path}/nothing")
    await desk.sound.start()
    await until(lambda: len(caplog.records) > 6, PATIENCE_S, "several attempts")
    await desk.sound.stop()
    await desk.sound.stop()
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert desk.changes == 1


def test_a_silent_phone_does_not_load_libpulse() -> None:
    program = (
        "import sys, offhookd.sound.control as c; c.SoundControl(print);"
        "assert not [name for name in sys.modules if name.startswith('pulsectl')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
