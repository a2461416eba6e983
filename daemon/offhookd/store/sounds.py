# SPDX-License-Identifier: GPL-2.0-or-later
"""WAV files that are to be played, read in a thread."""

import asyncio
import os
import stat
import struct
from array import array
from collections.abc import Callable

from offhookd.phone.errors import InvalidArgumentError, PhoneError
from offhookd.phone.playing import Sound, SoundFiles

MOST_BYTES = 48 << 20
"""25 minutes at a telephone's rate; the engine keeps all of it in memory."""

PCM, EXTENSIBLE = 1, 0xFFFE
BITS = 16
MOST_CHANNELS = 2
LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000
FRAMES_A_SECOND = 50
"""The engine's frames must be whole samples."""

USUAL_RATE = 16_000


class WavReader(SoundFiles):
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def read(self, path: str, done: Callable[[Sound | PhoneError], None]) -> None:
        task = asyncio.create_task(self._read(path, done), name=f"read {path}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, path: str, done: Callable[[Sound | PhoneError], None]) -> None:
        try:
            done(await asyncio.to_thread(read_wav, path))
        except PhoneError as error:
            done(error)


def read_wav(path: str) -> Sound:
    """The sound of a file; `InvalidArgumentError` when it is none that can be played."""
    if not path.startswith("/"):
        raise InvalidArgumentError(f"{path:.200} is no absolute path")
    try:
        data = _content(path)
    except OSError as error:
        raise InvalidArgumentError(f"{path:.200} cannot be read: {error.strerror}") from None
    try:
        return _sound(data)
    except (ValueError, struct.error) as error:
        raise InvalidArgumentError(f"{path:.200} cannot be played: {error}") from None


def _content(path: str) -> bytes:
    """Of a plain file: a pipe or device might never end."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is no plain file")
        if status.st_size > MOST_BYTES:
            raise OSError(0, f"it is larger than {MOST_BYTES >> 20} MB")
        return file.read(MOST_BYTES)


def _sound(data: bytes) -> Sound:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("it is no WAV file")
    rate = channels = 0
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        body = memoryview(data)[position + 8 : position + 8 + size]
        if name == b"fmt ":
            rate, channels = _format(body)
        elif name == b"data" and rate:
            whole = len(body) // (channels * 2) * channels * 2
            return _in_whole_frames(Sound(bytes(body[:whole]), rate, channels))
        position += 8 + size + size % 2
    raise ValueError("it has no sound in it")


def _format(body: memoryview) -> tuple[int, int]:
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag not in (PCM, EXTENSIBLE) or bits != BITS:
        raise ValueError("its samples are not PCM of 16 bit")
    if not 1 <= channels <= MOST_CHANNELS:
        raise ValueError(f"it has {channels} channels; one or two can be played")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"its rate is {rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} can be played")
    return rate, channels


def _in_whole_frames(sound: Sound) -> Sound:
    """11,025 Hz and the like at the engine's own rate, by straight lines between the samples."""
    if sound.rate % FRAMES_A_SECOND == 0:
        return sound
    left = array("h", sound.samples)[:: sound.channels]
    length = len(left) * USUAL_RATE // sound.rate
    step = sound.rate / USUAL_RATE
    left.append(left[-1] if left else 0)
    made = array("h")
    for index in range(length):
        place = index * step
        whole = int(place)
        before = left[whole]
        made.append(round(before + (left[whole + 1] - before) * (place - whole)))
    return Sound(made.tobytes(), USUAL_RATE, 1)
