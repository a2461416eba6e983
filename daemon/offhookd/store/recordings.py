# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings on the disc, as WAV files (RIFF, PCM of 16 bit) that are right at every moment.

A thread of its own writes them: a disc that is slow must hold up nobody.  The header is written
anew with each piece, so that a file whose writer was killed can be played all the same.
"""

import asyncio
import errno
import os
import re
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from offhookd.phone.call import Call
from offhookd.phone.errors import PhoneError
from offhookd.phone.recording import RecordingFile, RecordingFiles

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

RATE = 16_000
"""What the engine mixes at."""

SAMPLE_BYTES = 2
HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
LARGEST_BYTES = 0xFFFF_FFFF - HEADER.size
"""Of the samples: nine hours in stereo; the sizes in the header have 32 bits."""

DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
MOST_NAMES = 1000
LONGEST_FACT = 80
_UNFIT = re.compile(r"[^\w .+@-]|^\.+")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where recordings go: `template` is a path below `directory`, with the codes of strftime and
    the call's {id}, {direction}, {account}, {name}, {number}."""

    directory: Path
    template: str


class WavFile:
    """Raises OSError; belongs to one thread."""

    def __init__(self, path: Path, channels: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(path, flags, FILE_MODE)
        self._channels = channels
        self._size = 0
        try:
            self._write_head()
        except OSError:
            os.close(self._fd)
            path.unlink()
            raise

    def write(self, samples: bytes) -> None:
        if self._size + len(samples) > LARGEST_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        try:
            rest = memoryview(samples)
            while rest:
                written = os.pwrite(self._fd, rest, HEADER.size + self._size)
                self._size += written
                rest = rest[written:]
        finally:
            self._size -= self._size % (self._channels * SAMPLE_BYTES)
            self._write_head()

    def close(self) -> None:
        with suppress(OSError):
            os.ftruncate(self._fd, HEADER.size + self._size)
        os.close(self._fd)

    def _write_head(self) -> None:
        align = self._channels * SAMPLE_BYTES
        head = HEADER.pack(
            *(b"RIFF", HEADER.size - 8 + self._size, b"WAVE"),
            *(b"fmt ", 16, 1, self._channels, RATE, RATE * align, align, SAMPLE_BYTES * 8),
            *(b"data", self._size),
        )
        os.pwrite(self._fd, head, 0)


class _File(RecordingFile):
    def __init__(
        self, path: Path, file: WavFile, desk: "RecordingDesk", failed: Callable[[PhoneError], None]
    ) -> None:
        self.path = str(path)
        self._file = file
        self._desk = desk
        self._failed = failed
        self._broken = False

    def write(self, samples: bytes) -> None:
        if samples and not self._broken:
            self._desk.do(partial(self._file.write, samples), self._written)

    def close(self, done: Callable[[], None]) -> None:
        self._desk.do(self._file.close, lambda _: done())

    def _written(self, outcome: OSError | None) -> None:
        if isinstance(outcome, OSError) and not self._broken:
            self._broken = True
            self._failed(_sentence("cannot be continued", Path(self.path), outcome))


class RecordingDesk(RecordingFiles):
    """`place` is asked for with every file."""

    def __init__(self, place: Callable[[], Place]) -> None:
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._thread: ThreadPoolExecutor | None = None

    def create(
        self,
        call: Call,
        channels: int,
        opened: Callable[[RecordingFile | PhoneError], None],
        failed: Callable[[PhoneError], None],
    ) -> None:
        place = self._place()
        wanted = place.directory / file_name(place.template, call, time.localtime())

        def finished(outcome: tuple[Path, WavFile] | OSError) -> None:
            if isinstance(outcome, OSError):
                opened(_sentence("cannot be written", wanted, outcome))
            else:
                opened(_File(*outcome, self, failed))

        self.do(partial(_create, wanted, channels), finished)

    def stop(self) -> None:
        """Store what has been written, and end the thread."""
        if self._thread:
            self._thread.shutdown()

    def do(self, job: Callable[[], T], done: Callable[[T | OSError], None]) -> None:
        """Run `job` in the thread, after the jobs before it; `done` is told its outcome here."""
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only when used

            self._thread = ThreadPoolExecutor(1, "recordings")

        def run() -> None:
            outcome: T | OSError
            try:
                outcome = job()
            except OSError as error:
                outcome = error
            with suppress(RuntimeError):  # the loop is closed: nobody is there to be told
                self._loop.call_soon_threadsafe(done, outcome)

        self._thread.submit(run)


def file_name(template: str, call: Call, moment: time.struct_time) -> str:
    """The path below the directory that `template` gives for `call`, ".wav" included.

    No fact of a call, which strangers choose, makes a path of more than one name.
    """
    facts = {
        "id": str(call.id),
        "direction": str(call.direction),
        "account": str(call.account),
        "name": call.far_name or number_of(call.far_uri),
        "number": number_of(call.far_uri),
    }
    fit = {key: _UNFIT.sub("_", fact)[:LONGEST_FACT].strip() for key, fact in facts.items()}
    name = time.strftime(template, moment).format_map(fit)
    return name if name.endswith(".wav") else f"{name}.wav"


def number_of(uri: str) -> str:
    """The user part: sip:1002@example.com is 1002."""
    return uri.partition(":")[2].partition("@")[0].partition(";")[0]


def _create(wanted: Path, channels: int) -> tuple[Path, WavFile]:
    """The file, with a number behind its name when the name is taken."""
    wanted.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    for number in range(1, MOST_NAMES):
        path = wanted if number == 1 else wanted.with_stem(f"{wanted.stem} ({number})")
        with suppress(FileExistsError):
            return path, WavFile(path, channels)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _sentence(what: str, path: Path, error: OSError) -> PhoneError:
    reason = error.strerror or str(error)
    return PhoneError(f"The recording {path} {what}: {reason}. The call goes on unrecorded")
