# SPDX-License-Identifier: GPL-2.0-or-later
"""Sound from microphone to far end and from far end to loudspeaker, measured with tones.

A null sink `a_mic` is what the microphone hears, `a_spk` is the loudspeaker.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.baresip import Baresip, Codec
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio, password
from tests.support.line import Keys, account, configuration, registered
from tests.support.media_peer import FORMATS, MediaPeer
from tests.support.processes import PATIENCE_S, until, wait_until
from tests.support.sound import RATE, Recording, SoundServer, sound_server
from tests.support.tones import Samples, lasting, level, level_at, purity_at
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_baresip", "needs_sipp")

PEER = "200"
VOICE_HZ, VOICE_DBFS = 1000, -14.0
PEER_HZ, PEER_DBFS = 600, -7.3  # baresip's tone, measured in its own recording
AUDIBLE_DBFS = -40.0
PURE = 0.95
AUDIO: Keys = {"backend": "pulse", "capture": ["a_mic.monitor"], "playback": ["a_spk"]}


@dataclass(frozen=True)
class Room:
    """A sound server whose microphone hears a tone and whose loudspeaker is listened to."""

    server: SoundServer
    ear: Recording

    @property
    def environment(self) -> dict[str, str]:
        return {"PULSE_SERVER": self.server.environment["PULSE_SERVER"]}


@contextmanager
def room(nature: str, directory: Path) -> Iterator[Room]:
    tone = lasting(VOICE_HZ, RATE, VOICE_DBFS)
    with (
        sound_server(nature, directory) as server,
        server.playing(tone, "a_mic"),
        server.recording("a_spk.monitor") as ear,
    ):
        with server.recording("a_mic.monitor") as voice:
            loud = VOICE_DBFS - 1.0
            wait_until(lambda: level(voice.last(0.1)) > loud, PATIENCE_S, "the tone in the room")
        yield Room(server, ear)


@pytest.fixture(scope="module")
def pulse_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room("pulseaudio", tmp_path_factory.mktemp("pulse")) as made:
        yield made


@asynccontextmanager
async def speaking(
    where: Room, bus: PrivateBus, directory: Path, kamailio: Kamailio, **keys: Any
) -> AsyncIterator[Phone]:
    """The phone of 1001 in the room."""
    config = configuration(account(kamailio, "1001", **keys), audio=AUDIO)
    async with registered(bus, directory, config, where.environment) as phone:
        yield phone


async def active(phone: Phone) -> str:
    path = await phone.dial(PEER)
    await phone.until("Call", "State", "active", path)
    await phone.until("CallMedia", "Flow", "both", path)
    return path


async def heard(hear: Callable[[], tuple[Samples, int]], hz: float, dbfs: float, who: str) -> None:
    """Wait for a clean tone of this level.  On a busy machine sound has holes; a codec that
    changes the level or adds something never has a clean piece."""
    found: tuple[float, ...] = ()

    def is_tone() -> bool:
        nonlocal found
        samples, rate = hear()
        found = level_at(samples, rate, hz), purity_at(samples, rate, hz)
        return abs(found[0] - dbfs) < 1.0 and found[1] > PURE

    try:
        await until(is_tone, PATIENCE_S, f"{hz} Hz of {dbfs} dBFS at {who}")
    except AssertionError as error:
        raise AssertionError(f"{error}; level and purity are {found}") from None


async def loudspeaker(where: Room, hz: float, dbfs: float) -> None:
    await heard(lambda: (where.ear.last(0.5), RATE), hz, dbfs, "the loudspeaker")


def lately(peer: MediaPeer, packets: int = 20) -> tuple[Samples, int]:
    """The last sound the far end got, the codec settled."""
    samples, rate = peer.heard()
    return samples[-packets * rate // 50 :], rate


@contextmanager
def answering(kamailio: Kamailio, directory: Path, name: str) -> Iterator[MediaPeer]:
    """User 200 with one codec, who sends back what it gets."""
    with MediaPeer(directory, "answer", FORMATS[name], user=PEER) as peer:
        kamailio.add_contact(PEER, peer.sipp.contact)
        yield peer


@pytest.mark.parametrize("name", list(FORMATS))
async def test_a_tone_keeps_its_pitch_and_level_through_each_codec(
    session_bus: PrivateBus,
    pulse_room: Room,
    kamailio: Kamailio,
    tmp_path: Path,
    directory: NewDirectory,
    name: str,
) -> None:
    codec = FORMATS[name].codec.name.partition("/")[0]
    with answering(kamailio, directory("peer"), name) as peer:
        async with speaking(pulse_room, session_bus, tmp_path, kamailio, codecs=[codec]) as phone:
            path = await active(phone)
            assert await phone.get("CallMedia", "Codec", path) == codec
            await until(lambda: peer.packets, PATIENCE_S, "the first packet")
            await heard(lambda: lately(peer), VOICE_HZ, VOICE_DBFS, "the far end")
            await loudspeaker(pulse_room, VOICE_HZ, VOICE_DBFS)
            await phone.call("Call", "Hangup", path=path)


async def talk_to_baresip(
    where: Room, phone: Phone, kamailio: Kamailio, directory: Path, codec: Codec
) -> None:
    """Each hears the other's tone and not its own."""
    with Baresip(
        directory,
        PEER,
        registrar=f"127.0.0.1:{kamailio.port}",
        password=password(PEER),
        codecs=[codec],
        tone_hz=PEER_HZ,
    ) as peer:
        await peer.registered()
        path = await active(phone)
        await loudspeaker(where, PEER_HZ, PEER_DBFS)
        assert level_at(where.ear.last(0.5), RATE, VOICE_HZ) < AUDIBLE_DBFS
        await heard(lambda: peer.lately(0.4), VOICE_HZ, VOICE_DBFS, "baresip")
        await phone.call("Call", "Hangup", path=path)
        await peer.told("CALL_CLOSED")


@pytest.mark.parametrize("codec", [Codec.G722, Codec.PCMA])
async def test_two_phones_hear_each_other(
    session_bus: PrivateBus,
    pulse_room: Room,
    kamailio: Kamailio,
    tmp_path: Path,
    directory: NewDirectory,
    codec: Codec,
) -> None:
    async with speaking(pulse_room, session_bus, tmp_path, kamailio) as phone:
        await talk_to_baresip(pulse_room, phone, kamailio, directory("peer"), codec)


async def test_two_phones_hear_each_other_on_pipewire(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path, directory: NewDirectory
) -> None:
    with room("pipewire", directory("pipewire")) as where:
        async with speaking(where, session_bus, tmp_path, kamailio) as phone:
            await talk_to_baresip(where, phone, kamailio, directory("peer"), Codec.G722)


async def test_a_muted_microphone_is_silent_at_the_far_end(
    session_bus: PrivateBus,
    pulse_room: Room,
    kamailio: Kamailio,
    tmp_path: Path,
    directory: NewDirectory,
) -> None:
    with answering(kamailio, directory("peer"), "PCMU") as peer:
        async with speaking(pulse_room, session_bus, tmp_path, kamailio) as phone:
            path = await active(phone)
            for muted in ("true", "false", "true"):
                await phone.set("Call", "Muted", f"<{muted}>", path)
                silent = muted == "true"

                def settled(silent: bool = silent) -> bool:
                    return bool(peer.packets) and (level(lately(peer)[0]) < -60) is silent

                await until(settled, PATIENCE_S, f"muted: {muted} at the far end")
            await phone.call("Call", "Hangup", path=path)


async def test_digits_as_tones_are_heard(
    session_bus: PrivateBus,
    pulse_room: Room,
    kamailio: Kamailio,
    tmp_path: Path,
    directory: NewDirectory,
) -> None:
    with answering(kamailio, directory("peer"), "PCMU") as peer:
        async with speaking(pulse_room, session_bus, tmp_path, kamailio) as phone:
            path = await active(phone)
            await phone.set("Call", "Muted", "<true>", path)
            options = "{'method': <'inband'>, 'duration-ms': <uint32 400>}"
            await phone.call("Call", "SendDtmf", f"('5', {options})", path)

            def is_five() -> bool:
                sound, rate = lately(peer, packets=10)
                return all(level_at(sound, rate, hz) > -25 for hz in (770, 1336))

            await until(is_five, PATIENCE_S, "770 and 1336 Hz at the far end")
            await phone.call("Call", "Hangup", path=path)


async def test_a_sound_server_that_dies_costs_the_call_nothing_but_a_moment(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path, directory: NewDirectory
) -> None:
    with (
        sound_server("pulseaudio", directory("pulse")) as server,
        answering(kamailio, directory("peer"), "PCMU") as peer,
    ):
        where = {"PULSE_SERVER": server.environment["PULSE_SERVER"]}
        config = configuration(account(kamailio, "1001"), audio=AUDIO)
        async with registered(session_bus, tmp_path, config, where) as phone:
            path = await active(phone)
            server.kill()
            await until_problem(phone, "audio-interrupted")
            sent = len(peer.packets)
            server.start()
            await until_problem(phone, "audio-interrupted", present=False)
            assert await phone.get("Call", "State", path) == "active"
            assert len(peer.packets) > sent  # the stream itself has never stopped
            sequences = [packet.sequence for packet in peer.packets]
            assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
            with server.playing(lasting(VOICE_HZ, RATE, VOICE_DBFS), "a_mic"):
                await until(
                    lambda: level_at(*lately(peer), VOICE_HZ) > AUDIBLE_DBFS,
                    PATIENCE_S,
                    "the tone at the far end",
                )
            await phone.call("Call", "Hangup", path=path)


async def until_problem(phone: Phone, code: str, words: str = "", *, present: bool = True) -> None:
    """Wait for a problem of this code with these words, or for its end."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            seen = len(phone.client.seen)
            listed = await phone.get("Manager", "Problems")
            assert isinstance(listed, list)
            if present is any(one[0] == code and words in one[2] for one in listed):
                return
            await phone.client.wait_for(
                lambda one: "Problems" in str(one["body"]), "signal", since=seen
            )


async def test_a_device_that_is_not_there_is_named(
    session_bus: PrivateBus, pulse_room: Room, kamailio: Kamailio, tmp_path: Path
) -> None:
    audio = AUDIO | {"playback": ["usb-headset-of-ada"]}
    config = configuration(account(kamailio, "1001"), audio=audio)
    async with registered(session_bus, tmp_path, config, pulse_room.environment) as phone:
        await until_problem(phone, "audio-no-playback", "usb-headset-of-ada")
