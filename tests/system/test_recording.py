# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording calls and playing files into them, with a far end whose voice is a tone.

Our own voice is a file that is played into the call: what the far end hears must be on the
recording as well as what it says.
"""

import asyncio
import os
import resource
import stat
import subprocess
import wave
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from statistics import median

import pytest

from offhookd.bus.names import ROOT
from tests.support.cli import CommandLine
from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.processes import PATIENCE_S, until
from tests.support.tones import Samples, level_at, sine, write_wav
from tests.support.voice_peer import VoicePeer
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

FAR_HZ, FAR_DBFS = 900, -14.0
OURS_HZ, OURS_DBFS = 1700, -16.0
RATE = 16_000
FILE_S = 90.0
WHILE_S = 1.0
MUSIC_TOLERANCE_DB = 1.5
SILENT_DBFS = -50.0


@pytest.fixture
def far(directory: NewDirectory) -> Iterator[VoicePeer]:
    with VoicePeer(directory("far"), FAR_HZ, FAR_DBFS) as peer:
        yield peer


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    environment = {"XDG_DATA_HOME": str(tmp_path / "data")}
    async with running_phone(session_bus, tmp_path, DIRECT, environment) as running:
        yield running


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    write_wav(path, sine(OURS_HZ, FILE_S, RATE, OURS_DBFS), RATE)
    return path


async def talk(phone: Phone, far: VoicePeer) -> str:
    path = await phone.dial(far.contact)
    await phone.until("Call", "State", "active", path)
    await phone.until("CallMedia", "Flow", "both", path)
    return path


async def record(phone: Phone, call: str, enable: bool = True) -> Path:
    words = "(true,)" if enable else "(false,)"
    return Path((await phone.call("Call", "SetRecording", words, call))[0])


async def grown(path: Path, channels: int = 1, seconds: float = WHILE_S) -> None:
    """Wait until so much more has been recorded."""
    wanted = size_of(path) + seconds * RATE * 2 * channels
    await until(lambda: size_of(path) >= wanted, PATIENCE_S, f"{path} to grow")


def size_of(path: Path) -> int:
    return path.stat().st_size


def seconds_by_sox(path: Path) -> float:
    """What a program that we did not write makes of the header."""
    sox = subprocess.run(["soxi", "-D", path], capture_output=True, text=True, check=True)
    return float(sox.stdout)


def tape(path: Path) -> tuple[Samples, wave._wave_params]:
    with wave.open(str(path), "rb") as file:
        return array("h", file.readframes(file.getnframes())), file.getparams()


def levels(samples: Samples, hz: float) -> list[float]:
    """Of a tone, in each half second: on a busy machine some have holes, which make a tone less
    loud and blur it."""
    half = RATE // 2
    return [
        level_at(samples[start : start + half], RATE, hz)
        for start in range(0, len(samples) - half, half)
    ]


# ---------------------------------------------------------------- recording


async def test_both_parties_are_on_the_recording_at_their_level(
    phone: Phone, far: VoicePeer, voice: Path, tmp_path: Path
) -> None:
    call = await talk(phone, far)
    await phone.call("Call", "Play", f"('{voice}', @a{{sv}} {{}})", call)
    await until(
        lambda: far.level_of(OURS_HZ) > OURS_DBFS - 1.0, PATIENCE_S, "our voice at the far end"
    )
    path = await record(phone, call)
    assert path.parent == tmp_path / "data" / "offhook" / "recordings"
    assert await phone.get("CallMedia", "Recording", call) == str(path)
    await grown(path)
    assert await record(phone, call, False) == path
    assert await phone.get("CallMedia", "Recording", call) == ""
    samples, format_ = tape(path)
    assert (format_.nchannels, format_.sampwidth, format_.framerate) == (1, 2, RATE)
    assert max(levels(samples, FAR_HZ)) == pytest.approx(FAR_DBFS, abs=1.0)
    assert max(levels(samples, OURS_HZ)) == pytest.approx(OURS_DBFS, abs=1.0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert seconds_by_sox(path) == pytest.approx(len(samples) / RATE, abs=0.01)
    await phone.call("Call", "Hangup", path=call)
    identity = await phone.get("Call", "Id", call)
    row = (await phone.call("History", "Get", f"(uint64 {identity},)"))[0]
    assert row["recording"] == str(path)


async def test_stereo_keeps_us_left_and_them_right(
    session_bus: PrivateBus, tmp_path: Path, far: VoicePeer, voice: Path
) -> None:
    config = (
        DIRECT + f"recording: {{directory: {tmp_path}/tapes, stereo: true, template: 'a/{{id}}'}}"
    )
    async with running_phone(session_bus, tmp_path, config) as phone:
        call = await talk(phone, far)
        await phone.call("Call", "Play", f"('{voice}', @a{{sv}} {{}})", call)
        await until(
            lambda: far.level_of(OURS_HZ) > OURS_DBFS - 1.0, PATIENCE_S, "our voice at the far end"
        )
        path = await record(phone, call)
        assert path == tmp_path / "tapes" / "a" / "1.wav"
        await grown(path, channels=2)
        await phone.call("Call", "Hangup", path=call)
        await phone.until("CallMedia", "Recording", "", call)
        samples, format_ = tape(path)
        assert format_.nchannels == 2
        left, right = samples[0::2], samples[1::2]
        assert max(levels(left, OURS_HZ)) == pytest.approx(OURS_DBFS, abs=1.5)
        assert max(levels(right, FAR_HZ)) == pytest.approx(FAR_DBFS, abs=1.5)
        assert median(levels(left, FAR_HZ)) < -40
        assert median(levels(right, OURS_HZ)) < -40


async def test_a_pause_leaves_out_and_the_next_recording_is_another_file(
    phone: Phone, far: VoicePeer
) -> None:
    call = await talk(phone, far)
    path = await record(phone, call)
    assert await record(phone, call) == path
    await grown(path)
    await phone.call("Call", "PauseRecording", "(true,)", call)
    assert await phone.get("CallMedia", "RecordingPaused", call) is True
    assert "PauseRecording" in await phone.get("Call", "Actions", call)  # type: ignore[operator]  # as
    await phone.call("Call", "PauseRecording", "(false,)", call)
    await grown(path)
    await record(phone, call, False)
    again = await record(phone, call)
    assert again != path
    await grown(again)
    await record(phone, call, False)
    refused, _ = await phone.refused("Call", "PauseRecording", "(true,)", call)
    assert refused == "InvalidState"


async def test_a_directory_that_cannot_be_written_is_told(
    session_bus: PrivateBus, tmp_path: Path, far: VoicePeer
) -> None:
    (tmp_path / "file").touch()
    config = DIRECT + f"recording: {{directory: {tmp_path}/file}}"
    async with running_phone(session_bus, tmp_path, config) as phone:
        call = await talk(phone, far)
        error, sentence = await phone.refused("Call", "SetRecording", "(true,)", call)
        assert error == "Failed"
        assert "cannot be written" in sentence
        assert await phone.get("Call", "State", call) == "active"


async def test_a_full_disc_is_told_and_the_call_goes_on(phone: Phone, far: VoicePeer) -> None:
    call = await talk(phone, far)
    path = await record(phone, call)
    await grown(path)
    size = size_of(path)
    resource.prlimit(phone.daemon.pid, resource.RLIMIT_FSIZE, (size, size))

    async def told() -> str:
        problems = await phone.get("Manager", "Problems")
        return " ".join(text for code, _, text in problems if code == "recording-storage")  # type: ignore[attr-defined]  # a(sos)

    await phone.until("CallMedia", "Recording", "", call)
    assert "cannot be continued" in await told()
    samples, _ = tape(path)
    assert len(samples) * 2 == size - 44
    assert await phone.get("Call", "State", call) == "active"


@pytest.mark.parametrize("victim", ["daemon", "engine"])
async def test_a_recording_can_be_played_after_a_crash(
    phone: Phone, far: VoicePeer, victim: str
) -> None:
    call = await talk(phone, far)
    path = await record(phone, call)
    await grown(path, seconds=2.0)
    engine = await phone.get("Manager", "Engine")
    pid = engine["pid"] if victim == "engine" else phone.daemon.pid  # type: ignore[index]  # a{sv}
    os.kill(int(pid), 9)
    if victim == "engine":
        await phone.until("Call", "State", "ended", call)
    samples, format_ = tape(path)
    assert format_.nframes == len(samples) >= 2 * RATE
    assert max(levels(samples, FAR_HZ)) == pytest.approx(FAR_DBFS, abs=1.0)


# ---------------------------------------------------------------- playing


async def test_a_file_is_played_stopped_and_refused(
    phone: Phone, far: VoicePeer, voice: Path, tmp_path: Path
) -> None:
    call = await talk(phone, far)
    play: Callable[[object], str] = lambda path: f"('{path}', @a{{sv}} {{}})"  # noqa: E731
    await phone.call("Call", "Play", play(voice), call)
    assert await phone.get("CallMedia", "Playing", call) == str(voice)
    await until(
        lambda: far.level_of(OURS_HZ) > OURS_DBFS - 1.0, PATIENCE_S, "the file at the far end"
    )
    assert (await phone.refused("Call", "Play", play(voice), call))[0] == "InvalidState"
    await phone.call("Call", "StopPlaying", path=call)
    await until(lambda: far.level_of(OURS_HZ) < -40, PATIENCE_S, "silence at the far end")
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    for path, reason in (
        (text, "no WAV file"),
        (tmp_path / "none.wav", "No such file"),
        ("voice.wav", "absolute"),
        ("/dev/null", "plain file"),
    ):
        error, sentence = await phone.refused("Call", "Play", play(path), call)
        assert error == "InvalidArgument"
        assert reason in sentence


async def test_who_is_on_hold_hears_the_file(phone: Phone, far: VoicePeer, voice: Path) -> None:
    call = await talk(phone, far)
    await phone.call("Call", "Hold", path=call)
    await phone.call("Call", "Play", f"('{voice}', @a{{sv}} {{}})", call)
    await until(lambda: far.level_of(OURS_HZ) > OURS_DBFS - 1.0, PATIENCE_S, "music on hold")
    await phone.call("Call", "Hangup", path=call)
    assert await phone.get("CallMedia", "Playing", call) == ""


async def test_who_is_on_hold_hears_music_again_and_again(
    session_bus: PrivateBus, tmp_path: Path, far: VoicePeer
) -> None:
    music = tmp_path / "music.wav"
    write_wav(music, sine(OURS_HZ, 0.4, RATE, OURS_DBFS), RATE)
    config = DIRECT.replace("audio: {", f"audio: {{hold_music: {music}, ")
    assert config != DIRECT
    async with running_phone(session_bus, tmp_path, config) as phone:
        call = await talk(phone, far)
        for _ in range(2):
            await phone.call("Call", "Hold", path=call)
            await until(
                lambda: far.level_of(OURS_HZ) > OURS_DBFS - 7.5, PATIENCE_S, "music on hold"
            )
            await asyncio.sleep(1.0)  # longer than the file
            assert abs(far.level_of(OURS_HZ) - (OURS_DBFS - 6.0)) < MUSIC_TOLERANCE_DB
            await phone.call("Call", "Resume", path=call)
            await until(
                lambda: far.level_of(OURS_HZ) < SILENT_DBFS, PATIENCE_S, "the end of the music"
            )


async def test_who_is_on_hold_hears_nothing_where_the_music_is_missing(
    session_bus: PrivateBus, tmp_path: Path, far: VoicePeer
) -> None:
    config = DIRECT.replace("audio: {", "audio: {hold_music: missing.wav, ")
    async with running_phone(session_bus, tmp_path, config) as phone:
        call = await talk(phone, far)
        await phone.call("Call", "Hold", path=call)
        assert far.level_of(OURS_HZ) < SILENT_DBFS
        problems = await phone.get("Manager", "Problems")
        assert "missing.wav cannot be read" in str(problems)


async def test_the_command_line_records_and_plays(
    phone: Phone, far: VoicePeer, tmp_path: Path
) -> None:
    call = await talk(phone, far)
    offhook = CommandLine(phone.daemon.bus.address)
    started = await offhook("record")
    assert started.status == 0, started.err
    path = Path(started.out.strip())
    short = tmp_path / "short.wav"
    write_wav(short, sine(OURS_HZ, 0.6, 11_025, OURS_DBFS), 11_025)
    played, status = await asyncio.gather(offhook("play", str(short)), offhook("status"))
    assert played.status == 0, played.err
    assert "recorded" in status.out
    stopped = await offhook("record", "stop")
    assert stopped.out.strip() == str(path)
    samples, _ = tape(path)
    loudest = max(
        level_at(samples[at : at + RATE // 4], RATE, OURS_HZ)
        for at in range(0, len(samples), RATE // 8)
    )
    assert loudest == pytest.approx(OURS_DBFS, abs=1.0)
    assert await phone.get("Telephony", "FocusCall", ROOT) == call
