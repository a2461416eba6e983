# SPDX-License-Identifier: GPL-2.0-or-later
"""Which music the engine has for those on hold."""

from collections.abc import Callable

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import InvalidArgumentError, PhoneError
from offhookd.phone.hold_music import PROBLEM, HoldMusic, MusicEngine
from offhookd.phone.playing import Sound, SoundFiles
from offhookd.phone.problems import Problems
from offhookd.phone.values import AccountId, CallState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog

MUSIC = Sound(b"la", 8_000, 1)


class Files(SoundFiles):
    def __init__(self) -> None:
        self.asked: list[tuple[str, Callable[[Sound | PhoneError], None]]] = []

    def read(self, path: str, done: Callable[[Sound | PhoneError], None]) -> None:
        self.asked.append((path, done))


class Engine(MusicEngine):
    def __init__(self) -> None:
        self.given: list[Sound | None] = []

    def hold_music(self, sound: Sound | None) -> None:
        self.given.append(sound)


class Desk:
    def __init__(self) -> None:
        self.calls = Calls(FakeEngine(), FakeLog(), FakeAlerting(), FakeClock())
        self.files = Files()
        self.engine = Engine()
        self.problems = Problems()
        self.music = HoldMusic(self.calls, self.engine, self.files, self.problems)

    def talk(self) -> Call:
        call = self.calls.dial("sip:bob@example.com", "", AccountId("work"), DialOptions())
        self.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
        return call

    def read(self, found: Sound | PhoneError = MUSIC) -> str:
        path, done = self.files.asked.pop(0)
        done(found)
        return path


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_without_a_file_there_is_silence(desk: Desk) -> None:
    desk.music.use("")
    desk.talk()
    assert (desk.files.asked, desk.engine.given) == ([], [])


def test_the_first_conversation_has_the_file_read_and_the_next_one_has_it(desk: Desk) -> None:
    desk.music.use("/music.wav")
    assert desk.files.asked == []
    desk.talk()
    assert desk.read() == "/music.wav"
    desk.talk()
    assert (desk.files.asked, desk.engine.given) == ([], [MUSIC])


def test_a_new_engine_is_given_the_music_again(desk: Desk) -> None:
    desk.music.use("/music.wav")
    desk.talk()
    desk.read()
    desk.music.engine_started()
    desk.talk()
    desk.read()
    assert desk.engine.given == [MUSIC, MUSIC]


def test_another_file_takes_effect_in_a_conversation(desk: Desk) -> None:
    desk.music.use("/music.wav")
    desk.talk()
    desk.music.use("/other.wav")
    desk.read()  # too late
    assert desk.engine.given == [None]
    assert desk.read() == "/other.wav"
    assert desk.engine.given == [None, MUSIC]
    desk.music.use("")
    assert desk.engine.given == [None, MUSIC, None]


def test_a_file_that_cannot_be_read_is_told_until_another_is_named(desk: Desk) -> None:
    desk.music.use("/music.wav")
    desk.talk()
    desk.read(InvalidArgumentError("/music.wav cannot be played: it is no WAV file"))
    assert [one.code for one in desk.problems] == [PROBLEM]
    desk.talk()
    assert desk.files.asked == []
    desk.music.use("")
    assert list(desk.problems) == []
