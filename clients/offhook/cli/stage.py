# SPDX-License-Identifier: GPL-2.0-or-later
"""What a demonstration needs around it: a bus, sound, the daemon, somebody to call.

What the machine has is used; what it lacks is started in private and ended afterwards.
"""

import os
import shutil
import socket
import sys
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Self

from offhook.bus import BUS_DAEMON, Bus, Signal, session_address
from offhook.errors import NoDaemonError
from offhook.objects import BUS_NAME

from .child import Child
from .config import daemon_program

CONFIG = """\
accounts: {{demo: {{uri: "sip:demo@127.0.0.1", registrar: none, accept_from: anyone}}}}
sip: {{bind: 127.0.0.1}}
audio: {{backend: {backend}}}
"""

TONE_HZ = 440
NULL_SINK = "module-null-sink rate=48000 channels=1 channel_map=mono norewinds=1"
"""An idle null sink that may rewind has played two seconds ahead, and would be silent so long."""
PULSE_SCRIPT = f"""\
load-module module-native-protocol-unix auth-anonymous=1 socket={{socket}}
load-module {NULL_SINK} sink_name=speaker
load-module {NULL_SINK} sink_name=room
load-module module-sine sink=room frequency={TONE_HZ}
load-module module-remap-source source_name=microphone master=room.monitor
set-default-sink speaker
set-default-source microphone
"""

CONNECT_LIMIT_S = 1.0
"""A sound server on this machine answers at once."""


class Stage:
    """Everything runs from entering to leaving; RefusedError when something cannot."""

    def __init__(self) -> None:
        self.address = ""
        """The private bus, or "" for the session's own."""
        self.sound = ""
        """Which sound there is, for a person."""
        self.real = False
        """Whether it is the machine's own, of which nobody knows what it hears."""
        self.silent = False
        """Whether there is no sound device at all."""
        self.party = ""
        """SIP address of the echo."""
        self.daemon: Child
        self._environment: dict[str, str] = {}
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            directory = tempfile.TemporaryDirectory(prefix="offhook-demo-")
            self._directory = Path(self._exits.enter_context(directory))
            await self._set_up_bus()
            await self._set_up_sound()
            await self._start_phones()
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def _run(self, name: str, *command: str, sign: str = "", by_input: bool = False) -> Child:
        child = await Child.start(name, *command, environment=self._environment, sign=sign)
        self._exits.push_async_callback(child.stop, by_input=by_input)
        return child

    async def _set_up_bus(self) -> None:
        if await _is_free():
            return
        self.address = f"unix:path={self._directory / 'bus'}"
        bus = await self._run(
            "The private session bus",
            *("dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog"),
            *(f"--address={self.address}", "--print-address=1"),
            sign="unix:",
        )
        await bus.started()
        self._environment["DBUS_SESSION_BUS_ADDRESS"] = self.address

    async def _set_up_sound(self) -> None:
        if _sound_server_answers():
            self.sound = "this machine's sound server: speak, and you hear yourself"
            self.real = True
        elif shutil.which("pulseaudio"):
            await self._start_pulseaudio()
            self.sound = f"a private PulseAudio, whose microphone hears a tone of {TONE_HZ} Hz"
        else:
            self.sound = "no sound device here; the keys of a telephone are heard instead"
            self.silent = True

    async def _start_pulseaudio(self) -> None:
        server = self._directory / "pulse.socket"
        script = self._directory / "pulse.pa"
        script.write_text(PULSE_SCRIPT.format(socket=server))
        self._environment |= {
            "PULSE_SERVER": f"unix:{server}",
            "PULSE_RUNTIME_PATH": str(self._directory),
            "PULSE_STATE_PATH": str(self._directory),
            "PULSE_COOKIE": str(self._directory / "cookie"),
            "LC_ALL": "C.UTF-8",
        }
        pulseaudio = await self._run(
            "The private PulseAudio",
            *("pulseaudio", "-n", "-v", "--daemonize=no", "--use-pid-file=no"),
            *("--exit-idle-time=-1", "-F", str(script)),
            sign="startup complete",
        )
        await pulseaudio.started()

    async def _start_phones(self) -> None:
        party = await self._run(
            "The echo", sys.executable, "-m", "offhookd.party", sign="sip:", by_input=True
        )
        config = self._directory / "offhook.yaml"
        config.write_text(CONFIG.format(backend="silent" if self.silent else "pulse"))
        self._environment["XDG_STATE_HOME"] = str(self._directory / "state")

        def served(signal: Signal) -> None:
            if signal.sender == BUS_DAEMON and signal.body[:1] == [BUS_NAME]:
                self.daemon.ready.set()

        async with Bus(self.address, served) as bus:
            await bus.ask("AddMatch", "s", f"member='NameOwnerChanged',arg0='{BUS_NAME}'")
            self.daemon = await self._run("offhookd", daemon_program(), "--config", str(config))
            await self.daemon.started()
        self.party = await party.started()


async def _is_free() -> bool:
    """Whether there is a session bus on which nobody is the phone yet."""
    try:
        async with Bus(session_address()) as bus:
            return not await bus.ask("NameHasOwner", "s", BUS_NAME)
    except NoDaemonError:
        return False


def _sound_server_answers() -> bool:
    """Whether PulseAudio, or PipeWire in its place, takes connections where clients look for it."""
    if server := os.environ.get("PULSE_SERVER"):
        # Another machine's, or a list: whoever set it means it.
        if not server.startswith(("unix:", "/")):
            return True
        path = server.removeprefix("unix:")
    elif directory := os.environ.get("XDG_RUNTIME_DIR"):
        path = f"{directory}/pulse/native"
    else:
        return False
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.settimeout(CONNECT_LIMIT_S)
        probe.connect(path)
        return True
    return False
