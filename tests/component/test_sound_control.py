# SPDX-License-Identifier: GPL-2.0-or-later
"""`SoundControl` against a PulseAudio and a PipeWire of the test's own, without hardware."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from offhookd.phone.errors import AudioUnavailableError, InvalidArgumentError
from offhookd.sound import server as server_module
from offhookd.sound.control import Role, SoundControl
from offhookd.sound.pulse import Connection
from offhookd.sound.ringer import RINGER_STREAM
from offhookd.sound.server import ANSWER_S
from tests.support.processes import PATIENCE_S, Program, until
from tests.support.sound import NATURES, PipeWire, SoundServer, sound_server

pytestmark = pytest.mark.system


@pytest.fixture(params=NATURES)
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SoundServer]:
    with sound_server(request.param, tmp_path) as server:
        add_microphone(server)
        yield server


def add_microphone(server: SoundServer) -> None:
    """A source "mic" that is no monitor; each server has its own way."""
    words = ["module-virtual-source", "source_name=mic", "master=a_mic.monitor"]
    if isinstance(server, PipeWire):
        words = ["module-null-sink", "sink_name=mic", "media.class=Audio/Source/Virtual"]
    server.pactl("load-module", *words)
    server.pactl("set-default-source", "mic")


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
async def desk(bed: SoundServer) -> AsyncIterator[Desk]:
    desk = Desk(bed.environment["PULSE_SERVER"])
    await desk.sound.start()
    await desk.sees(lambda sound: sound.route(Role.CAPTURE).active == "mic", "the microphone")
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).active == "ring", "the loudspeaker")
    yield desk
    await desk.sound.stop()


def shown(sound: SoundControl) -> set[str]:
    return {endpoint.name for endpoint in sound.inventory.without_monitors()}


async def test_plugging_unplugging_and_the_default_are_followed(
    bed: SoundServer, desk: Desk
) -> None:
    assert {"ring", "a_spk", "mic"} <= shown(desk.sound)
    assert "ring.monitor" not in shown(desk.sound)
    desk.sound.prefer(Role.PLAYBACK, ["usb", "default"])
    await asyncio.to_thread(bed.plug, "usb")
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).device == "usb", "the plugged sink")
    bed.unplug("usb")
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).active == "ring", "the default")
    assert desk.sound.route(Role.PLAYBACK).device == "", "the engine follows the server"
    bed.pactl("set-default-sink", "a_spk")
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).active == "a_spk", "the new default")


async def test_the_volume_is_that_of_the_device_in_use_and_of_the_mixer(
    bed: SoundServer, desk: Desk
) -> None:
    desk.sound.prefer(Role.PLAYBACK, ["a_spk"])
    await desk.sound.set_volume(Role.PLAYBACK, 0.3)
    await desk.sound.set_volume(Role.CAPTURE, 0.6)
    assert desk.sound.volume(Role.PLAYBACK) == 0.3
    assert "30%" in bed.pactl("get-sink-volume", "a_spk")
    assert "60%" in bed.pactl("get-source-volume", "mic")
    assert "100%" in bed.pactl("get-sink-volume", "ring")
    bed.pactl("set-sink-volume", "a_spk", "50%")
    await desk.sees(lambda sound: sound.volume(Role.PLAYBACK) == 0.5, "what the mixer set")


async def test_a_volume_that_cannot_be_set_says_why(desk: Desk) -> None:
    with pytest.raises(InvalidArgumentError, match="between"):
        await desk.sound.set_volume(Role.PLAYBACK, 1.5)
    with pytest.raises(InvalidArgumentError, match="between"):
        await desk.sound.set_volume(Role.RINGER, float("nan"))
    desk.sound.prefer(Role.CAPTURE, ["gone"])
    with pytest.raises(AudioUnavailableError, match="gone is not there"):
        await desk.sound.set_volume(Role.CAPTURE, 0.5)


def ring(bed: SoundServer) -> Program:
    """Silence on a stream that says it is our ringer."""
    properties = [f"--property={key}={value}" for key, value in RINGER_STREAM.items()]
    argv = ["pacat", "--playback", "--raw", *properties, "/dev/zero"]
    return Program("ringer", argv, bed.directory / "pacat.log", environment=bed.environment).start()


async def test_the_ringer_has_a_volume_of_its_own(bed: SoundServer, desk: Desk) -> None:
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
    assert "100%" in bed.pactl("get-sink-volume", "ring")


async def test_a_killed_server_is_a_sentence_until_it_is_back(bed: SoundServer, desk: Desk) -> None:
    bed.kill()
    await desk.sees(lambda sound: sound.inventory.problem, "the loss")
    assert desk.sound.inventory.problem == server_module.ABSENT
    assert desk.sound.route(Role.PLAYBACK).reason == server_module.ABSENT
    assert desk.sound.volume(Role.PLAYBACK) == 0.0
    with pytest.raises(AudioUnavailableError, match="No sound server"):
        await desk.sound.set_volume(Role.PLAYBACK, 0.5)
    await desk.sound.set_volume(Role.RINGER, 0.5)
    await asyncio.to_thread(bed.start)
    add_microphone(bed)
    desk.sound.retry_now()
    await desk.sees(lambda sound: sound.route(Role.CAPTURE).active == "mic", "the return")


async def test_stopping_does_not_wait_for_a_server_that_hangs(bed: SoundServer, desk: Desk) -> None:
    os.kill(bed.programs[-1].pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(0.9 * ANSWER_S):
            await desk.sound.stop()
    finally:
        os.kill(bed.programs[-1].pid, signal.SIGCONT)


async def test_a_server_that_hangs_counts_as_absent_until_it_answers(
    bed: SoundServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "ANSWER_S", 0.1)
    os.kill(bed.programs[-1].pid, signal.SIGSTOP)
    try:
        with pytest.raises(AudioUnavailableError, match="does not answer"):
            await desk.sound.set_volume(Role.PLAYBACK, 0.5)
        await desk.sees(lambda sound: sound.inventory.problem, "the loss")
    finally:
        os.kill(bed.programs[-1].pid, signal.SIGCONT)
    monkeypatch.undo()
    desk.sound.retry_now()
    await desk.sees(lambda sound: sound.route(Role.CAPTURE).active == "mic", "the return")


async def test_a_client_that_gives_up_does_no_harm(bed: SoundServer, desk: Desk) -> None:
    """A late answer to a cancelled question finds its callback gone."""
    for _ in range(5):
        os.kill(bed.programs[-1].pid, signal.SIGSTOP)
        asking = asyncio.create_task(desk.sound.set_volume(Role.PLAYBACK, 0.5))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        os.kill(bed.programs[-1].pid, signal.SIGCONT)
        await desk.sees(lambda sound: sound.inventory.problem, "the loss")
        desk.sound.retry_now()
        await desk.sees(lambda sound: sound.route(Role.CAPTURE).active == "mic", "the return")


async def test_an_answer_to_a_question_that_was_given_up_in_the_same_moment_is_dropped(
    bed: SoundServer,
) -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    connection = Connection("test", server=bed.environment["PULSE_SERVER"])
    await connection.connect(autospawn=False)
    asking = asyncio.create_task(connection.server_info())
    await asyncio.sleep(0)  # it asks
    (answer,) = connection.waiting_futures
    answer.get_loop().call_soon(answer.set_result, None)  # as the library does
    asking.cancel()
    await asyncio.wait([asking])
    await asyncio.sleep(0)
    connection.close()
    assert faults == []


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


async def test_a_stopped_control_says_so_and_starts_again(desk: Desk) -> None:
    await desk.sound.stop()
    with pytest.raises(AudioUnavailableError, match="not in use"):
        await desk.sound.set_volume(Role.PLAYBACK, 0.5)
    await desk.sound.start()
    await desk.sees(lambda sound: sound.route(Role.PLAYBACK).active == "ring", "the loudspeaker")


async def test_questions_under_way_survive_the_end_of_the_connection(desk: Desk) -> None:
    """libpulse aborts the process when it is asked something on a closed context."""
    for steps in range(20):
        asking = [asyncio.create_task(desk.sound.set_volume(Role.PLAYBACK, 0.5)) for _ in range(3)]
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(0.9 * ANSWER_S):
            await desk.sound.stop()
            outcomes = await asyncio.gather(*asking, return_exceptions=True)
        assert all(
            outcome is None or type(outcome) is AudioUnavailableError for outcome in outcomes
        )
        await desk.sound.start()
        await desk.sees(lambda sound: not sound.inventory.problem, "the server")


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
