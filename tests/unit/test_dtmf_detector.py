# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys in the sound, within the limits of ITU-T Q.24."""

import math
import random
from array import array
from collections.abc import Callable, Iterable

import pytest

from offhookd.engine.audio.dtmf import BLOCK, HIGH_HZ, KEYS, LOW_HZ, RATE, DtmfDetector, Tone

ALL = "".join(KEYS)
USUAL_DBFS = -12.0
A_LAW_STEPS = 87.6
Samples = list[float]


def frequencies(key: str) -> tuple[float, float]:
    row = next(index for index, keys in enumerate(KEYS) if key in keys)
    return LOW_HZ[row], HIGH_HZ[KEYS[row].index(key)]


def tone(
    hz: Iterable[float], ms: float, dbfs: float = USUAL_DBFS, twist_db: float = 0.0
) -> Samples:
    """`twist_db`: how much the higher frequency is above the lower one, which has `dbfs`."""
    levels = [dbfs, dbfs + twist_db]
    parts = [
        (32_767 * 10 ** (level / 20), 2 * math.pi * one / RATE)
        for level, one in zip(levels, hz, strict=True)
    ]
    return [
        sum(amplitude * math.sin(step * index + 0.5) for amplitude, step in parts)
        for index in range(int(ms * RATE / 1000))
    ]


def silence(ms: float) -> Samples:
    return [0.0] * int(ms * RATE / 1000)


def heard(sound: Samples) -> list[Tone]:
    found: list[Tone] = []
    samples = array("h", (round(max(-32_768, min(32_767, one))) for one in sound)).tobytes()
    detector = DtmfDetector(found.append)
    for start in range(0, len(samples), 1606):  # as they come from a pipe
        detector.feed(samples[start : start + 1606])
    return found


def keys(sound: Samples) -> str:
    return "".join(one.key for one in heard(sound + silence(60)))


def however_it_lies(make: Callable[[], Samples]) -> set[str]:
    """What is heard, for beginnings all over a block."""
    return {keys([0.0] * shift + make()) for shift in range(0, BLOCK, 17)}


def a_law(sound: Samples) -> Samples:
    """Through the curve of G.711, with 8 bits."""
    scale = 1 + math.log(A_LAW_STEPS)
    coded = []
    for one in sound:
        share = min(1.0, abs(one) / 32_768)
        bent = A_LAW_STEPS * share if share < 1 / A_LAW_STEPS else 1 + math.log(A_LAW_STEPS * share)
        level = (round(bent / scale * 127) + 0.0) / 127 * scale
        back = level / A_LAW_STEPS if level < 1 else math.exp(level - 1) / A_LAW_STEPS
        coded.append(math.copysign(back * 32_767, one))
    return coded


# ---------------------------------------------------------------- what must be heard


@pytest.mark.parametrize("key", ALL)
def test_shortest_tone_is_heard_once_however_it_lies(key: str) -> None:
    assert however_it_lies(lambda: tone(frequencies(key), 40)) == {key}


def test_all_keys_are_heard_one_after_another_through_a_law() -> None:
    sound: Samples = []
    for key in ALL:
        sound += tone(frequencies(key), 50) + silence(45)
    assert keys(a_law(sound)) == ALL


@pytest.mark.parametrize("off", [(0.015, 0.015), (0.015, -0.015), (-0.015, 0.015)])
@pytest.mark.parametrize("key", "15#D")
def test_frequencies_may_be_a_little_off(key: str, off: tuple[float, float]) -> None:
    hz = [one * (1 + share) for one, share in zip(frequencies(key), off, strict=True)]
    assert however_it_lies(lambda: tone(hz, 45)) == {key}


@pytest.mark.parametrize("twist_db", [-7.5, -4.0, 4.0, 5.0])
@pytest.mark.parametrize("key", "159D")
def test_one_frequency_may_be_louder(key: str, twist_db: float) -> None:
    assert however_it_lies(lambda: tone(frequencies(key), 45, -15, twist_db)) == {key}


@pytest.mark.parametrize("dbfs", [-31.0, -9.2])
def test_tones_may_be_faint_or_loud(dbfs: float) -> None:
    assert however_it_lies(lambda: tone(frequencies("6"), 45, dbfs)) == {"6"}


def test_noise_may_be_15_db_below() -> None:
    chance = random.Random(3)  # noqa: S311 - noise, no secret
    noise = 32_767 * 10 ** ((USUAL_DBFS - 15) / 20)

    def noisy() -> Samples:
        return [one + chance.gauss(0, noise) for one in tone(frequencies("8"), 45)]

    assert however_it_lies(noisy) == {"8"}


def test_pause_makes_two_of_the_same_key() -> None:
    press = tone(frequencies("7"), 50)
    assert however_it_lies(lambda: press + silence(40) + press) == {"77"}


def test_another_key_needs_no_pause() -> None:
    assert keys(tone(frequencies("1"), 60) + tone(frequencies("2"), 60)) == "12"


def test_length_of_a_long_press_is_told() -> None:
    (found,) = heard(tone(frequencies("0"), 1500) + silence(60))
    assert found.key == "0"
    assert 1450 <= found.duration_ms <= 1530


# ---------------------------------------------------------------- what must not


def test_tones_that_are_too_short_are_none() -> None:
    for key in ALL:
        assert however_it_lies(lambda key=key: tone(frequencies(key), 18)) == {""}  # type: ignore[misc]  # mypy 17470


@pytest.mark.parametrize("share", [0.035, -0.035])
def test_frequencies_beside_are_none(share: float) -> None:
    for key in ALL:
        hz = [one * (1 + share) for one in frequencies(key)]
        assert keys(tone(hz, 200)) == ""


@pytest.mark.parametrize("twist_db", [-11.0, 8.0])
def test_unequal_frequencies_are_none(twist_db: float) -> None:
    assert keys(tone(frequencies("5"), 200, -20, twist_db)) == ""


def test_fainter_sound_is_none() -> None:
    assert keys(tone(frequencies("5"), 200, -36)) == ""


@pytest.mark.parametrize("hz", [(425, 0), (350, 440), (440, 480), (480, 620), (697, 0), (1100, 0)])
def test_other_tones_of_the_telephone_are_none(hz: tuple[int, int]) -> None:
    assert keys(tone(hz, 1000)) == ""


def test_noise_is_none() -> None:
    chance = random.Random(5)  # noqa: S311 - noise, no secret
    assert keys([chance.gauss(0, 6000) for _ in range(5 * RATE)]) == ""


def test_voices_are_none_though_they_pass_through_every_pair_of_frequencies() -> None:
    """Harmonics of a gliding fundamental, those near a key's frequencies the strongest."""
    chance = random.Random(7)  # noqa: S311 - a voice, no secret
    phase, pitch, sound = 0.0, 90.0, []
    for index in range(4 * RATE):
        if not index % 800:
            formants = chance.uniform(600, 1000), chance.uniform(1150, 1700)
            glide = chance.uniform(-0.01, 0.01)
        pitch = min(320.0, max(80.0, pitch + glide))
        phase += 2 * math.pi * pitch / RATE
        harmonics = range(1, int(3600 / pitch))
        weights = ((h, sum(_bell(h * pitch - formant) for formant in formants)) for h in harmonics)
        sound.append(4000 * sum((w + 0.05) * math.sin(h * phase) for h, w in weights))
    assert keys(a_law(sound)) == ""


def _bell(distance_hz: float) -> float:
    return math.exp(-((distance_hz / 120) ** 2))


def test_tone_with_a_strong_second_harmonic_is_a_voice() -> None:
    low, high = frequencies("3")
    pure = tone((low, high), 200)
    harmonic = tone((2 * high, 0), 200, USUAL_DBFS - 9)
    assert keys(pure) == "3"
    assert keys([a + b for a, b in zip(pure, harmonic, strict=True)]) == ""
