# SPDX-License-Identifier: GPL-2.0-or-later
"""The distinctive rings of Telcordia GR-506-CORE, table 14-1, that Alert-Info names
``Bellcore-dr1`` to ``-dr5``: rhythms of two seconds of ringing and four of rest, in our own bell's
voice."""

from collections.abc import Mapping

from offhookd.engine.audio.tones import Cadence, Segment

TRILL_MS = 50
"""Two tones change places ten times a second, as the hammer of a bell does."""
LOW_HZ, HIGH_HZ = 660, 830

_ON_OFF_MS: Mapping[str, tuple[int, ...]] = {
    "bellcore-dr1": (2000, 4000),
    "bellcore-dr2": (800, 400, 800, 4000),
    "bellcore-dr3": (400, 200, 400, 200, 800, 4000),
    "bellcore-dr4": (300, 200, 1000, 200, 300, 4000),
    "bellcore-dr5": (500, 4000),
}


def named(name: str) -> Cadence:
    """One cycle of the ring, () when there is none of that name."""
    rhythm = _ON_OFF_MS.get(name.lower(), ())
    pairs = zip(rhythm[::2], rhythm[1::2], strict=True)
    return tuple(segment for on_ms, off_ms in pairs for segment in _burst(on_ms, off_ms))


def _burst(on_ms: int, off_ms: int) -> list[Segment]:
    strokes = [
        Segment(hz, 2 * hz, TRILL_MS, 0)
        for _ in range(on_ms // (2 * TRILL_MS))
        for hz in (LOW_HZ, HIGH_HZ)
    ]
    return [*strokes[:-1], strokes[-1]._replace(off_ms=off_ms)]
