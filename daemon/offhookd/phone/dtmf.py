# SPDX-License-Identifier: GPL-2.0-or-later
"""Which tones can be sent during a call."""

from .errors import InvalidArgumentError

ALPHABET = frozenset("0123456789*#ABCD,")
MOST_TONES = 64
PAUSE, PAUSE_S = ",", 0.5

LENGTHS_MS = range(40, 5001)
"""Shorter tones are not recognised (ITU-T Q.24), longer ones are mistakes."""


def check_tones(tones: str, duration_ms: int) -> str:
    """`tones` as the engine takes them; `InvalidArgumentError` when they cannot be sent."""
    tones = tones.upper()
    if not tones or len(tones) > MOST_TONES or not ALPHABET.issuperset(tones):
        raise InvalidArgumentError(
            f"tones are 1 to {MOST_TONES} of 0-9 * # A-D and ',' for a pause"
        )
    if duration_ms not in LENGTHS_MS:
        raise InvalidArgumentError(
            f"duration-ms is {duration_ms}; it can be {LENGTHS_MS.start} to {LENGTHS_MS.stop - 1}"
        )
    return tones
