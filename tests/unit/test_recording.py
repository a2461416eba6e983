# SPDX-License-Identifier: GPL-2.0-or-later
"""Histories of recordings and played files, without engine, disc or clock."""

from collections.abc import Callable

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import EngineError, InvalidStateError, PhoneError
from offhookd.phone.playing import Playing, PlayingEngine, Sound, SoundFiles
from offhookd.phone.ports import Done, ignore
from offhookd.phone.problems import Problems
from offhookd.phone.recording import (
    LAST_WORDS_S,
    PROBLEM,
    RecordingEngine,
    RecordingFile,
    RecordingFiles,
    RecordingOptions,
    Recordings,
)
from offhookd.phone.values import AccountId, CallId, CallState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog, Outcome

Opened = Callable[[RecordingFile | PhoneError], None]


class Tape(RecordingFile):
    def __init__(self, failed: Callable[[PhoneError], None]) -> None:
        self.path = "/tapes/1.wav"
        self.samples = b""
        self.failed = failed
        self.closing: Callable[[], None] | None = None

    def write(self, samples: bytes) -> None:
        self.samples += samples

    def close(self, done: Callable[[], None]) -> None:
        assert self.closing is None
        self.closing = done


class Machine(RecordingFiles, RecordingEngine, PlayingEngine, SoundFiles):
    """The disc and the engine, which do what the test says, when it says."""

    def __init__(self) -> None:
        self.asked: list[Opened] = []
        self.tapes: list[Tape] = []
        self.recording: dict[int, Done] = {}
        self.stopped: list[int] = []
        self.reading: list[Callable[[Sound | PhoneError], None]] = []
        self.playing: dict[int, Done] = {}
        self.silenced: list[int] = []

    def create(
        self, call: Call, channels: int, opened: Opened, failed: Callable[[PhoneError], None]
    ) -> None:
        self.tapes.append(Tape(failed))
        self.asked.append(opened)

    def open(self) -> Tape:
        self.asked.pop()(self.tapes[-1])
        return self.tapes[-1]

    def record(self, run: int, call: CallId, options: RecordingOptions, done: Done) -> None:
        self.recording[run] = done

    def stop_recording(self, run: int) -> None:
        self.stopped.append(run)

    def read(self, path: str, done: Callable[[Sound | PhoneError], None]) -> None:
        self.reading.append(done)

    def play(self, number: int, call: CallId, sound: Sound, done: Done) -> None:
        self.playing[number] = done

    def stop_playing(self, number: int) -> None:
        self.silenced.append(number)


class Desk:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.log = FakeLog()
        self.problems = Problems()
        self.machine = Machine()
        self.calls = Calls(FakeEngine(), self.log, FakeAlerting(), self.clock)
        self.recordings = Recordings(
            self.calls,
            self.machine,
            self.machine,
            self.log,
            self.problems,
            self.clock,
            RecordingOptions,
        )
        self.playing = Playing(self.calls, self.machine, self.machine)
        self.call = self.calls.dial("sip:b@example.com", "Bob", AccountId("work"), DialOptions())
        self.calls.progressed(self.call.id, CallState.ACTIVE, "abc@host")

    def record(self) -> Tape:
        done = Outcome()
        self.recordings.start(self.call, done)
        tape = self.machine.open()
        self.machine.recording[1](None)
        assert done.succeeded
        return tape

    def problem(self) -> str:
        return next((one.text for one in self.problems if one.code == PROBLEM), "")

    def end(self) -> None:
        self.calls.ended(self.call.id, "remote", 0, "")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_recording_is_shown_from_its_first_sample_to_its_last(desk: Desk) -> None:
    tape = desk.record()
    assert desk.call.recording == tape.path
    assert desk.log.rows[desk.call.id]["recording"] == tape.path
    desk.recordings.heard(1, b"ab", last=False)
    done = Outcome()
    desk.recordings.stop(desk.call, done)
    assert desk.machine.stopped == [1]
    desk.recordings.heard(1, b"cd", last=False)
    desk.recordings.heard(1, b"", last=True)
    assert tape.samples == b"abcd"
    assert not done.calls
    assert tape.closing
    tape.closing()
    assert done.succeeded
    assert desk.call.recording == ""


def test_start_twice_is_one_recording_and_stop_without_one_is_no_error(desk: Desk) -> None:
    first, second, stopped = Outcome(), Outcome(), Outcome()
    desk.recordings.stop(desk.call, stopped)
    assert stopped.succeeded
    desk.recordings.start(desk.call, first)
    desk.recordings.start(desk.call, second)
    assert len(desk.machine.asked) == 1
    desk.machine.open()
    desk.machine.recording[1](None)
    assert first.succeeded
    assert second.succeeded


def test_a_file_that_cannot_be_made_is_the_answer(desk: Desk) -> None:
    done = Outcome()
    desk.recordings.start(desk.call, done)
    desk.machine.asked.pop()(PhoneError("no room"))
    assert str(done.error) == "no room"
    assert desk.call.up
    desk.record()


def test_an_engine_that_cannot_record_closes_the_file(desk: Desk) -> None:
    done = Outcome()
    desk.recordings.start(desk.call, done)
    tape = desk.machine.open()
    desk.machine.recording[1](EngineError("no"))
    assert tape.closing
    tape.closing()
    assert str(done.error) == "no"
    assert desk.call.recording == ""


def test_stop_while_the_file_is_made_leaves_nothing_running(desk: Desk) -> None:
    started, stopped = Outcome(), Outcome()
    desk.recordings.start(desk.call, started)
    desk.recordings.stop(desk.call, stopped)
    tape = desk.machine.open()
    assert not desk.machine.recording
    assert tape.closing
    tape.closing()
    assert stopped.succeeded


def test_a_full_disc_ends_the_recording_and_not_the_call(desk: Desk) -> None:
    tape = desk.record()
    tape.failed(PhoneError("the disc is full"))
    assert desk.problem() == "the disc is full"
    assert desk.machine.stopped == [1]
    desk.recordings.heard(1, b"", last=True)
    assert tape.closing
    tape.closing()
    assert desk.call.up
    assert desk.call.recording == ""


def test_a_pause_is_another_run_on_the_same_file(desk: Desk) -> None:
    tape = desk.record()
    desk.recordings.pause(desk.call, True)
    assert desk.machine.stopped == [1]
    desk.recordings.heard(1, b"ab", last=True)
    assert tape.closing is None
    assert desk.call.recording_paused
    desk.recordings.pause(desk.call, False)
    desk.recordings.heard(2, b"cd", last=False)
    assert tape.samples == b"abcd"
    assert not desk.call.recording_paused


def test_stop_of_a_paused_recording_needs_no_engine(desk: Desk) -> None:
    tape = desk.record()
    desk.recordings.pause(desk.call, True)
    desk.recordings.heard(1, b"", last=True)
    desk.recordings.stop(desk.call, ignore)
    assert tape.closing


def test_pause_without_a_recording_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidStateError):
        desk.recordings.pause(desk.call, True)


def test_the_end_of_the_call_is_the_end_of_its_recording(desk: Desk) -> None:
    tape = desk.record()
    desk.end()
    assert tape.closing is None
    desk.recordings.heard(1, b"ab", last=True)
    assert tape.samples == b"ab"
    assert tape.closing


def test_an_engine_that_died_is_not_waited_for_long(desk: Desk) -> None:
    tape = desk.record()
    desk.calls.engine_lost("gone")
    desk.clock.advance(LAST_WORDS_S)
    assert tape.closing


def test_samples_of_nobody_are_dropped(desk: Desk) -> None:
    desk.recordings.heard(7, b"ab", last=True)


SOUND = Sound(b"ab", 16_000, 1)


def test_a_file_is_played_to_its_end(desk: Desk) -> None:
    done = Outcome()
    desk.playing.start(desk.call, "/a.wav", done)
    assert not done.calls
    desk.machine.reading.pop()(SOUND)
    assert done.succeeded
    assert desk.call.playing == "/a.wav"
    desk.machine.playing[1](None)
    assert desk.call.playing == ""


def test_a_second_file_at_once_is_refused_and_one_afterwards_is_not(desk: Desk) -> None:
    desk.playing.start(desk.call, "/a.wav", ignore)
    with pytest.raises(InvalidStateError):
        desk.playing.start(desk.call, "/b.wav", ignore)
    desk.machine.reading.pop()(SOUND)
    desk.playing.stop(desk.call)
    assert desk.machine.silenced == [1]
    desk.playing.start(desk.call, "/b.wav", ignore)
    desk.machine.playing[1](None)
    desk.machine.reading.pop()(SOUND)
    assert desk.call.playing == "/b.wav"


def test_stop_while_the_file_is_read_is_the_answer(desk: Desk) -> None:
    done = Outcome()
    desk.playing.start(desk.call, "/a.wav", done)
    desk.playing.stop(desk.call)
    desk.machine.reading.pop()(SOUND)
    assert isinstance(done.error, InvalidStateError)
    assert not desk.machine.playing


def test_a_file_that_cannot_be_read_is_the_answer_and_the_next_one_plays(desk: Desk) -> None:
    done = Outcome()
    desk.playing.start(desk.call, "/a.wav", done)
    desk.machine.reading.pop()(PhoneError("no WAV file"))
    assert str(done.error) == "no WAV file"
    desk.playing.start(desk.call, "/b.wav", ignore)
