# SPDX-License-Identifier: GPL-2.0-or-later
"""A USB phone used with the whole daemon; run by test_devices under umockdev.

The daemon is a process of its own that sees the same mock devices; the far end is a second engine,
and D-Bus is watched by a foreign client.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from offhookd.bus.names import ROOT
from offhookd.devices.hook import ECHO_S
from offhookd.devices.touch import FINGER_S
from offhookd.engine.protocol import Answer, Hangup, Transfer
from tests.support.daemon import DIRECT, Phone, RunningDaemon
from tests.support.dbus import glib_client, private_bus
from tests.support.engine import EngineProcess
from tests.support.far_end import FarEnd, connected
from tests.support.processes import until
from tests.support.sound import sound_server
from tests.support.telephone_set import descriptor
from tests.support.umockdev import MockPhone, Testbed

DEVICE = f"{ROOT}/devices/usb_0b0e_0307_A1"
JABRA = descriptor("EVOLVE LINK MS")

CARD = "/devices/pci0000:00/0000:00:14.0/usb3/3-1/3-1:1.0/sound/card1"

LIFTED, CRADLED = "020100", "020000"
MUTE_PRESSED, MUTE_RELEASED = "020500", "020100"
OFF_HOOK, OFF_HOOK_AND_MUTED, IDLE = "020100", "021300", "020000"


class Scene:
    """A daemon with a phone plugged in, and somebody to talk to."""

    def __init__(self, phone: Phone, bed: Testbed, mock: MockPhone, far: FarEnd) -> None:
        self.phone = phone
        self.bed = bed
        self.mock = mock
        self.far = far

    async def press(self, report: str) -> None:
        """One report, read by the daemon when this returns: a mock node keeps no boundaries, and
        a daemon that has answered twice has been round its loop."""
        self.mock.report(report)
        await self.phone.get("Device", "Hook", DEVICE)
        await self.phone.get("Device", "Hook", DEVICE)

    async def shows(self, name: str, value: object) -> None:
        await self.phone.until("Device", name, value, DEVICE)


@asynccontextmanager
async def scene(
    config: str = DIRECT,
    environment: Mapping[str, str] | None = None,
    declared: bytes = JABRA,
) -> AsyncIterator[Scene]:
    bed = Testbed()
    mock = MockPhone(bed, declared)
    mock.plug()
    engine = EngineProcess()
    with private_bus() as bus, tempfile.TemporaryDirectory(prefix="offhook-set-") as directory:
        daemon = RunningDaemon(bus, Path(directory), config)
        daemon.environment |= environment or {}
        daemon.environment["UMOCKDEV_DIR"] = str(bed.root)
        async with glib_client(bus.address) as client:
            try:
                engine.add_account()
                await daemon.start()
                here = Scene(Phone(client, daemon), bed, mock, FarEnd(engine))
                await here.shows("State", "ready")
                yield here
            finally:
                daemon.close()
                engine.close()


async def incoming_call() -> None:
    """It rings, is lifted, muted on the set, and hung up on the set."""
    async with scene() as here:
        call = await here.far.calls(here.phone)
        await here.mock.taken("0224")  # ring and ringer
        await here.press(LIFTED)
        await here.phone.until("Call", "State", "active", call)
        await here.mock.taken(OFF_HOOK)
        await here.shows("Hook", "off")
        await here.press(MUTE_PRESSED)
        await here.phone.until("Call", "Muted", True, call)
        await here.press(MUTE_RELEASED)
        await here.mock.taken(OFF_HOOK_AND_MUTED)
        await here.press(CRADLED)
        await here.phone.until("Call", "State", "ended", call)
        assert await here.phone.get("Call", "EndReason", call) == "local"
        await here.mock.taken(IDLE)


async def declared_badly() -> None:
    """Switches of the handset and of mute are declared as keys, and mute follows its lamp."""
    async with scene(declared=descriptor("status report 7")) as here:
        call = await here.far.calls(here.phone)
        await here.mock.taken("0704")
        await here.press("0701")
        await here.phone.until("Call", "State", "active", call)
        await here.mock.taken("070200")
        for muted, lamps, answer in (("true", "070241", "0705"), ("false", "070200", "0701")):
            await here.phone.set("Call", "Muted", f"<{muted}>", call)
            await here.mock.taken(lamps)
            await here.press(answer)
        await asyncio.sleep(FINGER_S)  # the handset is in the hand for longer than a key is pressed
        assert await here.phone.get("Call", "Muted", call) is False
        await here.press("0700")
        await here.phone.until("Call", "State", "ended", call)
        assert await here.phone.get("Call", "EndReason", call) == "local"
        await here.mock.taken("070000")


async def answered_on_the_screen() -> None:
    """The lamps show what was done elsewhere."""
    async with scene() as here:
        call, _ = await connected(here.phone, here.far)
        await here.phone.set("Call", "Muted", "<true>", call)
        await here.press(LIFTED)  # takes the call that no set has
        await here.mock.taken(OFF_HOOK_AND_MUTED)
        await here.phone.set("Call", "Muted", "<false>", call)
        await here.mock.taken("0201")


async def engine_restart() -> None:
    """A call is lost; the set does not go on showing it."""
    async with scene() as here:
        call = await here.far.calls(here.phone)
        await here.press(LIFTED)
        await here.phone.until("Call", "State", "active", call)
        engine = await here.phone.get("Manager", "Engine")
        assert isinstance(engine, Mapping)
        os.kill(engine["pid"], signal.SIGKILL)
        await here.phone.until("Call", "State", "ended", call)
        await here.press(CRADLED)
        await here.shows("Hook", "on")
        await here.mock.taken(IDLE)


async def unplugged() -> None:
    """The call goes on; the phone that is plugged in again shows it and can end it."""
    async with scene() as here:
        call = await here.far.calls(here.phone)
        await here.press(LIFTED)
        await here.phone.until("Call", "State", "active", call)
        here.mock.unplug()
        await here.phone.client.wait_for(
            lambda one: one["member"] == "InterfacesRemoved" and one["body"][0] == DEVICE, "signal"
        )
        assert await here.phone.get("Call", "State", call) == "active"
        seen = len(here.phone.client.seen)
        again = MockPhone(here.bed, JABRA, 1)
        again.plug()
        await here.phone.client.wait_for(
            lambda one: one["member"] == "InterfacesAdded" and one["body"][0] == DEVICE,
            "signal",
            since=seen,
        )
        await again.taken(OFF_HOOK)


async def disabled() -> None:
    """Its keys belong to others, and it stays so after a restart."""
    async with scene() as here:
        await here.phone.set("Device", "Enabled", "<false>", DEVICE)
        call = await here.far.calls(here.phone)
        await here.press(LIFTED)
        await asyncio.sleep(0.3)  # nothing may happen; there is no event to wait for
        assert await here.phone.get("Call", "State", call) == "incoming"


async def sound_of_its_own() -> None:
    """Its endpoints are known as its own, it rings in them, and a call that is answered on the
    screen and heard there is its call."""
    config = DIRECT.replace("backend: silent", "backend: pulse") + "devices: {ring: both}\n"
    with (
        tempfile.TemporaryDirectory(prefix="offhook-sound-") as directory,
        sound_server("pulseaudio", Path(directory)) as sound,
    ):
        sound.plug("set_out", CARD)
        sound.plug_microphone("set_in", "a_mic", CARD)
        async with scene(config, {"PULSE_SERVER": sound.environment["PULSE_SERVER"]}) as here:
            await here.shows("PlaybackEndpoint", "set_out")
            await here.shows("CaptureEndpoint", "set_in")
            endpoints = await here.phone.get("Audio", "Endpoints")
            assert isinstance(endpoints, Mapping)
            assert endpoints["set_out"]["device"] == DEVICE
            assert endpoints["ring"]["device"] == "/"
            call = await here.far.calls(here.phone)
            await until(
                lambda: sound.pactl("list", "sink-inputs").count('"ringer"') == 2, 5, "bells"
            )
            sound.pactl("set-default-sink", "set_out")
            await here.phone.until("Audio", "Active", HeardAt("set_out"))
            await here.phone.call("Call", "Answer", path=call)
            await here.mock.taken("0201")
            await here.shows("Hook", "off")


async def transferred() -> None:
    """The far end sends us on: the set that was lifted talks to the next one, and ends that."""
    config = DIRECT + "calls: {transferred: follow}\n"
    async with scene(config) as here:
        first = await here.far.calls(here.phone)
        await here.press(LIFTED)
        await here.phone.until("Call", "State", "active", first)
        seen = len(here.phone.client.seen)
        here.far.engine.ask(Transfer(leg=1, target=here.far.uri, replaces=0))
        added = await here.phone.client.wait_for(
            lambda one: one["member"] == "InterfacesAdded" and "/calls/" in one["body"][0],
            "signal",
            since=seen,
        )
        second = added["body"][0]
        leg = await here.far.rings()
        here.far.engine.tell(Answer(leg=leg))
        await here.phone.until("Call", "State", "active", second)
        here.far.engine.tell(Hangup(leg=1))
        await here.phone.until("Call", "State", "ended", first)
        assert await here.phone.get("Call", "Replaces", second) == first
        await here.shows("Hook", "off")
        await asyncio.sleep(ECHO_S)  # until then the set might be answering its lamps
        await here.press(CRADLED)
        await here.phone.until("Call", "State", "ended", second)
        await here.mock.taken(IDLE)


class HeardAt:
    """Equal to the active endpoints of capture, playback and ringer, if playback is this."""

    def __init__(self, playback: str) -> None:
        self._playback = playback

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and other[1] == self._playback

    def __hash__(self) -> int:
        return hash(self._playback)


async def from_the_command_line() -> None:
    """offhook devices shows it, and lets it ring."""
    async with scene() as here:
        status, said = await offhook(here, "devices")
        assert status == 0, said
        assert "0b0e:0307:A1  Test Phone" in said
        assert "ready" in said
        status, said = await offhook(here, "devices", "identify", "test phone")
        assert status == 0, said
        await here.mock.taken("0224")


async def offhook(here: Scene, *words: str) -> tuple[int, str]:
    """Exit status and output of the command line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from offhook.cli.main import main; raise SystemExit(main())"),
        *words,
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": here.phone.daemon.bus.address},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


STORIES = {
    "from_the_command_line": from_the_command_line,
    "incoming_call": incoming_call,
    "declared_badly": declared_badly,
    "answered_on_the_screen": answered_on_the_screen,
    "engine_restart": engine_restart,
    "unplugged": unplugged,
    "disabled": disabled,
    "transferred": transferred,
    "sound_of_its_own": sound_of_its_own,
}

if __name__ == "__main__":
    asyncio.run(STORIES[sys.argv[1]]())
