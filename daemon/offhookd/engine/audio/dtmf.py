# SPDX-License-Identifier: GPL-2.0-or-later
"""DTMF in the sound itself (ITU-T Q.23), found within the limits that Q.24 gives a receiver.

Blocks of sound are looked at with Goertzel's algorithm.  A key is two frequencies, one of each
group, that are about equally strong, stronger than their neighbours, and nearly all of the sound:
in a voice the harmonics take their share, the second one first of all.
"""

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import mul

RATE = 8000

LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
"""By row (low frequency) and column (high frequency)."""

BLOCK = 102
"""12.75 ms.  40 ms, the shortest tone, hold two whole blocks however they lie, and so does the
shortest pause; 23 ms, which must be no tone, hold one.  A longer block would lose what is 1.5 %
beside its frequency."""

BLOCK_MS = BLOCK * 1000 / RATE

FIRST_HITS = 2
LAST_MISSES = 2
"""One block without the tone is an interruption, of which Q.24 allows 10 ms."""

FULL_SCALE = 32_768.0
WEAKEST_DBFS = -32.0
"""Of each frequency; -29 dBm0 (0 dBm0 is 3.14 dB below full scale, ITU-T G.711)."""

MOST_TWIST_DB = 6.0
"""The high frequency above the low one; Q.24 has 4 to 6 dB, by country."""

MOST_REVERSE_TWIST_DB = 9.0
"""The low frequency above the high one, as long lines do it: 8 dB."""

NEIGHBOUR_DB = 8.0
"""To the other frequencies of the group.  What is 1.5 % off still has 9 dB."""

SHARE = 0.72
"""Of the two frequencies in all of the sound, at least.  1.5 % off leaves 0.78, noise 15 dB below
takes 0.03."""

SECOND_HARMONIC_DB = 12.0
"""The high frequency is that much above its double, at least.  The doubles of the low ones lie too
close to the high ones for blocks as short as these; of them `SHARE` is the guard."""


def _ratio(decibel: float) -> float:
    return math.pow(10.0, decibel / 10)


def _coefficient(hz: float) -> float:
    return 2 * math.cos(2 * math.pi * hz / RATE)


_LOW = tuple(map(_coefficient, LOW_HZ))
_HIGH = tuple(map(_coefficient, HIGH_HZ))
_DOUBLE_HIGH = tuple(_coefficient(2 * hz) for hz in HIGH_HZ)

# A sine of amplitude A has the power (A * BLOCK / 2)^2 by Goertzel, and BLOCK * A^2 / 2 by its
# samples: the former is BLOCK / 2 times the latter.
_GAIN = BLOCK / 2
_WEAKEST = _ratio(WEAKEST_DBFS) * (FULL_SCALE * BLOCK / 2) ** 2
_WEAKEST_TOTAL = 2 * _WEAKEST / _GAIN
_TWIST, _REVERSE_TWIST = _ratio(MOST_TWIST_DB), _ratio(MOST_REVERSE_TWIST_DB)
_NEIGHBOUR, _HARMONIC = _ratio(NEIGHBOUR_DB), _ratio(SECOND_HARMONIC_DB)


@dataclass(frozen=True, slots=True)
class Tone:
    """A key that was pressed for so long."""

    key: str
    duration_ms: int


class DtmfDetector:
    """Takes 16 bit samples at 8 kHz in pieces of any length; `heard` gets each key once, when its
    tone is over."""

    def __init__(self, heard: Callable[[Tone], None]) -> None:
        self._heard = heard
        self._rest: array[int] = array("h")
        self._key = ""
        self._blocks = 0
        self._misses = 0
        self._candidate = ""
        self._hits = 0

    def feed(self, samples: bytes) -> None:
        self._rest.frombytes(samples)
        whole = len(self._rest) // BLOCK * BLOCK
        for start in range(0, whole, BLOCK):
            self._take(key_in(self._rest[start : start + BLOCK]))
        self._rest = self._rest[whole:]

    def _take(self, key: str) -> None:
        self._hits = self._hits + 1 if key == self._candidate else 1
        self._candidate = key
        if key and key == self._key:
            self._blocks += 1 + self._misses
            self._misses = 0
        elif self._key:
            self._misses += 1
            if self._misses >= LAST_MISSES:
                self._end()
        if key and not self._key and self._hits >= FIRST_HITS:
            self._key, self._blocks, self._misses = key, self._hits, 0

    def _end(self) -> None:
        tone = Tone(self._key, round(self._blocks * BLOCK_MS))
        self._key, self._blocks, self._misses = "", 0, 0
        self._heard(tone)


def key_in(block: Sequence[int]) -> str:
    """The key whose tone `BLOCK` samples are, or ""."""
    total = sum(map(mul, block, block))
    if total < _WEAKEST_TOTAL:
        return ""
    row, low = _strongest(block, _LOW)
    if low < _WEAKEST or low * (1 + _TWIST) < SHARE * total * _GAIN:
        return ""  # most of what people say ends here
    column, high = _strongest(block, _HIGH)
    if high < _WEAKEST or low + high < SHARE * total * _GAIN:
        return ""
    if high > low * _TWIST or low > high * _REVERSE_TWIST:
        return ""
    if _power(block, _DOUBLE_HIGH[column]) * _HARMONIC > high:
        return ""
    return KEYS[row][column]


def _strongest(block: Sequence[int], group: tuple[float, ...]) -> tuple[int, float]:
    """Which of the group, and its power; none at all unless it stands out from the others."""
    powers = [_power(block, coefficient) for coefficient in group]
    best = max(powers)
    if any(best < power * _NEIGHBOUR for power in powers if power is not best):
        return 0, 0.0
    return powers.index(best), best


def _power(block: Sequence[int], coefficient: float) -> float:
    last = before = 0.0
    for sample in block:
        last, before = sample + coefficient * last - before, last
    return last * last + before * before - coefficient * last * before
