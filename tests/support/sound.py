# SPDX-License-Identifier: GPL-2.0-or-later
"""A sound server of the test's own, PulseAudio or PipeWire, with null sinks for devices.

Two parties, "a" and "b", have a loudspeaker each (``a_spk``) and a microphone, which is what
another null sink plays (``a_mic.monitor`` hears ``a_mic``); ``ring`` is the default device.
"""

import os
import subprocess
from array import array
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.dbus import private_bus
from tests.support.processes import PATIENCE_S, Program, wait_until
from tests.support.tones import Samples, read_wav, write_wav

SINKS = ("a_mic", "a_spk", "b_mic", "b_spk", "ring")
RATE = 16_000
PLAYER_LATENCY_MS = 200
RECORDER_LATENCY_MS = 50

REAL_TIME_PRIORITY = 6

NATURES = ("pulseaudio", "pipewire")


class SoundServer:
    """`start` it, `kill` it as often as you like; `modules` are loaded again each time.

    A test may add null sinks ("plug") and remove them.
    """

    null_sink: tuple[str, ...] = ()
    """What else `module-null-sink` must be told to be like a real device."""

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.socket = directory / "pulse" / "native"
        self.programs: list[Program] = []
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        here = str(directory)
        self.environment: dict[str, str] = {
            "HOME": here,
            "XDG_RUNTIME_DIR": here,
            "XDG_CONFIG_HOME": f"{here}/config",
            "XDG_STATE_HOME": f"{here}/state",
            "PULSE_RUNTIME_PATH": f"{here}/pulse",
            "PULSE_SERVER": f"unix:{self.socket}",
            **(environment or {}),
        }
        self._modules: dict[str, str] = {}

    @property
    def env(self) -> dict[str, str]:
        """For a program that shall find this server."""
        return {**os.environ, **self.environment}

    def start(self) -> None:
        self._launch()
        for name in SINKS:
            self.plug(name)
        self.pactl("set-default-sink", SINKS[-1])

    def kill(self) -> None:
        """End it as a crash would, socket and all."""
        for program in reversed(self.programs):
            program.kill()
        self.programs.clear()
        self.socket.unlink(missing_ok=True)

    def shield(self) -> None:
        """Let other load on the machine do nothing to the server."""

    def plug(self, sink: str, sysfs_path: str = "") -> None:
        """Add a null sink, which says that it is the hardware at `sysfs_path` (without "/sys")."""
        self._modules[sink] = self.pactl(
            *("load-module", "module-null-sink", f"sink_name={sink}", "rate=48000"),
            *("channels=1", "channel_map=mono", *self.null_sink),
            f"sink_properties={_hardware(sysfs_path)}",
        )
        wait_until(lambda: sink in self.pactl("list", "short", "sinks"), PATIENCE_S, f"sink {sink}")

    def plug_microphone(self, source: str, sink: str, sysfs_path: str = "") -> None:
        """Add a source, no monitor, that hears what the null sink `sink` plays."""
        self._modules[source] = self.pactl(
            *("load-module", "module-remap-source", f"source_name={source}"),
            *(f"master={sink}.monitor", "channels=1", "channel_map=mono"),
            f"source_properties={_hardware(sysfs_path)}",
        )
        wait_until(lambda: source in self.pactl("list", "short", "sources"), PATIENCE_S, source)

    def unplug(self, device: str) -> None:
        self.pactl("unload-module", self._modules.pop(device))

    def pactl(self, *words: str) -> str:
        done = subprocess.run(
            ["pactl", *words], env=self.env, capture_output=True, check=True, text=True
        )
        return done.stdout.strip()

    @contextmanager
    def playing(self, samples: Samples, sink: str) -> Iterator[None]:
        """Play `samples` (at `RATE`) on `sink`, once, meanwhile."""
        path = self.directory / f"play-{sink}.wav"
        write_wav(path, samples, RATE)
        argv = ["pacat", "--playback", f"--device={sink}", f"--latency-msec={PLAYER_LATENCY_MS}"]
        with self._running("pacat", [*argv, "--file-format=wav", str(path)]):
            yield

    @contextmanager
    def recording(self, source: str) -> Iterator["Recording"]:
        """Record `source` meanwhile."""
        recording = Recording(self.directory / f"record-{source}.wav")
        recording.path.unlink(missing_ok=True)
        argv = ["parec", f"--device={source}", f"--latency-msec={RECORDER_LATENCY_MS}"]
        spec = [f"--rate={RATE}", "--channels=1", "--format=s16le", "--file-format=wav"]
        with self._running("parec", [*argv, *spec, str(recording.path)]):
            yield recording

    def record(self, source: str, seconds: float) -> Samples:
        """What `source` hears in the next `seconds`."""
        with self.recording(source) as recording:
            wait_until(lambda: recording.seconds >= seconds, seconds + 5.0, f"sound of {source}")
        return recording.samples

    @contextmanager
    def _running(self, name: str, argv: list[str]) -> Iterator[Program]:
        log = self.directory / f"{name}.log"
        program = Program(name, argv, log, environment=self.environment).start()
        try:
            yield program
        finally:
            program.stop()

    def _launch(self) -> None:
        raise NotImplementedError

    def _run(self, *argv: str) -> Program:
        log = self.directory / f"{argv[0]}.log"
        program = Program(argv[0], [*_real_time(), *argv], log, environment=self.environment)
        self.programs.append(program.start())
        return program


class Recording:
    """A growing file of what is heard."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def seconds(self) -> float:
        size = self.path.stat().st_size if self.path.exists() else 0
        return max(0, size - 44) / 2 / RATE

    def last(self, seconds: float) -> Samples:
        """What was heard just now, while the recording goes on; nothing before there is enough."""
        wanted = round(seconds * RATE) * 2
        whole = self.path.read_bytes()[44:] if self.path.exists() else b""
        return array("h", whole[: len(whole) // 2 * 2][-wanted:] if len(whole) > wanted else b"")

    @property
    def samples(self) -> Samples:
        """Everything, once the recording has ended."""
        return read_wav(self.path)[0]


class PulseAudio(SoundServer):
    null_sink = ("norewinds=1",)
    """Else an idle null sink has played two seconds ahead, which a stream that wants less latency
    cannot take back, and is silent for the rest of them.  Real devices rewind in full."""

    def _launch(self) -> None:
        script = self.directory / "script.pa"
        script.write_text(
            f"load-module module-native-protocol-unix auth-anonymous=1 socket={self.socket}\n"
        )
        program = self._run(
            *("pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--use-pid-file=no"),
            *("--exit-idle-time=-1", "--realtime=yes", "--high-priority=yes"),
        )
        program.wait_ready(self.socket.is_socket)

    def shield(self) -> None:
        """PulseAudio leaves its main thread, which serves the clients, to ordinary scheduling; on
        a loaded machine its delays are all that one measures.  Needs root."""
        policy = os.sched_param(REAL_TIME_PRIORITY)
        os.sched_setscheduler(self.programs[0].pid, os.SCHED_RR, policy)


class PipeWire(SoundServer):
    def _launch(self) -> None:
        pipewire = self.directory / "pipewire-0"
        pipewire.unlink(missing_ok=True)
        self._run("pipewire").wait_ready(pipewire.is_socket)
        self._run("wireplumber")
        self._run("pipewire-pulse").wait_ready(self.socket.is_socket)


def _hardware(sysfs_path: str) -> str:
    return f"device.sysfs.path={sysfs_path or '/devices/virtual/none'}"


def _real_time() -> list[str]:
    """As rtkit gives it to the sound server of a session."""
    return ["chrt", "--rr", str(REAL_TIME_PRIORITY)] if os.geteuid() == 0 else []


@contextmanager
def sound_server(nature: str, directory: Path) -> Iterator[SoundServer]:
    """A running server, "pulseaudio" or "pipewire", with `SINKS`."""
    with ExitStack() as stack:
        if nature == "pulseaudio":
            server: SoundServer = PulseAudio(directory)
        else:
            bus = stack.enter_context(private_bus())
            server = PipeWire(directory, {"DBUS_SESSION_BUS_ADDRESS": bus.address})
        stack.callback(server.kill)
        server.start()
        yield server
