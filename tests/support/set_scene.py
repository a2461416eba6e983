# SPDX-License-Identifier: GPL-2.0-or-later
"""Two headsets, loudspeakers, a daemon and a far end: where the stories of sets in calls happen."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from offhookd.bus.names import ROOT
from offhookd.engine.audio.levels import peak_dbfs
from tests.support.daemon import Phone, RunningDaemon
from tests.support.dbus import glib_client, private_bus
from tests.support.media_peer import FORMATS, MediaPeer
from tests.support.processes import PATIENCE_S, until
from tests.support.sound import RATE, Recording, SoundServer, sound_server
from tests.support.telephone_set import descriptor
from tests.support.tones import Samples, lasting, level, level_at, purity_at
from tests.support.umockdev import MockPhone, Testbed

JABRA = descriptor("EVOLVE LINK MS")
LIFTED, LOUDER, NOTHING = "020100", "010200", "010000"
SPEAKERS, ROOM_MICROPHONE = "ring", "room_mic"
ROOM_HZ = 600
TONE_DBFS = -14.0
PRESSES = 3
BELL_S = 5.0
"""The bell's period, 4 s, and more."""
RINGING_DBFS = -40.0
KNOCKING_DBFS, APART_DBFS = -25.0, -40.0
"""A gap in the microphone's own tone, on a busy machine, spreads over other frequencies."""
BURST_S = 0.1
"""The call waiting tone is 0.2 s long."""
HEARD_DBFS, SILENT_DBFS = -20.0, -60.0
PURE = 0.9
LISTEN_S = 1.5
"""So long nothing may come out of the loudspeakers after a set was torn out."""


@dataclass
class Set:
    """A USB headset: keys from umockdev, sound from the sound server."""

    bed: Testbed
    server: SoundServer
    name: str
    hz: int
    number: int
    mock: MockPhone | None = None

    @property
    def port(self) -> str:
        return f"3-{self.number}"

    @property
    def path(self) -> str:
        return f"{ROOT}/devices/usb_0b0e_0307_{self.serial}"

    @property
    def serial(self) -> str:
        return f"{self.name[0].upper()}1"

    @property
    def microphone(self) -> str:
        return f"{self.name}_microphone"

    def plug(self) -> None:
        self.plug_keys()
        self.plug_sound()

    def plug_keys(self) -> None:
        if self.mock is None:
            self.mock = MockPhone(self.bed, JABRA, self.number, self.port, serial=self.serial)
        self.mock.plug()

    def plug_sound(self) -> None:
        card = f"/devices/pci0000:00/0000:00:14.0/usb3/{self.port}/{self.port}:1.0/sound/card7"
        self.server.plug(self.name, card)
        self.server.plug_microphone(self.microphone, f"{self.name[0]}_mic", card)

    def unplug_keys(self) -> None:
        assert self.mock
        self.mock.unplug()

    def unplug_sound(self) -> None:
        self.server.unplug(self.microphone)
        self.server.unplug(self.name)


class Scene:
    def __init__(self, phone: Phone, server: SoundServer, bed: Testbed, far: MediaPeer) -> None:
        self.phone = phone
        self.server = server
        self.far = far
        self.a = Set(bed, server, "a_set", 1000, 1)
        self.b = Set(bed, server, "b_set", 1500, 2)

    async def ready(self, one: Set) -> None:
        """Wait until the phone knows the set and its sound."""
        await until_seen(self.phone, one.path)
        await self.phone.until("Device", "PlaybackEndpoint", one.name, one.path)
        await self.phone.until("Device", "CaptureEndpoint", one.microphone, one.path)
        await self.phone.until("Device", "State", "ready", one.path)

    def press(self, one: Set, report: str) -> None:
        assert one.mock
        one.mock.report(report)

    async def talk(self) -> str:
        """A call with the far end, on the devices of the user's choice."""
        path = await self.phone.dial(self.far.sipp.contact)
        await self.phone.until("Call", "State", "active", path)
        return path

    async def heard(self, sink: str, hz: int) -> None:
        """Wait until this tone, and no other, comes out of `sink`."""
        with self.server.recording(f"{sink}.monitor") as ear:

            def is_tone() -> bool:
                sound = ear.last(0.3)
                return level(sound) > HEARD_DBFS and purity_at(sound, RATE, hz) > PURE

            await until(is_tone, PATIENCE_S, f"{hz} Hz from {sink}")

    async def silent(self, sink: str) -> None:
        with self.server.recording(f"{sink}.monitor") as ear:
            await until(lambda: ear.last(0.3), PATIENCE_S, f"the recording of {sink}")
            await until(
                lambda: level(ear.last(0.3)) < SILENT_DBFS, PATIENCE_S, f"silence of {sink}"
            )

    @asynccontextmanager
    async def loudspeakers_silent(self, *tones_hz: int) -> AsyncIterator[None]:
        """Nothing of any call may come out of them meanwhile, and for a while afterwards, nor one
        of these tones."""
        with self.server.recording(f"{SPEAKERS}.monitor") as ear:
            await until(lambda: ear.seconds > 0.1, PATIENCE_S, "the recording")
            yield
            end_s = ear.seconds + LISTEN_S
            await until(lambda: ear.seconds > end_s, PATIENCE_S, "the loudspeakers")
        for hz in (self.a.hz, self.b.hz, ROOM_HZ, *tones_hz):
            found = level_at(ear.samples, RATE, hz)
            assert found < SILENT_DBFS, f"{hz} Hz at {found} dBFS"

    async def rings(self, sink: str) -> None:
        with self.server.recording(f"{sink}.monitor") as ear:
            await self._bell(ear, sink)

    @asynccontextmanager
    async def begins_to_ring(self, sink: str, at_dbfs: float) -> AsyncIterator[None]:
        """On this sink, and from its first sample no louder than that."""
        with self.server.recording(f"{sink}.monitor") as ear:
            await until(lambda: ear.seconds > 0.1, PATIENCE_S, "the recording")
            yield
            await self._bell(ear, sink)
            begun_s = ear.seconds
            await until(
                lambda: ear.seconds > begun_s + BELL_S, PATIENCE_S, "a whole period of the bell"
            )
        found = peak_dbfs(ear.samples.tobytes())
        assert abs(found - at_dbfs) < 2, found  # the bell is not resampled to the same peak

    async def _bell(self, ear: Recording, sink: str) -> None:
        await until(lambda: level(ear.last(0.3)) > RINGING_DBFS, PATIENCE_S, f"the bell on {sink}")

    async def louder(self, one: Set, percent: Callable[[], str]) -> None:
        """Press the key once, then quickly a few times: each press is 5 %."""

        def reaches(wanted: int) -> bool:
            return int(percent()) >= wanted

        for presses in (1, PRESSES):
            wanted = int(percent()) + 5 * presses
            for _ in range(presses):
                self.press(one, LOUDER)
                self.press(one, NOTHING)
            await until(partial(reaches, wanted), PATIENCE_S, f"{wanted} %")
            assert int(percent()) == wanted

    def ringer_volume(self) -> str:
        """In percent, as the server tells."""
        (stream,) = (
            one
            for one in self.listed("sink-inputs")
            if one["properties"].get("media.name") == "ringer"
        )
        percent: str = stream["volume"]["mono"]["value_percent"]
        return percent.rstrip("%")

    def streams_on(self, sink: str) -> list[str]:
        """Names of the programs whose sound is on `sink`, as the server tells."""
        return [
            one["properties"].get("application.name", "")
            for one in self.listed("sink-inputs")
            if one["sink"] == self.index("sinks", sink)
        ]

    def index(self, kind: str, name: str) -> int:
        return next(int(one["index"]) for one in self.listed(kind) if one["name"] == name)

    def listed(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.server.pactl("-f", "json", "list", kind))
        return found

    def volume(self, sink: str) -> str:
        said = self.server.pactl("get-sink-volume", sink)
        return said.partition("%")[0].split()[-1]

    def defaults(self) -> tuple[str, str]:
        return self.server.pactl("get-default-sink"), self.server.pactl("get-default-source")


@contextmanager
def tones(server: SoundServer) -> Iterator[None]:
    with (
        server.playing(lasting(1000, RATE, TONE_DBFS), "a_mic"),
        server.playing(lasting(1500, RATE, TONE_DBFS), "b_mic"),
        server.playing(lasting(ROOM_HZ, RATE, TONE_DBFS), "a_spk"),
    ):
        yield


@asynccontextmanager
async def scene(nature: str, on_unplug: str = "hold", **audio: object) -> AsyncIterator[Scene]:
    config: dict[str, dict[str, Any]] = {
        "accounts": {
            "direct": {"uri": "sip:ada@127.0.0.1", "registrar": "none", "accept_from": "anyone"}
        },
        "sip": {"bind": "127.0.0.1"},
        "audio": {"backend": "pulse", "on_unplug": on_unplug, **audio},
    }
    with tempfile.TemporaryDirectory(prefix="offhook-sets-", dir="/tmp") as name:
        directory = Path(name)
        bed = Testbed()
        (directory / "far").mkdir()
        with (
            sound_server(nature, directory / "sound") as server,
            tones(server),
            private_bus() as bus,
            MediaPeer(directory / "far", "talk", FORMATS["PCMU"]) as far,
        ):
            server.plug_microphone(ROOM_MICROPHONE, "a_spk")
            server.pactl("set-default-source", ROOM_MICROPHONE)
            daemon = RunningDaemon(bus, directory, "")
            config["sip"]["port"] = daemon.sip_port
            daemon.write_config(json.dumps(config))
            daemon.environment |= {
                "UMOCKDEV_DIR": str(bed.root),
                "PULSE_SERVER": server.environment["PULSE_SERVER"],
            }
            async with glib_client(bus.address) as client:
                try:
                    await daemon.start()
                    yield Scene(Phone(client, daemon), server, bed, far)
                finally:
                    daemon.close()


async def until_seen(phone: Phone, path: str) -> None:
    since = 0
    while True:
        reply = await phone.client.call(
            ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"
        )
        if path in reply.body[0]:
            return
        await phone.client.wait_for(
            lambda one: one["member"] == "InterfacesAdded", "signal", since=since
        )
        since = len(phone.client.seen)


async def lifted(here: Scene, one: Set) -> str:
    """A call on this set."""
    one.plug()
    await here.ready(one)
    call = await here.talk()
    here.press(one, LIFTED)
    await here.heard(one.name, one.hz)
    return call


def knocked(samples: Samples) -> bool:
    """Whether there was a loud burst; the recorder writes more than one burst at once."""
    size = int(BURST_S * RATE)
    bursts = (samples[start : start + size] for start in range(0, len(samples), size))
    return any(level(burst) > KNOCKING_DBFS for burst in bursts)


def loudest(samples: Samples, rate: int, hz: int) -> float:
    """Level of a tone that comes in bursts, where it is strongest."""
    size = int(BURST_S * rate)
    starts = range(0, len(samples) - size, size)
    return max(level_at(samples[start : start + size], rate, hz) for start in starts)


async def problems(phone: Phone) -> set[str]:
    listed: Any = await phone.get("Manager", "Problems")
    return {code for code, _, _ in listed}


async def until_problem(phone: Phone, code: str, *, present: bool = True) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            since = len(phone.client.seen)
            if (code in await problems(phone)) is present:
                return
            await phone.client.wait_for(
                lambda one: "Problems" in str(one["body"]), "signal", since=since
            )


async def until_active(here: Scene, sink: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            since = len(here.phone.client.seen)
            active: Any = await here.phone.get("Audio", "Active")
            if active[1] == sink:
                return
            await here.phone.client.wait_for(
                lambda one: "Active" in str(one["body"]), "signal", since=since
            )
