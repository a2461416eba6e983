# SPDX-License-Identifier: GPL-2.0-or-later
"""Sounds a test makes and measures: sines, WAV files, and the level of one frequency."""

import math
import sys
import wave
from array import array
from pathlib import Path
from typing import TypeAlias

FULL_SCALE = 32768.0
# A tone that goes on for longer than any test on any machine.
LASTING_S = 900
# Nothing measured below this is worth telling from silence.
FLOOR_DBFS = -100.0

Samples: TypeAlias = "array[int]"


def sine(hz: float, duration_s: float, rate: int = 8000, level_dbfs: float = -10.0) -> Samples:
    """Sixteen-bit mono samples of a tone; 0 dBFS is a sine of full scale."""
    amplitude = (FULL_SCALE - 1) * 10 ** (level_dbfs / 20)
    step = 2 * math.pi * hz / rate
    return array(
        "h", (round(amplitude * math.sin(step * index)) for index in range(int(duration_s * rate)))
    )


def lasting(hz: int, rate: int, level_dbfs: float = -10.0) -> Samples:
    """A tone without an end: of a whole frequency, so that second follows second without a seam."""
    return sine(hz, 1.0, rate, level_dbfs) * LASTING_S


def level_at(samples: Samples, rate: int, hz: float) -> float:
    """Level of one frequency in dBFS, by Goertzel's algorithm; a sine of full scale is 0."""
    if not samples:
        return FLOOR_DBFS
    coefficient = 2 * math.cos(2 * math.pi * hz / rate)
    last = before = 0.0
    for sample in samples:
        last, before = sample + coefficient * last - before, last
    power = last * last + before * before - coefficient * last * before
    return _dbfs(2 * math.sqrt(max(power, 0.0)) / len(samples))


def level(samples: Samples) -> float:
    """Level of everything in dBFS; a sine of full scale is 0."""
    if not samples:
        return FLOOR_DBFS
    return _dbfs(math.sqrt(2 * sum(sample * sample for sample in samples) / len(samples)))


def purity_at(samples: Samples, rate: int, hz: float) -> float:
    """How much of the sound is this frequency: 1.0 a clean tone, 0.0 none of it."""
    return float(10 ** ((level_at(samples, rate, hz) - level(samples)) / 10))


def read_wav(path: Path) -> tuple[Samples, int]:
    """Samples of the first channel, and the rate; sixteen-bit files only."""
    with wave.open(str(path), "rb") as file:
        samples = array("h", file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        return samples[:: file.getnchannels()], file.getframerate()


def write_wav(path: Path, samples: Samples, rate: int) -> None:
    stored = array("h", samples)
    if sys.byteorder == "big":
        stored.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, len(samples), "NONE", "not compressed"))
        file.writeframes(stored.tobytes())


def _dbfs(amplitude: float) -> float:
    return 20 * math.log10(max(amplitude / FULL_SCALE, 10 ** (FLOOR_DBFS / 20)))
