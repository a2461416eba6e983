# SPDX-License-Identifier: GPL-2.0-or-later
"""Call-progress tones: the tables, and the sound made of them."""

from array import array

import pytest

from offhookd.engine.audio.levels import SILENCE_DBFS, dbfs, peak_dbfs
from offhookd.engine.audio.tones import COUNTRIES, Segment, Tone, segments, synthesise
from tests.support.tones import level_at

RATE = 8000


def test_an_unknown_country_has_european_tones() -> None:
    assert segments("busy", "xx") == segments("busy") == (Segment(425, 0, 500, 500),)


@pytest.mark.parametrize(
    ("country", "ringback"),
    [
        ("eu", [(425, 0, 1000, 4000)]),
        ("us", [(440, 480, 2000, 4000)]),
        ("UK", [(400, 450, 400, 200), (400, 450, 400, 2000)]),
        ("fr", [(440, 0, 1500, 3500)]),
        ("at", [(420, 0, 1000, 5000)]),
        ("au", [(413, 438, 400, 200), (413, 438, 400, 2000)]),
    ],
)
def test_each_country_rings_its_own_way(
    country: str, ringback: list[tuple[int, int, int, int]]
) -> None:
    assert segments("ringback", country) == tuple(Segment(*facts) for facts in ringback)


def test_every_country_has_every_tone_with_sensible_values() -> None:
    for country in COUNTRIES:
        for tone in Tone:
            for segment in segments(tone, country):
                assert 300 <= segment.first_hz <= 1500
                assert segment.second_hz == 0 or 300 <= segment.second_hz <= 1500
                assert segment.on_ms > 0
                assert segment.off_ms >= 0


def test_a_tone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="howler"):
        segments("howler")


def test_sound_has_the_frequencies_the_length_and_the_level() -> None:
    sound = array("h", synthesise([Segment(440, 480, 500, 250)], RATE, level_dbfs=-14.0))
    assert len(sound) == RATE * 3 // 4
    on, off = sound[: RATE // 2], sound[RATE // 2 :]
    assert level_at(on, RATE, 440) == pytest.approx(-20, abs=0.3)
    assert level_at(on, RATE, 480) == pytest.approx(-20, abs=0.3)
    assert peak_dbfs(on.tobytes()) == pytest.approx(-14, abs=0.5)
    assert not any(off)


def test_sound_begins_and_ends_softly() -> None:
    sound = array("h", synthesise([Segment(425, 0, 100, 0)], RATE))
    assert abs(sound[0]) < 50
    assert abs(sound[-1]) < 200


@pytest.mark.parametrize(
    ("samples", "level"),
    [([], SILENCE_DBFS), ([0, 0], SILENCE_DBFS), ([-32768], 0.0), ([16384, -1], -6.02)],
)
def test_the_peak_is_that_of_the_loudest_sample(samples: list[int], level: float) -> None:
    assert peak_dbfs(array("h", samples).tobytes()) == pytest.approx(level, abs=0.01)


def test_levels_end_at_silence() -> None:
    assert dbfs(0) == dbfs(1e-9) == SILENCE_DBFS
