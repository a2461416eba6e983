# SPDX-License-Identifier: GPL-2.0-or-later
"""What the phone rings with: a bell of our own, or a WAV file of the user's."""

import wave
from abc import ABC, abstractmethod
from pathlib import Path

from offhookd.engine.audio import cadences, tones
from offhookd.engine.audio.tones import Segment

BELL_RATE = 16_000
BELL = (
    *(Segment(hz, 2 * hz, 50, 0) for _ in range(12) for hz in (660, 830)),
    Segment(660, 1320, 50, 2750),
)
"""A quick two-tone trill of 1.25 s, then as long a pause as telephones make in most countries."""
BELL_DBFS = -6.0
TONE_HZ = 440
MOST_CHANNELS = 2
MOST_HZ = 192_000


class Tune(ABC):
    """Endless 16 bit sound of `rate` and `channels`."""

    rate: int
    channels: int

    @abstractmethod
    def take(self, size: int) -> bytes:
        """The next bytes, whole samples, at most `size`."""

    @abstractmethod
    def close(self) -> None:
        """It is not needed any more."""


class Cycle(Tune):
    """16 bit mono sound from memory, over and over."""

    channels = 1

    def __init__(self, sound: bytes, rate: int) -> None:
        self.rate = rate
        self._sound = sound
        self._at = 0

    def take(self, size: int) -> bytes:
        if self._at >= len(self._sound):
            self._at = 0
        taken = self._sound[self._at : self._at + (size & ~1)]
        self._at += len(taken)
        return taken

    def close(self) -> None:
        self._at = 0


class WavFile(Tune):
    """A file of 16 bit PCM, mono or stereo, over and over.

    Raises `OSError`, `EOFError` or `wave.Error` when it is none.
    """

    def __init__(self, path: Path) -> None:
        self._file = wave.open(str(path), "rb")  # noqa: SIM115 - open for as long as it rings
        self.rate, self.channels = self._file.getframerate(), self._file.getnchannels()
        self._frame_bytes = self._file.getsampwidth() * self.channels
        if self._file.getsampwidth() != tones.SAMPLE_BYTES or self.channels > MOST_CHANNELS:
            self._file.close()
            raise wave.Error("only 16 bit samples in one or two channels can be played")
        if not self._file.getnframes() or not 0 < self.rate <= MOST_HZ:
            self._file.close()
            raise wave.Error("it is empty, or its sample rate is none")

    def take(self, size: int) -> bytes:
        count = size // self._frame_bytes
        if count and self._file.tell() >= self._file.getnframes():
            self._file.rewind()
        return self._file.readframes(count)

    def close(self) -> None:
        self._file.close()


def bell() -> Tune:
    return Cycle(tones.synthesise(BELL, BELL_RATE, BELL_DBFS), BELL_RATE)


def test_tone() -> Tune:
    """Something pleasant to try a loudspeaker with."""
    return Cycle(tones.synthesise([Segment(TONE_HZ, 0, 700, 300)], BELL_RATE), BELL_RATE)


def choose(sound: str) -> tuple[Tune, str]:
    """The ring named `sound` ("bellcore-dr2"), that WAV file, or the bell for ""; with a sentence
    when the file is no good."""
    if not sound:
        return bell(), ""
    if cadence := cadences.named(sound):
        return Cycle(tones.synthesise(cadence, BELL_RATE, BELL_DBFS), BELL_RATE), ""
    try:
        return WavFile(Path(sound)), ""
    except (OSError, EOFError, wave.Error) as error:
        fault = f"The ring tone {sound} cannot be played ({error}); the built-in bell rings."
        return bell(), fault
