# SPDX-License-Identifier: GPL-2.0-or-later
"""Call-progress tones by country, and sound made of them.

The frequencies and cadences are those of ITU-T E.180 Supplement 2, "Various tones used in national
networks", as exchanges use them today; where a country modulates one frequency with another, the
two side frequencies are given.
"""

import math
from array import array
from collections.abc import Collection, Mapping
from enum import StrEnum
from operator import mul
from typing import NamedTuple

DEFAULT_COUNTRY = "eu"
SAMPLE_BYTES = 2
CONTINUOUS_MS = 1000
LEVEL_DBFS = -14.0
"""About -10 dBm0 at the ear, where exchanges put their tones (ITU-T E.180)."""
FADE_MS = 3
"""A tone that starts at full strength clicks."""


class Tone(StrEnum):
    DIAL = "dial"
    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    WAITING = "call-waiting"


class Segment(NamedTuple):
    """Two frequencies at once (the second may be 0) for `on_ms`, then silence for `off_ms`."""

    first_hz: int
    second_hz: int
    on_ms: int
    off_ms: int


Cadence = tuple[Segment, ...]

BEEP = "beep"
"""No tone of an exchange's: something is about to be heard, or to listen."""
_BEEP: Cadence = (Segment(1400, 0, 300, 1000),)


def segments(tone: str, country: str = DEFAULT_COUNTRY) -> Cadence:
    """One cycle of `tone`, to be repeated.  An unknown country has the common European tones.
    Raises `ValueError` when there is no such tone."""
    if tone == BEEP:
        return _BEEP
    return COUNTRIES.get(country.lower(), _EUROPE)[Tone(tone)]


def synthesise(cadence: Collection[Segment], rate: int, level_dbfs: float = LEVEL_DBFS) -> bytes:
    """16 bit mono sound of one cycle; `level_dbfs` is its peak."""
    peak = 32767 * 10 ** (level_dbfs / 20)
    # A bell repeats its strokes: each computed anew held up the SIP thread for 17 ms.
    tones = {segment: _tone(segment, rate, peak) for segment in set(cadence)}
    sound = array("h")
    for segment in cadence:
        sound += tones[segment]
        sound.frombytes(bytes(SAMPLE_BYTES * (segment.off_ms * rate // 1000)))
    return sound.tobytes()


def _tone(segment: Segment, rate: int, peak: float) -> "array[int]":
    length, fade = segment.on_ms * rate // 1000, FADE_MS * rate // 1000
    pitches = [hz * math.tau / rate for hz in (segment.first_hz, segment.second_hz) if hz]
    scale = peak / len(pitches)
    waves = [[math.sin(pitch * i) for i in range(length)] for pitch in pitches]
    strength = [min(1.0, i / fade, (length - i) / fade) * scale for i in range(length)]
    return array("h", map(int, map(mul, strength, map(sum, zip(*waves, strict=True)))))


def _on(first_hz: int, second_hz: int = 0) -> Cadence:
    return (Segment(first_hz, second_hz, CONTINUOUS_MS, 0),)


def _beat(hz: int | tuple[int, int], *on_off_ms: int) -> Cadence:
    """`hz` in the given rhythm: on, off, on, off ..."""
    first, second = hz if isinstance(hz, tuple) else (hz, 0)
    pairs = zip(on_off_ms[::2], on_off_ms[1::2], strict=True)
    return tuple(Segment(first, second, on, off) for on, off in pairs)


def _country(
    dial: Cadence, ringback: Cadence, busy: Cadence, congestion: Cadence, waiting: Cadence
) -> Mapping[Tone, Cadence]:
    return dict(zip(Tone, (dial, ringback, busy, congestion, waiting), strict=True))


def _single(
    ringback: tuple[int, ...],
    busy: tuple[int, ...],
    congestion: tuple[int, ...],
    waiting: tuple[int, ...],
    hz: int = 425,
) -> Mapping[Tone, Cadence]:
    """A country that uses one frequency for everything, with an unbroken dial tone."""
    return _country(_on(hz), *(_beat(hz, *ms) for ms in (ringback, busy, congestion, waiting)))


_EUROPE = _single((1000, 4000), (500, 500), (250, 250), (200, 600, 200, 3000))

_NORTH_AMERICA = _country(
    _on(350, 440),
    _beat((440, 480), 2000, 4000),
    _beat((480, 620), 500, 500),
    _beat((480, 620), 250, 250),
    _beat(440, 300, 10_000),
)

_UNITED_KINGDOM = _country(
    _on(350, 440),
    _beat((400, 450), 400, 200, 400, 2000),
    _beat(400, 375, 375),
    _beat(400, 400, 350, 225, 525),
    _beat(400, 100, 4000),
)

COUNTRIES: Mapping[str, Mapping[Tone, Cadence]] = {
    "eu": _EUROPE,
    "us": _NORTH_AMERICA,
    "ca": _NORTH_AMERICA,
    "gb": _UNITED_KINGDOM,
    "uk": _UNITED_KINGDOM,
    "at": _single((1000, 5000), (400, 400), (200, 200), (40, 1960), hz=420),
    "be": {
        **_single((1000, 3000), (500, 500), (167, 167), (175, 3500)),
        Tone.WAITING: _beat(1400, 175, 175, 175, 3500),
    },
    "br": _single((1000, 4000), (250, 250), (250, 250, 750, 250), (50, 1000)),
    "ch": _single((1000, 4000), (500, 500), (200, 200), (200, 200, 200, 4000)),
    "cn": _single((1000, 4000), (350, 350), (700, 700), (400, 4000), hz=450),
    "cz": {
        **_single((1000, 4000), (330, 330), (165, 165), (330, 9000)),
        Tone.DIAL: _beat(425, 330, 330, 660, 660),
    },
    "de": _single((1000, 4000), (480, 480), (240, 240), (200, 200, 200, 5000)),
    "dk": _single((1000, 4000), (500, 500), (200, 200), (200, 600, 200, 3000)),
    "es": _single((1500, 3000), (200, 200), (200, 200, 200, 200, 200, 600), (175, 175, 175, 3500)),
    "fi": _single((1000, 4000), (300, 300), (200, 200), (150, 150, 150, 8000)),
    "fr": _single((1500, 3500), (500, 500), (250, 250), (300, 10_000), hz=440),
    "gr": {
        **_single((1000, 4000), (300, 300), (200, 200), (150, 150, 150, 8000)),
        Tone.DIAL: _beat(425, 200, 300, 700, 800),
    },
    "hu": _single((1250, 3750), (300, 300), (300, 300), (40, 1960)),
    "in": _country(
        _on(375, 425),
        _beat((375, 425), 400, 200, 400, 2000),
        _beat(400, 750, 750),
        _beat(400, 250, 250),
        _beat(400, 200, 100, 200, 7500),
    ),
    "it": {
        **_single((1000, 4000), (500, 500), (200, 200), (400, 100, 250, 100, 150, 14_000)),
        Tone.DIAL: _beat(425, 200, 200, 600, 1000),
    },
    "jp": _country(
        _on(400),
        _beat((384, 416), 1000, 2000),
        _beat(400, 500, 500),
        _beat(400, 500, 500),
        _beat((384, 416), 500, 8000),
    ),
    "mx": _single((1000, 4000), (250, 250), (250, 250), (200, 600, 200, 10_000)),
    "nl": _single((1000, 4000), (500, 500), (250, 250), (500, 9500)),
    "no": _single((1000, 4000), (500, 500), (200, 200), (200, 600, 200, 10_000)),
    "nz": _country(
        _on(400),
        _beat((400, 450), 400, 200, 400, 2000),
        _beat(400, 500, 500),
        _beat(400, 250, 250),
        _beat(400, 200, 3000),
    ),
    "pl": _single((1000, 4000), (500, 500), (500, 500), (150, 150, 150, 4000)),
    "se": _single((1000, 5000), (250, 250), (250, 750), (200, 500, 200, 9100)),
    "au": _country(
        _on(413, 438),
        _beat((413, 438), 400, 200, 400, 2000),
        _beat(425, 375, 375),
        _beat(425, 375, 375),
        _beat(425, 200, 200, 200, 4400),
    ),
}
