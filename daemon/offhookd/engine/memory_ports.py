# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports of the mixer whose sound is in our memory: one that records, one that plays.

The binding records into files and plays files only, and this process may open none.  So these
come from the C library, which copies frames from and to a buffer of ours and calls nothing back.
Everything here belongs to the SIP thread, while the audio thread moves the frames.
"""

import ctypes

from . import pjlib

FRAMES_A_SECOND = 50
"""Of 20 ms, as the mixer's own."""

SAMPLE_BYTES = 2
RING_SECONDS = 4
"""What a recording keeps for a reader that is late; far more than the SIP thread ever sleeps while
it records."""

NO_LOOP = 1  # PJMEDIA_MEM_NO_LOOP


class MemoryPort:
    """A port in the mixer at the slot `slot`.  `PjlibError` when the library does not have it."""

    def __init__(
        self, create: str, buffer: ctypes.Array[ctypes.c_char], rate: int, channels: int
    ) -> None:
        self._buffer = buffer
        self._pool = pjlib.new_pool(b"offhook-memory")
        self._port = ctypes.c_void_p()
        number, pointer = ctypes.c_uint, ctypes.c_void_p
        make = pjlib.function(
            create,
            ctypes.c_int,
            *(pointer, pointer, ctypes.c_size_t, number, number, number, number, number),
            ctypes.POINTER(pointer),
        )
        samples = rate // FRAMES_A_SECOND * channels
        format_ = (rate, channels, samples, SAMPLE_BYTES * 8, NO_LOOP)
        size = len(buffer)
        status = make(self._pool, buffer, size, *format_, ctypes.byref(self._port))
        pjlib.check("Creating a port of the mixer", status)
        self.slot = self._add()

    def _add(self) -> int:
        slot = ctypes.c_int(-1)
        add = pjlib.function(
            "pjsua_conf_add_port",
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_int),
        )
        pjlib.check("Adding a port", add(self._pool, self._port, ctypes.byref(slot)))
        return slot.value

    def remove(self) -> None:
        """Take it out of the mixer, which happens at its next frame: until then this object must
        stay alive, because the mixer may still use the buffer."""
        pjlib.function("pjsua_conf_remove_port", ctypes.c_int, ctypes.c_int)(self.slot)
        pjlib.function("pjmedia_port_destroy", ctypes.c_int, ctypes.c_void_p)(self._port)
        pjlib.release_pool(self._pool)


class Player(MemoryPort):
    """Plays `samples` (16 bit, `channels` interleaved, at `rate`) once, from when it is heard."""

    def __init__(self, samples: bytes, rate: int, channels: int) -> None:
        buffer = ctypes.create_string_buffer(samples, len(samples))
        super().__init__("pjmedia_mem_player_create", buffer, rate, channels)
        self.seconds = len(samples) / (rate * channels * SAMPLE_BYTES)


class Tape(MemoryPort):
    """Records mono at `rate` into a ring."""

    def __init__(self, rate: int) -> None:
        self._size = RING_SECONDS * rate * SAMPLE_BYTES
        buffer = ctypes.create_string_buffer(self._size)
        super().__init__("pjmedia_mem_capture_create", buffer, rate, 1)
        self._read = 0
        self._written = pjlib.function(
            "pjmedia_mem_capture_get_size", ctypes.c_size_t, ctypes.c_void_p
        )

    def rewind(self) -> None:
        """Begin anew: what has not been read is of no interest."""
        self._read = self._written(self._port)

    def read(self) -> bytes:
        """The samples since the last call."""
        written = self._written(self._port)
        memory = memoryview(self._buffer).cast("B")
        if written >= self._read:
            samples = bytes(memory[self._read : written])
        else:
            samples = bytes(memory[self._read :]) + bytes(memory[:written])
        self._read = written
        return samples


def connect(source: int, sink: int) -> None:
    """Let the port at `sink` hear the one at `source`, from the mixer's next frame on."""
    pjlib.check("Connecting two ports", _switch("pjsua_conf_connect", source, sink))


def disconnect(source: int, sink: int) -> None:
    """`PjlibError` when one of the two has gone, and the link with it."""
    pjlib.check("Parting two ports", _switch("pjsua_conf_disconnect", source, sink))


def _switch(name: str, source: int, sink: int) -> int:
    switch = pjlib.function(name, ctypes.c_int, ctypes.c_int, ctypes.c_int)
    return int(switch(source, sink))
