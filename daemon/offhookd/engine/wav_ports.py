# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports of the mixer that record and play without a file on any disc.

The library records into WAV files and plays WAV files, and this process may neither write nor read
any.  It may use its own descriptors, though: a recording goes into a pipe, what is played comes out
of memory.  Everything here belongs to the SIP thread; the audio thread moves the frames.
"""

import ctypes
import fcntl
import os
import struct
import termios

from . import pjlib
from .pjlib import PjlibError

SAMPLE_BYTES = 2
HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
"""RIFF, one "fmt " chunk for PCM, the beginning of "data"."""

PIPE_BYTES = 256 << 10
"""Eight seconds: more than the SIP thread ever sleeps while it records.  A full pipe would hold up
the audio thread, and every call with it."""

CROWDED_BYTES = PIPE_BYTES // 2
READ_BYTES = 65_536
FRAME_MS = 20
NO_LOOP = 1  # PJMEDIA_FILE_NO_LOOP


class _Port:
    """A port of the mixer that reads or writes the descriptor `fd` as if it were a WAV file."""

    def __init__(self, create: str, fd: int, *form: int) -> None:
        number, pointer = ctypes.c_uint, ctypes.c_void_p
        numbers = (number,) * (len(form) - 1)
        make = pjlib.function(
            create,
            ctypes.c_int,
            *(pointer, ctypes.c_char_p, *numbers, ctypes.c_ssize_t, ctypes.POINTER(pointer)),
        )
        self._port = ctypes.c_void_p()
        self._pool = pjlib.new_pool(b"offhook-wav")
        path = f"/proc/self/fd/{fd}".encode()
        try:
            pjlib.check("Opening", make(self._pool, path, *form, ctypes.byref(self._port)))
            self.slot = self._add()
        except PjlibError:
            pjlib.release_pool(self._pool)
            raise

    def _add(self) -> int:
        slot = ctypes.c_int(-1)
        pointer = ctypes.c_void_p
        add = pjlib.function(
            "pjsua_conf_add_port", ctypes.c_int, pointer, pointer, ctypes.POINTER(ctypes.c_int)
        )
        pjlib.check("Adding a port", add(self._pool, self._port, ctypes.byref(slot)))
        return slot.value

    def amplify(self, factor: float) -> None:
        """Make what it gives louder or softer."""
        adjust = pjlib.function(
            "pjsua_conf_adjust_rx_level", ctypes.c_int, ctypes.c_int, ctypes.c_float
        )
        pjlib.check("Setting a level", adjust(self.slot, factor))

    def remove(self) -> None:
        """Take it out of the mixer, which happens at its next frame."""
        pjlib.function("pjsua_conf_remove_port", ctypes.c_int, ctypes.c_int)(self.slot)
        pjlib.function("pjmedia_port_destroy", ctypes.c_int, ctypes.c_void_p)(self._port)
        pjlib.release_pool(self._pool)


class Player(_Port):
    """Plays `samples` (16 bit, `channels` interleaved, at `rate`) once, or in a
    `loop`, from now on."""

    def __init__(self, samples: bytes, rate: int, channels: int, *, loop: bool = False) -> None:
        frame = rate * FRAME_MS // 1000 * channels * SAMPLE_BYTES
        samples = samples.ljust(frame, b"\0")  # less than a frame is no file to the library
        self.seconds = len(samples) / (rate * channels * SAMPLE_BYTES)
        fd = os.memfd_create("offhook-sound")
        try:
            os.write(fd, _header(len(samples), rate, channels))
            _write_all(fd, samples)
            flags = 0 if loop else NO_LOOP
            super().__init__("pjmedia_wav_player_port_create", fd, FRAME_MS, flags, 0)
        finally:
            os.close(fd)  # the library has opened it for itself


class Tape(_Port):
    """Records mono at `rate`; `ended` once all that was recorded has been read."""

    def __init__(self, rate: int) -> None:
        self.ended = False
        self._head = HEADER.size
        self._fd, writer = os.pipe()
        os.set_blocking(self._fd, False)
        frame = rate * FRAME_MS // 1000
        try:
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            pcm, whole_frames = 0, frame * SAMPLE_BYTES
            form = (rate, 1, frame, SAMPLE_BYTES * 8, pcm, whole_frames)
            super().__init__("pjmedia_wav_writer_port_create", writer, *form)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(writer)  # with the library's own closed, the pipe ends

    @property
    def crowded(self) -> bool:
        """Whether it must be read, whoever has a use for it."""
        waiting = struct.pack("i", 0)
        return bool(
            struct.unpack("i", fcntl.ioctl(self._fd, termios.FIONREAD, waiting))[0] > CROWDED_BYTES
        )

    def read(self) -> bytes:
        """The samples since the last call."""
        samples = b"".join(iter(self._read_some, b""))
        head = min(self._head, len(samples))
        self._head -= head
        return samples[head:]

    def close(self) -> None:
        os.close(self._fd)

    def _read_some(self) -> bytes:
        try:
            some = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return b""
        self.ended = not some
        return some


def connect(source: int, sink: int) -> None:
    """Let the port at `sink` hear the one at `source`, from the mixer's next frame on."""
    pjlib.check("Connecting two ports", _switch("pjsua_conf_connect", source, sink))


def disconnect(source: int, sink: int) -> None:
    """`PjlibError` when one of the two has gone, and the link with it."""
    pjlib.check("Parting two ports", _switch("pjsua_conf_disconnect", source, sink))


def _switch(name: str, source: int, sink: int) -> int:
    return int(pjlib.function(name, ctypes.c_int, ctypes.c_int, ctypes.c_int)(source, sink))


def _header(size: int, rate: int, channels: int) -> bytes:
    align = channels * SAMPLE_BYTES
    bits = SAMPLE_BYTES * 8
    return HEADER.pack(
        *(b"RIFF", HEADER.size - 8 + size, b"WAVE"),
        *(b"fmt ", 16, 1, channels, rate, rate * align, align, bits),
        *(b"data", size),
    )


def _write_all(fd: int, samples: bytes) -> None:
    rest = memoryview(samples)
    while rest:
        rest = rest[os.write(fd, rest) :]
