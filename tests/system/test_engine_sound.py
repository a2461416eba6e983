# SPDX-License-Identifier: GPL-2.0-or-later
"""Conferences, recordings and played sounds of the engine, heard by phones we did not write.

Each baresip speaks with a tone of its own, so that what it hears tells who is in the call.
"""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from offhookd.engine.protocol import (
    Confer,
    Dial,
    Hangup,
    Hold,
    LegMedia,
    LoadSound,
    Mute,
    PlaySound,
    PlayTone,
    Recorded,
    Reply,
    StartRecording,
    StopRecording,
    StopSound,
)
from tests.support.baresip import Baresip, Codec
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S, wait_until
from tests.support.tones import Samples, level_at, sine
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_baresip")

TONES_HZ = (600, 900, 1300)
AUDIBLE_DBFS = -20.0
SILENT_DBFS = -36.0
"""Thirty decibels below a voice; the sines of others leak this much into half a second."""
WINDOW_S = 0.5
RATE = 16_000
PIECE_BYTES = 6_000
ALL = (1, 2, 3)


class Talk:
    """The engine with a call to each of three phones; call 1 has the focus."""

    def __init__(self, engine: EngineProcess, phones: Sequence[Baresip]) -> None:
        self.engine = engine
        self.phones = phones

    def dial(self) -> None:
        for leg, phone in enumerate(self.phones, 1):
            self.engine.ask(
                Dial(
                    leg=leg,
                    account="test",
                    target=phone.contact,
                    headers={},
                    anonymous=False,
                    muted=False,
                )
            )
            self.engine.wait_state(leg, "active")
            self.engine.wait_for(LegMedia, lambda e, leg=leg: e.leg == leg and e.flow == "both")  # type: ignore[misc]  # mypy 17470
        self.engine.focus(1)

    def heard(self, leg: int) -> list[int]:
        """Which of the tones its phone hears now."""
        samples, rate = self.phones[leg - 1].lately(WINDOW_S)
        return [hz for hz in TONES_HZ if level_at(samples, rate, hz) > AUDIBLE_DBFS]

    def level(self, leg: int, hz: float) -> float:
        samples, rate = self.phones[leg - 1].lately(WINDOW_S)
        return level_at(samples, rate, hz)

    def hear(self, leg: int, *tones: int) -> None:
        """Wait until this phone hears these tones and no other."""
        wait_until(lambda: self.heard(leg) == list(tones), PATIENCE_S, f"{tones} Hz at phone {leg}")

    def recording(self, number: int) -> Samples:
        """All of a recording, once it is complete."""
        self.engine.wait_for(Recorded, lambda e: e.recording == number and e.last)
        pieces = (e.samples for e in self.engine.of(Recorded) if e.recording == number)
        return array("h", b"".join(map(b64decode, pieces)))

    def load(self, sound: int, samples: Samples) -> None:
        data = samples.tobytes()
        for start in range(0, len(data), PIECE_BYTES):
            text = b64encode(data[start : start + PIECE_BYTES]).decode()
            self.engine.ask(LoadSound(sound=sound, samples=text))


@pytest.fixture
def talk(directory: NewDirectory) -> Iterator[Talk]:
    with ExitStack() as stack:
        engine = stack.enter_context(EngineProcess())
        engine.add_account()
        phones = [
            stack.enter_context(
                Baresip(directory(f"p{hz}"), f"p{hz}", tone_hz=hz, codecs=(Codec.PCMA,))
            )
            for hz in TONES_HZ
        ]
        made = Talk(engine, phones)
        made.dial()
        yield made
        assert engine.stop() == 0


def test_everyone_hears_everyone_but_himself(talk: Talk) -> None:
    one, two, three = TONES_HZ
    talk.hear(1)
    talk.engine.ask(Confer(conference=1, legs=ALL))
    talk.hear(1, two, three)
    talk.hear(2, one, three)
    talk.hear(3, one, two)
    for leg, own in enumerate(TONES_HZ, 1):
        assert talk.level(leg, own) < SILENT_DBFS


def test_a_member_that_hangs_up_is_missed_by_nobody_else(talk: Talk) -> None:
    one, two, three = TONES_HZ
    talk.engine.ask(Confer(conference=1, legs=ALL))
    talk.hear(1, two, three)
    talk.phones[2].hang_up()
    talk.engine.wait_state(3, "ended")
    talk.hear(1, two)
    talk.hear(2, one)


def test_a_held_member_is_out_until_it_is_resumed(talk: Talk) -> None:
    one, two, three = TONES_HZ
    talk.engine.ask(Confer(conference=1, legs=ALL))
    talk.hear(2, one, three)
    talk.engine.ask(Hold(leg=3, held=True))
    talk.hear(1, two)
    talk.hear(2, one)
    talk.engine.wait_for(LegMedia, lambda e: e.leg == 3 and e.local_hold)
    talk.engine.ask(Hold(leg=3, held=False))
    talk.hear(1, two, three)
    talk.hear(3, one, two)


def test_a_conference_that_is_over_leaves_its_calls_apart(talk: Talk) -> None:
    _, two, three = TONES_HZ
    talk.engine.ask(Confer(conference=1, legs=ALL))
    talk.hear(1, two, three)
    talk.engine.ask(Confer(conference=1, legs=()))
    for leg in ALL:
        talk.hear(leg)


def test_the_call_waiting_tone_is_for_the_user_alone(talk: Talk) -> None:
    """Neither the far end hears it nor a recording."""
    talk.engine.ask(Confer(conference=1, legs=(1, 2)))
    talk.hear(1, TONES_HZ[1])
    talk.engine.ask(StartRecording(recording=7, leg=1, stereo=False, beep=False))
    talk.engine.ask(PlayTone(tone="call-waiting", seconds=3))
    seen = len(talk.engine.of(Recorded))
    wait_until(lambda: _grows(talk.engine, seen + 5), PATIENCE_S, "a second of recording")
    assert talk.level(1, 425) < SILENT_DBFS
    talk.engine.ask(StopRecording(recording=7))
    assert level_at(talk.recording(7), RATE, 425) < SILENT_DBFS


def test_a_mixed_recording_has_both_parties_at_their_level(talk: Talk) -> None:
    """Within 1 dB of what each of them sends, or hears."""
    one, two, _ = TONES_HZ
    talk.engine.ask(Confer(conference=1, legs=(1, 2)))
    talk.hear(1, two)
    talk.engine.ask(StartRecording(recording=7, leg=1, stereo=False, beep=False))
    _record(talk.engine, 8)
    alone = talk.level(1, two)
    talk.engine.ask(StopRecording(recording=7))
    samples = talk.recording(7)[RATE // 2 : RATE // 2 + RATE // 2]
    assert level_at(samples, RATE, two) == pytest.approx(alone, abs=1.0)
    assert level_at(samples, RATE, one) == pytest.approx(alone, abs=1.0)


def test_a_stereo_recording_keeps_the_directions_apart(talk: Talk) -> None:
    one, two, _ = TONES_HZ
    talk.engine.ask(Confer(conference=1, legs=(1, 2)))
    talk.hear(1, two)
    talk.engine.ask(StartRecording(recording=7, leg=1, stereo=True, beep=False))
    _record(talk.engine, 12)
    talk.engine.ask(Hangup(leg=1))
    samples = talk.recording(7)
    left, right = (samples[side::2][RATE // 4 : RATE // 2] for side in (0, 1))
    assert level_at(left, RATE, two) > AUDIBLE_DBFS > SILENT_DBFS > level_at(left, RATE, one)
    assert level_at(right, RATE, one) > AUDIBLE_DBFS > SILENT_DBFS > level_at(right, RATE, two)


def test_the_warning_tone_reaches_the_far_end_and_the_recording(talk: Talk) -> None:
    talk.engine.ask(StartRecording(recording=7, leg=1, stereo=False, beep=True))
    wait_until(lambda: talk.level(1, 1400) > AUDIBLE_DBFS - 5, PATIENCE_S, "the warning tone")
    _record(talk.engine, 4)
    talk.engine.ask(StopRecording(recording=7))
    assert level_at(talk.recording(7)[: RATE // 2], RATE, 1400) > AUDIBLE_DBFS - 5
    assert talk.level(2, 1400) < SILENT_DBFS


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_a_sound_of_any_rate_keeps_pitch_and_level_and_says_when_it_is_over(
    talk: Talk, rate: int
) -> None:
    talk.engine.ask(Mute(leg=1, muted=True))
    talk.load(4, sine(1000, 1.2, rate, -16.0))
    playing = talk.engine.tell(PlaySound(sound=4, leg=1, rate=rate, channels=1))

    def near() -> bool:
        return abs(talk.level(1, 1000) + 16.0) < 1.0

    wait_until(near, PATIENCE_S, "the sound at its level")
    reply = talk.engine.wait_for(Reply, lambda e: e.request == playing)
    assert not reply.error
    wait_until(lambda: talk.level(1, 1000) < SILENT_DBFS, PATIENCE_S, "silence afterwards")


def test_a_sound_is_stopped_and_the_next_one_is_played(talk: Talk) -> None:
    talk.load(4, sine(1000, 5.0, RATE))
    playing = talk.engine.tell(PlaySound(sound=4, leg=1, rate=RATE, channels=1))
    wait_until(lambda: talk.level(1, 1000) > AUDIBLE_DBFS, PATIENCE_S, "the sound")
    talk.engine.ask(StopSound(sound=4))
    assert not talk.engine.wait_for(Reply, lambda e: e.request == playing).error
    talk.load(5, sine(1700, 5.0, RATE))
    playing = talk.engine.tell(PlaySound(sound=5, leg=1, rate=RATE, channels=1))
    wait_until(lambda: talk.level(1, 1700) > AUDIBLE_DBFS, PATIENCE_S, "the next sound")
    talk.phones[0].hang_up()
    assert talk.engine.wait_for(Reply, lambda e: e.request == playing).error == "Call 1 is over."


def test_what_cannot_be_recorded_or_played_is_refused_with_a_sentence(talk: Talk) -> None:
    start = StartRecording(recording=7, leg=1, stereo=False, beep=False)
    talk.engine.ask(start)
    assert talk.engine.try_to(start).error == "Recording 7 is running already."
    nothing = talk.engine.try_to(PlaySound(sound=9, leg=1, rate=RATE, channels=1))
    assert nothing.error == "There is no such sound."
    talk.load(9, sine(1000, 0.1, RATE))
    wrong = talk.engine.try_to(PlaySound(sound=9, leg=1, rate=1, channels=1))
    assert wrong.error == "rate must be between 8000 and 48000, not 1."
    talk.load(9, sine(1000, 0.1, RATE))
    odd = talk.engine.try_to(PlaySound(sound=9, leg=1, rate=11_025, channels=1))
    assert odd.error == "rate must be a multiple of 50, not 11025."
    assert talk.engine.try_to(LoadSound(sound=9, samples="%")).error.endswith("no base64.")


def _grows(engine: EngineProcess, count: int) -> bool:
    engine.read(0.1)
    return len(engine.of(Recorded)) >= count


def _record(engine: EngineProcess, pieces: int) -> None:
    """Until so many more pieces have come, a fifth of a second each."""
    wanted = len(engine.of(Recorded)) + pieces
    wait_until(lambda: _grows(engine, wanted), PATIENCE_S, "the recording")
