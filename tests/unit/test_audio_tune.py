# SPDX-License-Identifier: GPL-2.0-or-later
"""What the phone rings with."""

import wave
from array import array
from pathlib import Path

import pytest

from offhookd.engine.audio import tune
from tests.support.tones import level, sine, write_wav


def taken(ring: tune.Tune, size: int) -> bytes:
    sound = b""
    while len(sound) < size:
        sound += ring.take(size - len(sound))
    ring.close()
    return sound


def test_the_bell_rings_and_pauses_over_and_over() -> None:
    ring, fault = tune.choose("")
    assert not fault
    second = ring.rate * 2
    sound = array("h", taken(ring, second * 9))
    loudness = [level(sound[i * ring.rate : (i + 1) * ring.rate]) > -30 for i in range(9)]
    assert loudness[:5] == [True, True, False, False, True]


@pytest.mark.parametrize(("channels", "rate"), [(1, 8000), (2, 44_100)])
def test_a_wav_file_is_repeated(tmp_path: Path, channels: int, rate: int) -> None:
    path = tmp_path / "ring.wav"
    samples = sine(750, 0.1, rate)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    ring, fault = tune.choose(str(path))
    assert not fault
    assert (ring.channels, ring.rate) == (channels, rate)
    assert taken(ring, len(samples) * 4) == samples.tobytes() * 2


@pytest.mark.parametrize(
    ("name", "rhythm"),
    [
        ("bellcore-dr1", "1" * 20 + "0" * 40),
        ("bellcore-dr2", "1" * 8 + "0" * 4 + "1" * 8 + "0" * 40),
        ("Bellcore-DR3", "1" * 4 + "0" * 2 + "1" * 4 + "0" * 2 + "1" * 8 + "0" * 40),
        ("bellcore-dr4", "1" * 3 + "0" * 2 + "1" * 10 + "0" * 2 + "1" * 3 + "0" * 40),
        ("bellcore-dr5", "1" * 5 + "0" * 40),
    ],
)
def test_a_distinctive_ring_has_its_rhythm(name: str, rhythm: str) -> None:
    ring, fault = tune.choose(name)
    assert not fault
    step = ring.rate // 10
    sound = array("h", taken(ring, 2 * step * len(rhythm)))
    heard = [level(sound[i * step : (i + 1) * step]) > -30 for i in range(len(rhythm))]
    assert "".join(str(int(one)) for one in heard) == rhythm


def test_a_file_that_cannot_be_played_is_replaced_by_the_bell(tmp_path: Path) -> None:
    missing, text, empty, narrow = (
        tmp_path / name for name in ("none.wav", "text.wav", "empty.wav", "8bit.wav")
    )
    text.write_text("no sound")
    write_wav(empty, array("h"), 8000)
    with wave.open(str(narrow), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(800))
    for path in (missing, text, empty, narrow, tmp_path):
        ring, fault = tune.choose(str(path))
        assert ring.rate == tune.BELL_RATE
        assert str(path) in fault
        assert fault.endswith("the built-in bell rings.")
