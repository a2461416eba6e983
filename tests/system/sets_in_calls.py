# SPDX-License-Identifier: GPL-2.0-or-later
"""The sound of telephone sets in calls, on a real sound server; run by test_set_sound under
umockdev.

The far end, SIPp, sends back what it gets, so each microphone has a tone of its own that must be
heard from the loudspeaker beside it and from no other.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from offhookd.bus.names import ROOT
from offhookd.engine.audio.levels import peak_dbfs
from tests.support.daemon import Phone, RunningDaemon
from tests.support.dbus import glib_client, private_bus
from tests.support.media_peer import FORMATS, MediaPeer
from tests.support.processes import until
from tests.support.sipp import Sipp
from tests.support.sound import RATE, Recording, SoundServer, sound_server
from tests.support.telephone_set import descriptor
from tests.support.tones import Samples, level, level_at, purity_at, sine
from tests.support.umockdev import MockPhone, Testbed

JABRA = descriptor("EVOLVE LINK MS")
LIFTED, LOUDER, NOTHING = "020100", "010200", "010000"
CRADLED, MUTE_PRESSED, MUTE_RELEASED = "020000", "020500", "020100"
DIAL_TONE_HZ = KNOCK_HZ = 425
SPEAKERS, ROOM_MICROPHONE = "ring", "room_mic"
ROOM_HZ = 600
TONE_S, TONE_DBFS = 60.0, -14.0
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

            await until(is_tone, 5, f"{hz} Hz from {sink}")

    async def silent(self, sink: str) -> None:
        with self.server.recording(f"{sink}.monitor") as ear:
            await until(lambda: ear.last(0.3), 5, f"the recording of {sink}")
            await until(lambda: level(ear.last(0.3)) < SILENT_DBFS, 3, f"silence of {sink}")

    @asynccontextmanager
    async def loudspeakers_silent(self, *tones_hz: int) -> AsyncIterator[None]:
        """Nothing of any call may come out of them meanwhile, and for a while afterwards, nor one
        of these tones."""
        with self.server.recording(f"{SPEAKERS}.monitor") as ear:
            await until(lambda: ear.seconds > 0.1, 5, "the recording")
            yield
            end_s = ear.seconds + LISTEN_S
            await until(lambda: ear.seconds > end_s, 5, "the loudspeakers")
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
            await until(lambda: ear.seconds > 0.1, 5, "the recording")
            yield
            await self._bell(ear, sink)
            begun_s = ear.seconds
            await until(lambda: ear.seconds > begun_s + BELL_S, 6, "a whole period of the bell")
        found = peak_dbfs(ear.samples.tobytes())
        assert abs(found - at_dbfs) < 2, found  # the bell is not resampled to the same peak

    async def _bell(self, ear: Recording, sink: str) -> None:
        await until(lambda: level(ear.last(0.3)) > RINGING_DBFS, 6, f"the bell on {sink}")

    async def louder(self, one: Set, percent: Callable[[], str]) -> None:
        """Press the key once, then quickly a few times: each press is 5 %."""

        def reaches(wanted: int) -> bool:
            return int(percent()) >= wanted

        for presses in (1, PRESSES):
            wanted = int(percent()) + 5 * presses
            for _ in range(presses):
                self.press(one, LOUDER)
                self.press(one, NOTHING)
            await until(partial(reaches, wanted), 3, f"{wanted} %")
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
        server.playing(sine(1000, TONE_S, RATE, TONE_DBFS), "a_mic"),
        server.playing(sine(1500, TONE_S, RATE, TONE_DBFS), "b_mic"),
        server.playing(sine(ROOM_HZ, TONE_S, RATE, TONE_DBFS), "a_spk"),
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


async def answering(nature: str) -> None:
    """The call moves to the set that takes it; everything else stays where it is."""
    async with scene(nature) as here:
        here.a.plug()
        await here.ready(here.a)
        before = here.defaults()
        with here.server.playing(sine(300, 0.1, RATE, -90.0), "b_spk"):
            await here.talk()
            await here.heard(SPEAKERS, ROOM_HZ)
            here.press(here.a, LIFTED)
            await here.heard(here.a.name, here.a.hz)
            await here.silent(SPEAKERS)
        assert "offhook" in here.streams_on(here.a.name)
        assert "offhook" not in here.streams_on(SPEAKERS)
        active = await here.phone.get("Audio", "Active")
        assert tuple(active)[:2] == (here.a.microphone, here.a.name)  # type: ignore[arg-type]  # D-Bus says so
        assert here.defaults() == before == (SPEAKERS, ROOM_MICROPHONE)
        await here.phone.set("Device", "Enabled", "<false>", here.a.path)
        await here.heard(SPEAKERS, ROOM_HZ)


async def lifted(here: Scene, one: Set) -> str:
    """A call on this set."""
    one.plug()
    await here.ready(one)
    call = await here.talk()
    here.press(one, LIFTED)
    await here.heard(one.name, one.hz)
    return call


async def sound_goes_first(nature: str) -> None:
    """The call is held, nobody else hears it, and it is back with the sound."""
    async with scene(nature) as here:
        call = await lifted(here, here.a)
        async with here.loudspeakers_silent():
            here.a.unplug_sound()
            await here.phone.until("Call", "LocalHold", True, call)
            assert "audio-interrupted" in await problems(here.phone)
            here.a.unplug_keys()
        async with here.loudspeakers_silent():
            here.a.plug()
            await here.phone.until("Call", "LocalHold", False, call)
        await here.heard(here.a.name, here.a.hz)
        assert "audio-interrupted" not in await problems(here.phone)
        assert here.defaults() == (SPEAKERS, ROOM_MICROPHONE)


async def keys_go_first(nature: str) -> None:
    async with scene(nature) as here:
        call = await lifted(here, here.a)
        async with here.loudspeakers_silent():
            here.a.unplug_keys()
            await here.phone.client.wait_for(
                lambda one: one["member"] == "InterfacesRemoved" and one["body"][0] == here.a.path,
                "signal",
            )
            here.a.unplug_sound()
            await here.phone.until("Call", "LocalHold", True, call)


async def taken_back(nature: str) -> None:
    """Who resumes the call without the set speaks through the devices of the room."""
    async with scene(nature) as here:
        call = await lifted(here, here.a)
        here.a.unplug_sound()
        here.a.unplug_keys()
        await here.phone.until("Call", "LocalHold", True, call)
        await here.phone.call("Call", "Resume", path=call)
        await here.heard(SPEAKERS, ROOM_HZ)


async def hung_up(nature: str) -> None:
    async with scene(nature, "hangup") as here:
        call = await lifted(here, here.a)
        async with here.loudspeakers_silent():
            here.a.unplug_sound()
            await here.phone.until("Call", "State", "ended", call)


async def goes_on(nature: str) -> None:
    """Where the user allows it, through the speakers and back."""
    async with scene(nature, "speaker") as here:
        call = await lifted(here, here.a)
        here.a.unplug_sound()
        here.a.unplug_keys()
        await here.heard(SPEAKERS, ROOM_HZ)
        assert await here.phone.get("Call", "LocalHold", call) is False
        here.a.plug()
        await here.heard(here.a.name, here.a.hz)
        await here.silent(SPEAKERS)


async def chosen_device(nature: str) -> None:
    """A headset without keys, with another device behind it in the list, and as the default."""
    for default in (False, True):
        playback = ["default"] if default else ["a_set", "default"]
        capture = ["default"] if default else ["a_set_microphone", "default"]
        async with scene(nature, playback=playback, capture=capture) as here:
            here.a.plug_sound()
            if default:
                here.server.pactl("set-default-sink", here.a.name)
                here.server.pactl("set-default-source", here.a.microphone)
            await until_active(here, here.a.name)
            call = await here.talk()
            await here.heard(here.a.name, here.a.hz)
            async with here.loudspeakers_silent():
                here.a.unplug_sound()
                await here.phone.until("Call", "LocalHold", True, call)
            here.a.plug_sound()
            await here.phone.until("Call", "LocalHold", False, call)
            await here.heard(here.a.name, here.a.hz)


async def two_sets(nature: str) -> None:
    """The call is on the set that took it, and stays there while the other one goes."""
    async with scene(nature) as here:
        here.b.plug()
        await here.ready(here.b)
        call = await lifted(here, here.a)
        await here.silent(here.b.name)
        here.b.unplug_sound()
        here.b.unplug_keys()
        await here.heard(here.a.name, here.a.hz)
        assert await here.phone.get("Call", "LocalHold", call) is False
        here.b.plug()
        await here.ready(here.b)
        await here.silent(here.b.name)


async def volume_keys(nature: str) -> None:
    """The keys of a set turn its own loudspeaker."""
    async with scene(nature) as here:
        await lifted(here, here.a)
        here.server.pactl("set-sink-volume", here.a.name, "50%")
        await here.louder(here.a, lambda: here.volume(here.a.name))
        assert here.volume(SPEAKERS) == "100"
        assert await here.phone.get("Audio", "RingerVolume") == 1.0
        await here.phone.set("Audio", "PlaybackVolume", "<0.3>")
        assert (here.volume(here.a.name), here.volume(SPEAKERS)) == ("30", "100")
        await here.phone.set("Audio", "CaptureVolume", "<0.4>")
        assert "40%" in here.server.pactl("get-source-volume", here.a.microphone)
        assert "100%" in here.server.pactl("get-source-volume", ROOM_MICROPHONE)


async def mute_key(nature: str) -> None:
    """It mutes the call and shows it; the switch at the sound server is the user's own, who is
    told when it makes the call silent."""
    async with scene(nature) as here:
        call = await lifted(here, here.a)
        for muted in (True, False):
            here.press(here.a, MUTE_PRESSED)
            here.press(here.a, MUTE_RELEASED)
            await here.phone.until("Call", "Muted", muted, call)
            await here.phone.until("Device", "Muted", muted, here.a.path)
            assert "no" in here.server.pactl("get-source-mute", here.a.microphone)
            await (here.silent(here.a.name) if muted else here.heard(here.a.name, here.a.hz))
        here.server.pactl("set-source-mute", here.a.microphone, "1")
        await until_problem(here.phone, "audio-muted-capture")
        assert await here.phone.get("Call", "Muted", call) is False
        assert await here.phone.get("Device", "Muted", here.a.path) is False
        here.server.pactl("set-source-mute", here.a.microphone, "0")
        await until_problem(here.phone, "audio-muted-capture", present=False)
        here.server.pactl("set-sink-mute", here.a.name, "1")
        await until_problem(here.phone, "audio-muted-playback")
        await here.phone.call("Call", "Hangup", path=call)
        await until_problem(here.phone, "audio-muted-playback", present=False)


async def dial_tone(nature: str) -> None:
    """In the ear of who lifts the set, and from no loudspeaker."""
    async with scene(nature) as here:
        here.a.plug()
        await here.ready(here.a)
        async with here.loudspeakers_silent(DIAL_TONE_HZ):
            here.press(here.a, LIFTED)
            await here.heard(here.a.name, DIAL_TONE_HZ)
            here.press(here.a, CRADLED)
            await here.silent(here.a.name)


async def call_waiting(nature: str) -> None:
    """The tone is in the user's ear; neither the room nor the far end hears it."""
    async with scene(nature) as here:
        callee = f"ada@127.0.0.1:{here.phone.daemon.sip_port}"
        await lifted(here, here.a)
        here.far.echoes = False
        await here.silent(here.a.name)
        here.far.packets.clear()
        directory = here.server.directory.parent / "caller"
        directory.mkdir()
        with here.server.recording(f"{here.a.name}.monitor") as ear:
            async with here.loudspeakers_silent(KNOCK_HZ):
                with Sipp(directory, "call", user="bob", call=callee):
                    await until(lambda: knocked(ear.last(1.0)), 8, "the tone")
        assert loudest(ear.samples, RATE, KNOCK_HZ) > KNOCKING_DBFS
        said, rate = here.far.heard()
        assert loudest(said, rate, here.a.hz) > HEARD_DBFS
        assert loudest(said, rate, KNOCK_HZ) < APART_DBFS


async def ringing(nature: str) -> None:
    """The bell has a device and a volume of its own, and moves on when the device goes."""
    async with scene(nature, ringer=["bell", "b_spk"]) as here:
        here.server.plug("bell")
        here.a.plug()
        await here.ready(here.a)
        await here.phone.set("Audio", "RingerVolume", "<0.5>")
        callee = f"ada@127.0.0.1:{here.phone.daemon.sip_port}"
        directory = here.server.directory.parent / "caller"
        directory.mkdir()
        async with here.loudspeakers_silent():
            with ExitStack() as stack:
                async with here.begins_to_ring("bell", at_dbfs=-6 - 18):  # the cube of a half
                    stack.enter_context(Sipp(directory, "call", user="bob", call=callee))
                await here.louder(here.a, here.ringer_volume)
                assert here.volume("bell") == here.volume(here.a.name) == "100"
                here.server.unplug("bell")
                await here.rings("b_spk")
                await here.phone.call("Telephony", "HangupAll")
                await here.silent("b_spk")


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
    async with asyncio.timeout(5):
        while True:
            since = len(phone.client.seen)
            if (code in await problems(phone)) is present:
                return
            await phone.client.wait_for(
                lambda one: "Problems" in str(one["body"]), "signal", since=since
            )


async def until_active(here: Scene, sink: str) -> None:
    async with asyncio.timeout(5):
        while True:
            since = len(here.phone.client.seen)
            active: Any = await here.phone.get("Audio", "Active")
            if active[1] == sink:
                return
            await here.phone.client.wait_for(
                lambda one: "Active" in str(one["body"]), "signal", since=since
            )


STORIES: dict[str, Callable[[str], Coroutine[None, None, None]]] = {
    "answering": answering,
    "sound_goes_first": sound_goes_first,
    "keys_go_first": keys_go_first,
    "taken_back": taken_back,
    "hung_up": hung_up,
    "goes_on": goes_on,
    "chosen_device": chosen_device,
    "two_sets": two_sets,
    "volume_keys": volume_keys,
    "mute_key": mute_key,
    "dial_tone": dial_tone,
    "call_waiting": call_waiting,
    "ringing": ringing,
}

if __name__ == "__main__":
    asyncio.run(STORIES[sys.argv[2]](sys.argv[1]))
