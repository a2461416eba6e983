# SPDX-License-Identifier: GPL-2.0-or-later
"""Making sound a few milliseconds shorter or longer without a click.

Two sound devices never run at quite the same rate, so what is queued for the loudspeaker creeps up
or down; now and then a splice puts it right.  It is made where the sound resembles itself best,
which for speech and tones is one pitch period away, and faded over the rest of the frame.
Frames are 16 bit mono.
"""

from array import array

_STRIDE = 4
"""Every fourth sample is enough to compare by: 0.3 ms a splice at 16 kHz, once a minute."""


def shorten(frame: bytes, least: int, most: int) -> bytes:
    """`frame` without `least` to `most` of its samples, whichever number suits it best."""
    samples = array("h", frame)
    gone = _best_shift(samples, least, most)
    kept = len(samples) - gone
    return _fade(samples[:kept], samples[gone:]).tobytes()


def lengthen(frame: bytes, least: int, most: int) -> bytes:
    """`frame` with `least` to `most` samples more."""
    samples = array("h", frame)
    more = _best_shift(samples, least, most)
    middle = _fade(samples[more:], samples[: len(samples) - more])
    return (samples[:more] + middle + samples[len(samples) - more :]).tobytes()


def rise(frame: bytes, length: int) -> bytes:
    """`frame` with its first `length` samples faded in, to follow silence."""
    samples = array("h", frame)
    beginning = samples[:length]
    return (_fade(array("h", bytes(2 * len(beginning))), beginning) + samples[length:]).tobytes()


def _best_shift(samples: "array[int]", least: int, most: int) -> int:
    """By how much the samples must move to meet themselves with the smallest difference."""
    span = len(samples) - most

    def difference(shift: int) -> int:
        here, there = samples[:span:_STRIDE], samples[shift : shift + span : _STRIDE]
        return sum(abs(a - b) for a, b in zip(here, there, strict=True))

    return min(range(least, most + 1), key=difference)


def _fade(out: "array[int]", into: "array[int]") -> "array[int]":
    """From all of `out` to all of `into`, in a straight line."""
    length = len(out)
    return array(
        "h",
        (
            (a * (length - i) + b * i) // length
            for i, (a, b) in enumerate(zip(out, into, strict=True))
        ),
    )
