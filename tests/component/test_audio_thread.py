# SPDX-License-Identifier: GPL-2.0-or-later
"""The audio thread on a real PulseAudio and a real PipeWire, with a real SIP stack in a child."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from math import log10
from pathlib import Path
from typing import Any

import pytest

from offhookd.engine.audio.levels import peak_dbfs
from offhookd.engine.audio.priority import Priority
from offhookd.engine.audio.pulse import MainLoop
from tests.support.audio_peer import Peer
from tests.support.processes import PATIENCE_S, wait_until
from tests.support.sound import NATURES, RATE, SoundServer, sound_server
from tests.support.tones import Samples, lasting, level, level_at, sine, write_wav

pytestmark = pytest.mark.system

TONE_HZ = 700
TONE_DBFS = -10.0
EAR_S = 0.6
HEARD_DBFS = -20.0
SILENT_DBFS = -60.0
BELL_DBFS = -6.0
APART_DBFS = -45.0
"""What one tone seems to have of another's frequency, in a piece of 0.3 s."""
BACK_S = PATIENCE_S
"""A sound server or device that is back is used again within this time."""


@pytest.fixture(params=NATURES)
def sound(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SoundServer]:
    with sound_server(request.param, tmp_path) as server:
        yield server


@pytest.fixture
def party() -> Iterator[ExitStack]:
    """Where peers are entered."""
    with ExitStack() as stack:
        yield stack


def party_a(on: ExitStack, sound: SoundServer, **settings: str) -> Peer:
    """A peer that hears its own microphone through the conference."""
    devices = {"capture": "a_mic.monitor", "playback": "a_spk"}
    peer = on.enter_context(Peer(env=sound.env, settings={**devices, **settings}))
    peer.ask("loop")
    return peer


def tail(samples: Samples, seconds: float = 0.3) -> Samples:
    return samples[-int(seconds * RATE) :]


def heard(sound: SoundServer, source: str, hz: float = TONE_HZ) -> float:
    """Level of a frequency at the end of a short recording."""
    return level_at(tail(sound.record(source, EAR_S)), RATE, hz)


def wait_heard(sound: SoundServer, source: str, hz: float = TONE_HZ) -> None:
    wait_until(lambda: heard(sound, source, hz) > HEARD_DBFS, PATIENCE_S, f"{hz} Hz on {source}")


def is_apart(sound: SoundServer, source: str, hz: float) -> bool:
    return heard(sound, source, hz) < APART_DBFS


def tone(hz: int = TONE_HZ) -> Samples:
    return lasting(hz, RATE, TONE_DBFS)


def audio_wakeups(pid: int) -> int:
    """Of the audio thread, known by its priority."""
    tasks = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    audio = [task for task in tasks if os.sched_getparam(task).sched_priority == Priority.AUDIO]
    assert len(audio) == 1
    status = Path(f"/proc/{pid}/task/{audio[0]}/status").read_text()
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


def streams(sound: SoundServer) -> str:
    return sound.pactl("list", "short", "sink-inputs") + sound.pactl(
        "list", "short", "source-outputs"
    )


def test_a_call_carries_the_tone_from_mouth_to_ear(sound: SoundServer, party: ExitStack) -> None:
    caller, callee = (
        party.enter_context(
            Peer(
                env=sound.env,
                codec="G722",
                settings={"capture": f"{name}_mic.monitor", "playback": f"{name}_spk"},
            )
        )
        for name in "ab"
    )
    with sound.playing(tone(), "a_mic"):
        caller.do("dial", port=callee.port)
        caller.wait("call", state="CONFIRMED")
        wait_until(
            lambda: abs(heard(sound, "b_spk.monitor") - TONE_DBFS) < 1.0,
            PATIENCE_S,
            "the tone at its level",
        )
        assert level(sound.record("a_spk.monitor", EAR_S)) < SILENT_DBFS
    caller.ask("hangup")
    callee.wait("call", state="DISCONNECTED")
    assert caller.close() == 0
    assert callee.close() == 0


def test_a_call_costs_one_wakeup_a_frame_and_an_idle_phone_none(
    sound: SoundServer, party: ExitStack
) -> None:
    peer = party_a(party, sound)
    peer.ask("open")
    with sound.playing(tone(), "a_mic"):
        wait_heard(sound, "a_spk.monitor")

        def rate() -> float:
            begin, started = audio_wakeups(peer.pid), time.monotonic()
            sound.record("ring.monitor", 2.0)
            return (audio_wakeups(peer.pid) - begin) / (time.monotonic() - started)

        wait_until(lambda: 49 < rate() < 62, PATIENCE_S, "fifty wake-ups a second")
    peer.ask("shut")
    peer.wait("status", state="closed")
    wait_until(lambda: not streams(sound), PATIENCE_S, "the streams to end")
    assert "offhook" not in sound.pactl("list", "clients")
    sound.record("a_spk.monitor", 0.5)  # the last ticks, for ports that are being removed
    begin = audio_wakeups(peer.pid)
    sound.record("a_spk.monitor", 1.0)
    assert audio_wakeups(peer.pid) == begin


def test_the_streams_say_that_they_are_a_phone(sound: SoundServer, party: ExitStack) -> None:
    peer = party_a(party, sound)
    peer.ask("open")
    peer.wait("status", state="open")
    listed = sound.pactl("list", "sink-inputs")
    for fact in (
        'media.role = "phone"',
        'media.name = "call"',
        'application.name = "offhook"',
        'application.id = "org.offhook.Phone"',
    ):
        assert fact in listed


def test_a_killed_sound_server_leaves_the_call_alone_and_is_used_again(
    sound: SoundServer, party: ExitStack
) -> None:
    peer = party_a(party, sound)
    peer.ask("open")
    peer.wait("status", state="open")
    sound.kill()
    assert "is gone" in peer.wait("status", state="waiting")["reason"]
    before = peer.ask("statistics")["audio_frames_own_clock"]
    wait_until(
        lambda: peer.ask("statistics")["audio_frames_own_clock"] > before + 20,
        2.0,
        "a clock without sound",
    )
    sound.start()
    peer.wait("status", BACK_S, state="open")
    told = [event for event in peer.seen if event["is"] == "status"]
    assert [event["state"] for event in told[:2]] == ["open", "waiting"]
    again = [after for before, after in pairwise(told) if before == after]
    assert not again, "one status for each change, not for each try"
    with sound.playing(tone(), "a_mic"):
        wait_heard(sound, "a_spk.monitor")


def test_an_unplugged_handset_does_not_come_out_of_the_loudspeakers(
    sound: SoundServer, party: ExitStack
) -> None:
    sound.plug("handset")
    peer = party_a(party, sound, playback="handset", on_unplug="hold")
    peer.ask("open")
    peer.wait("status", state="open", playback="handset")
    with sound.playing(tone(), "a_mic"):
        wait_heard(sound, "handset.monitor")
        with sound.recording("ring.monitor") as loudspeakers:
            wait_until(lambda: loudspeakers.seconds > 0, PATIENCE_S, "the recording")
            sound.unplug("handset")
            moved = peer.wait("status", state="moved")
            assert "handset" in moved["reason"]
            assert moved["playback"] == ""
            end_s = loudspeakers.seconds + 1.0
            wait_until(lambda: loudspeakers.seconds > end_s, PATIENCE_S, "a second of loudspeakers")
        assert level_at(loudspeakers.samples, RATE, TONE_HZ) < SILENT_DBFS
    sound.plug("handset")
    peer.wait("status", BACK_S, state="open", playback="handset")
    with sound.playing(tone(), "a_mic"):
        wait_heard(sound, "handset.monitor")


def test_a_call_that_may_goes_on_through_the_loudspeakers_and_comes_back(
    sound: SoundServer, party: ExitStack
) -> None:
    sound.plug("handset")
    peer = party_a(party, sound, playback="handset", on_unplug="speaker")
    peer.ask("open")
    peer.wait("status", state="open", playback="handset")
    with sound.playing(tone(), "a_mic"):
        wait_heard(sound, "handset.monitor")
        sound.unplug("handset")
        moved = peer.wait("status", state="moved", playback="ring")
        assert "handset" in moved["reason"]
        wait_heard(sound, "ring.monitor")
        sound.plug("handset")
        peer.wait("status", BACK_S, state="open", playback="handset")
        wait_heard(sound, "handset.monitor")


@pytest.mark.parametrize("missing", ["capture", "playback"])
def test_a_device_that_does_not_exist_is_waited_for(
    sound: SoundServer, party: ExitStack, missing: str
) -> None:
    name = {"capture": "usb.monitor", "playback": "usb"}[missing]
    peer = party_a(party, sound, **{missing: name})
    peer.ask("open")
    assert f"{name} does not exist" in peer.wait("status", state="waiting")["reason"]
    sound.plug("usb")
    peer.wait("status", BACK_S, state="open")
    with sound.playing(tone(), "usb" if missing == "capture" else "a_mic"):
        wait_heard(sound, "a_spk.monitor" if missing == "capture" else "usb.monitor")


def test_devices_can_be_changed_in_a_call(sound: SoundServer, party: ExitStack) -> None:
    peer = party_a(party, sound)
    peer.ask("open")
    peer.wait("status", state="open")
    peer.ask("configure", capture="b_mic.monitor", playback="b_spk")
    peer.wait("status", state="open", capture="b_mic.monitor", playback="b_spk")
    with sound.playing(tone(), "b_mic"):
        wait_heard(sound, "b_spk.monitor")
    peer.ask("configure", backend="silent")
    peer.wait("status", state="silent")
    wait_until(lambda: not streams(sound), PATIENCE_S, "the streams to end")


def test_the_phone_rings_on_its_own_device_during_a_call(
    sound: SoundServer, party: ExitStack, tmp_path: Path
) -> None:
    ring = tmp_path / "ring.wav"
    write_wav(ring, sine(750, 0.5, 44_100), 44_100)
    peer = party_a(party, sound)
    peer.ask("open")
    assert peer.ask("start_ringer", sinks=["ring"], sound=str(ring)) == ""
    with sound.playing(tone(425), "a_mic"):
        wait_heard(sound, "ring.monitor", 750)
        wait_heard(sound, "a_spk.monitor", 425)
        for source, hz in (("ring.monitor", 425), ("a_spk.monitor", 750)):
            wait_until(partial(is_apart, sound, source, hz), PATIENCE_S, f"no {hz} Hz on {source}")
        peer.ask("stop_ringer")
        wait_until(
            lambda: "ringer" not in sound.pactl("list", "sink-inputs"), PATIENCE_S, "silence"
        )
        assert level(tail(sound.record("ring.monitor", EAR_S))) < SILENT_DBFS


def test_two_devices_ring_at_once(sound: SoundServer, party: ExitStack, tmp_path: Path) -> None:
    ring = tmp_path / "ring.wav"
    write_wav(ring, sine(750, 0.5, 44_100), 44_100)
    peer = party_a(party, sound)
    peer.ask("start_ringer", sinks=["ring", "b_spk"], sound=str(ring))
    wait_heard(sound, "ring.monitor", 750)
    wait_heard(sound, "b_spk.monitor", 750)
    peer.ask("stop_ringer")
    wait_until(lambda: "ringer" not in sound.pactl("list", "sink-inputs"), PATIENCE_S, "silence")


def test_the_bell_is_never_louder_than_its_volume(sound: SoundServer, party: ExitStack) -> None:
    """Not even in its first sample; some servers begin with all or with what was heard last."""
    peer = party_a(party, sound)
    for volume in (0.5, 0.25):
        with sound.recording("ring.monitor") as ear:
            wait_until(lambda: ear.seconds > 0.1, PATIENCE_S, "the recording")
            peer.ask("start_ringer", sinks=["ring"], volume=volume)
            wait_until(lambda: level(ear.last(0.3)) > SILENT_DBFS, PATIENCE_S, "the bell")
            peer.ask("stop_ringer")
        expected = BELL_DBFS + 60 * log10(volume)  # the scale is cubic
        assert peak_dbfs(ear.samples.tobytes()) == pytest.approx(expected, abs=1.5)


def test_the_bell_rings_on_the_default_where_the_device_or_the_file_is_missing(
    sound: SoundServer, party: ExitStack, tmp_path: Path
) -> None:
    peer = party_a(party, sound)
    fault = peer.ask("start_ringer", sinks=["gone"], sound=str(tmp_path / "gone.wav"))
    assert "gone.wav" in fault
    wait_until(
        lambda: level(sound.record("ring.monitor", 1.5)) > HEARD_DBFS, PATIENCE_S, "the bell"
    )


def outcome(peer: Peer, what: str, sink: str, seconds: float = 0.5) -> Any:
    peer.ask("test", what=what, sink=sink, seconds=seconds)
    return peer.wait("tested")["outcome"]


def test_a_device_can_be_tried(sound: SoundServer, party: ExitStack) -> None:
    peer = party_a(party, sound)
    assert outcome(peer, "playback", "b_spk") == pytest.approx(-14, abs=1.5)
    assert outcome(peer, "ringer", "") == pytest.approx(BELL_DBFS, abs=1.5)
    with sound.playing(tone(), "a_mic"):
        wait_heard(sound, "a_mic.monitor")
        assert outcome(peer, "capture", "a_mic.monitor") == pytest.approx(TONE_DBFS, abs=1.0)
    assert outcome(peer, "capture", "b_mic.monitor") < SILENT_DBFS
    assert "no device gone" in outcome(peer, "capture", "gone")
    wait_until(lambda: not streams(sound), PATIENCE_S, "the streams to end")


def test_what_the_server_says_to_a_busy_thread_is_not_slept_over(
    sound: SoundServer, party: ExitStack
) -> None:
    """The answers arrive after the thread has looked and before it goes to sleep."""
    peer = party.enter_context(Peer(env=sound.env, dawdle_s=0.03))
    peer.ask("start_ringer", sinks=["ring"])
    wait_until(
        lambda: "ringer" in sound.pactl("list", "sink-inputs"), PATIENCE_S, "the ringer's stream"
    )
    wait_until(
        lambda: "Corked: no" in sound.pactl("list", "sink-inputs"), PATIENCE_S, "the ringing"
    )
    peer.ask("stop_ringer")
    assert outcome(peer, "playback", "b_spk") == pytest.approx(-14, abs=1.5)


def test_a_wakeup_just_before_the_wait_ends_it() -> None:
    loop = MainLoop()
    loop.wakeup()
    began = time.monotonic()
    loop.wait(PATIENCE_S, woken=lambda: True)
    assert time.monotonic() - began < PATIENCE_S
    loop.close()


def test_without_a_sound_server_a_call_waits_and_a_test_says_why(
    party: ExitStack, tmp_path: Path
) -> None:
    nowhere = {**os.environ, "PULSE_SERVER": f"unix:{tmp_path}/none", "HOME": str(tmp_path)}
    peer = party.enter_context(Peer(env=nowhere))
    peer.ask("open")
    assert "No sound server answers" in peer.wait("status", state="waiting")["reason"]
    assert "No sound server answers" in outcome(peer, "playback", "")
    assert peer.ask("statistics")["audio_frames_own_clock"] > 50
    peer.ask("shut")
    peer.wait("status", state="closed")


def test_the_silent_backend_clocks_calls_without_a_device(party: ExitStack) -> None:
    caller, callee = (party.enter_context(Peer(settings={"backend": "silent"})) for _ in "ab")
    caller.do("dial", port=callee.port)
    caller.wait("call", state="CONFIRMED")

    def fifty_frames_s() -> float:
        started = time.monotonic()
        wanted = caller.ask("statistics")["audio_frames"] + 50
        wait_until(
            lambda: caller.ask("statistics")["audio_frames"] >= wanted, PATIENCE_S, "fifty frames"
        )
        took_s = time.monotonic() - started
        assert took_s > 0.95
        return took_s

    wait_until(lambda: fifty_frames_s() < 1.15, PATIENCE_S, "a second of fifty frames")
    caller.ask("hangup")
    caller.wait("status", state="closed")
    assert caller.close() == callee.close() == 0


def test_the_thread_ends_in_the_middle_of_a_call(sound: SoundServer, party: ExitStack) -> None:
    peer = party_a(party, sound)
    peer.ask("open")
    peer.ask("start_ringer", sinks=["ring"])
    peer.wait("status", state="open")
    assert peer.close() == 0
