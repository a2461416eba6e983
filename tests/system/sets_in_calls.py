# SPDX-License-Identifier: GPL-2.0-or-later
"""The sound of telephone sets in calls, on a real sound server; run by test_set_sound under
umockdev.

The far end, SIPp, sends back what it gets, so each microphone has a tone of its own that must be
heard from the loudspeaker beside it and from no other.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import ExitStack

from tests.support.processes import PATIENCE_S, until
from tests.support.set_scene import (
    APART_DBFS,
    HEARD_DBFS,
    KNOCKING_DBFS,
    LIFTED,
    ROOM_HZ,
    ROOM_MICROPHONE,
    SPEAKERS,
    knocked,
    lifted,
    loudest,
    problems,
    scene,
    until_active,
    until_problem,
)
from tests.support.sipp import Sipp
from tests.support.sound import RATE
from tests.support.tones import sine

CRADLED, MUTE_PRESSED, MUTE_RELEASED = "020000", "020500", "020100"
DIAL_TONE_HZ = KNOCK_HZ = 425


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
                    await until(lambda: knocked(ear.last(1.0)), PATIENCE_S, "the tone")
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
