# SPDX-License-Identifier: GPL-2.0-or-later
"""WAV files: those written, what they are called, and those read."""

import os
import struct
import time
import wave
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from offhookd.phone.call import Call
from offhookd.phone.errors import InvalidArgumentError
from offhookd.phone.values import AccountId, CallId, CallState, Direction
from offhookd.store.recordings import WavFile, file_name
from offhookd.store.sounds import read_wav
from tests.support.tones import level_at, sine, write_wav
from tests.support.tones import read_wav as samples_of

MOMENT = time.struct_time((2026, 3, 1, 9, 5, 7, 6, 60, 0))


def call(uri: str = "sip:1002@example.com", name: str = "Bob") -> Call:
    work = AccountId("work")
    return Call(CallId(7), work, Direction.INCOMING, uri, name, 0, CallState.ACTIVE)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("%Y-%m-%d %H.%M.%S {direction} {name}", "2026-03-01 09.05.07 incoming Bob.wav"),
        ("{account}/{id} {number}.wav", "work/7 1002.wav"),
    ],
)
def test_a_template_has_the_time_and_the_call(template: str, expected: str) -> None:
    assert file_name(template, call(), MOMENT) == expected


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", ".hidden", "a\0b\n", "{id}%Y"])
def test_what_strangers_are_called_makes_no_path(name: str) -> None:
    made = file_name("{name}", call(name=name), MOMENT)
    assert "/" not in made
    assert not made.startswith(".")
    assert made.isprintable()


def test_a_long_name_fits_into_a_directory_entry() -> None:
    assert len(file_name("{name}", call(name="x" * 5000), MOMENT)) < 100


def test_a_file_is_right_after_each_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    file = WavFile(path, 1)
    for pieces in range(3):
        with wave.open(str(path), "rb") as read:
            assert read.getnframes() == pieces * 100
        file.write(b"ab" * 100)
    file.close()


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        WavFile(path, 1)
    assert path.read_text() == "mine"


def test_half_a_sample_is_cut_off_on_a_full_disc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    file = WavFile(path, 2)
    write: Callable[[int, bytes, int], int] = os.pwrite

    def full(fd: int, data: bytes, offset: int) -> int:
        if offset > 60:
            raise OSError(28, "No space left on device")
        return write(fd, data[:50], offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        file.write(bytes(1000))
    monkeypatch.undo()
    file.close()
    with wave.open(str(path), "rb") as read:
        assert read.getnframes() == 12
    assert path.stat().st_size == 44 + 48


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 48_000])
def test_a_file_of_any_rate_keeps_its_pitch_and_level(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, sine(1000, 1.0, rate, -12.0), rate)
    sound = read_wav(str(path))
    write_wav(path, _array(sound.samples), sound.rate)
    samples, made = samples_of(path)
    assert made % 50 == 0
    assert level_at(samples, made, 1000) == pytest.approx(-12.0, abs=0.5)


def test_chunks_that_are_not_sound_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, sine(1000, 0.1, 8000), 8000)
    data = path.read_bytes()
    odd = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    path.write_bytes(data[:12] + odd + data[12:])
    assert len(read_wav(str(path)).samples) == 1600


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no WAV file"),
        (b"RIFF\0\0\0\0WAVE", "no sound"),
        (b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0ab", "cannot be played"),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(InvalidArgumentError, match=reason):
        read_wav(str(path))


@pytest.mark.parametrize(
    ("channels", "width", "rate", "reason"),
    [
        (3, 2, 8000, "channels"),
        (1, 1, 8000, "16 bit"),
        (1, 2, 96_000, "rate"),
    ],
)
def test_sound_that_cannot_be_played_is_refused(
    tmp_path: Path, channels: int, width: int, rate: int, reason: str
) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(bytes(1200))
    with pytest.raises(InvalidArgumentError, match=reason):
        read_wav(str(path))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(InvalidArgumentError, match="plain file"):
        read_wav(str(path))


def _array(samples: bytes) -> "array[int]":
    return array("h", samples)
