# SPDX-License-Identifier: GPL-2.0-or-later
"""Splices, and the rule that asks for them."""

import itertools
from array import array

import pytest

from offhookd.engine.audio import drift
from offhookd.engine.audio.reserve import (
    GENTLE,
    GROW_MS,
    LEAST_MS,
    MOST_MS,
    SHRINK_AFTER_S,
    SHRINK_MS,
    SWIFT,
    Reserve,
)
from tests.support.tones import level, purity_at, sine

RATE = 16_000
LEAST, MOST = 32, 128
FRAME = sine(400, 0.02, RATE)
"""A period of 40 samples: splices of 40, 80 or 120 leave no trace."""


def steepest(samples: "array[int]") -> int:
    return max(abs(a - b) for a, b in itertools.pairwise(samples))


@pytest.mark.parametrize("splice", [drift.shorten, drift.lengthen])
def test_a_spliced_tone_stays_a_tone(splice: object) -> None:
    assert callable(splice)
    before, after = sine(400, 0.2, RATE), sine(400, 0.2, RATE)
    mended = array("h", splice(FRAME.tobytes(), LEAST, MOST))
    whole = before + mended + after
    assert purity_at(whole, RATE, 400) > 0.999
    assert steepest(whole) <= steepest(before) + 2


def test_the_length_changes_by_a_number_of_samples_in_the_range() -> None:
    noise = array("h", ((i * i * 7919) % 20011 - 10005 for i in range(320)))
    shorter = drift.shorten(noise.tobytes(), LEAST, MOST)
    longer = drift.lengthen(noise.tobytes(), LEAST, MOST)
    assert LEAST * 2 <= len(noise) * 2 - len(shorter) <= MOST * 2
    assert LEAST * 2 <= len(longer) - len(noise) * 2 <= MOST * 2
    assert array("h", shorter)[0] == noise[0] == array("h", longer)[0]
    assert array("h", longer)[-1] == noise[-1]


def test_silence_stays_silence() -> None:
    assert not any(drift.shorten(bytes(640), LEAST, MOST))
    assert level(array("h", drift.lengthen(bytes(640), LEAST, MOST))) < -90


def observe(reserve: Reserve, reserve_ms: float, times: int = SWIFT.readings) -> float:
    return [reserve.observe(reserve_ms, now=1.0) for _ in range(times)][-1]


def test_too_long_a_queue_is_told_once_it_is_certain() -> None:
    reserve = Reserve()
    too_long = LEAST_MS + SWIFT.tolerance_ms + 1
    assert observe(reserve, too_long, SWIFT.readings - 1) == 0
    assert observe(reserve, too_long, 1) == SWIFT.tolerance_ms + 1
    reserve.spliced(-5.0)
    assert observe(reserve, too_long - 5, 1) == 0
    assert reserve.settled


def test_in_a_call_it_takes_more_to_be_certain() -> None:
    reserve = Reserve(GENTLE)
    off = LEAST_MS + GENTLE.tolerance_ms + 1
    assert observe(reserve, off, GENTLE.readings - 1) == 0
    assert observe(reserve, off, 1) > 0


def test_one_odd_reading_changes_nothing() -> None:
    reserve = Reserve()
    observe(reserve, LEAST_MS)
    assert reserve.observe(LEAST_MS + 80, now=1.0) == 0
    assert reserve.settled


def test_it_grows_when_the_loudspeaker_ran_dry_up_to_a_limit() -> None:
    reserve = Reserve()
    reserve.ran_dry(now=0.0)
    assert reserve.target_ms == LEAST_MS + GROW_MS
    for _ in range(100):
        reserve.ran_dry(now=0.0)
    assert reserve.target_ms == MOST_MS


def test_it_shrinks_after_a_quiet_time_only_as_far_as_the_least() -> None:
    reserve = Reserve()
    reserve.ran_dry(now=0.0)
    reserve.observe(50.0, now=SHRINK_AFTER_S - 1)
    assert reserve.target_ms == LEAST_MS + GROW_MS
    reserve.observe(50.0, now=SHRINK_AFTER_S + 1)
    assert reserve.target_ms == LEAST_MS + GROW_MS - SHRINK_MS
    for hour in range(1, 5):
        reserve.observe(50.0, now=hour * 3600.0)
    assert reserve.target_ms == LEAST_MS
