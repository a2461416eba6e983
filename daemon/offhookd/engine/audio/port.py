# SPDX-License-Identifier: GPL-2.0-or-later
"""Port 0 of pjsua's conference bridge, driven from a thread of ours through the C library.

With no sound device set, pjsua hands out the address of this port and clocks nothing itself: the
one who exchanges frames with it is the clock of all calls.  There must be exactly one.

The calls release the interpreter lock: the bridge runs codecs and may wait for a mutex that the
SIP thread holds while it wants the interpreter.

The same thread can also read the calls' RTP sockets, just before each exchange, when the media
endpoint has an I/O queue of its own whose threads have been stopped.  Then no packet waits for the
SIP thread to get its turn, and the SIP thread sleeps through a call: measured, the jitter buffer
never ran empty in eight calls of seven seconds, where it did in six of eight before.
"""

import ctypes
from typing import Any

from offhookd.engine import pjlib
from offhookd.engine.audio.errors import AudioError

_TYPE_AUDIO = 1  # PJMEDIA_FRAME_TYPE_AUDIO
_MARK = 0x1234
_THREAD_DESC_BYTES = 4096
"""`pj_thread_desc` is 64 longs in pjproject 2.15; the rest is for a version that grew."""


class _Frame(ctypes.Structure):
    """`pjmedia_frame`."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("buf", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("timestamp", ctypes.c_uint64),
        ("bit_info", ctypes.c_uint32),
    )


class _TimeValue(ctypes.Structure):
    """`pj_time_val`."""

    _fields_ = (("sec", ctypes.c_long), ("msec", ctypes.c_long))


class _PortInfo(ctypes.Structure):
    """The beginning of `pjmedia_port`: its `info`, as far as the audio format goes."""

    _fields_ = (
        ("name", pjlib.Str),
        ("signature", ctypes.c_uint32),
        ("dir", ctypes.c_int),
        ("format_id", ctypes.c_uint32),
        ("media_type", ctypes.c_int),
        ("detail_type", ctypes.c_int),
        ("clock_rate", ctypes.c_uint),
        ("channel_count", ctypes.c_uint),
        ("frame_time_usec", ctypes.c_uint),
        ("bits_per_sample", ctypes.c_uint),
    )


class ConferencePort:
    """16 bit mono frames to and from the conference at `address`.

    Made in the thread that owns the SIP stack, used in one other.  `media_queue` is the address of
    the media endpoint's `pj_ioqueue_t` that nobody else polls, or 0.  Raises `AudioError` when the
    library's structures are not what this module takes them for, or the conference runs at
    another rate: a frame of the wrong size would abort the process.
    """

    def __init__(self, address: int, clock_rate: int, ptime_ms: int, media_queue: int = 0) -> None:
        self.frame_bytes = clock_rate * ptime_ms // 1000 * 2
        self._address = ctypes.c_void_p(address)
        try:
            _check_format(address, clock_rate, ptime_ms)
            _check_frame_layout(clock_rate, self.frame_bytes // 2)
            self._put = _released("pjmedia_port_put_frame")
            self._get = _released("pjmedia_port_get_frame")
            self._poll = _released("pj_ioqueue_poll")
        except pjlib.PjlibError as error:
            raise AudioError(f"No call can have sound: {error}.") from None
        self._buffer = ctypes.create_string_buffer(self.frame_bytes)
        self._frame = _Frame(buf=ctypes.addressof(self._buffer))
        self._silence = bytes(self.frame_bytes)
        self._timestamp = 0
        self._media_queue = ctypes.c_void_p(media_queue)
        self._no_time = _TimeValue(0, 0)

    def register_thread(self) -> None:
        """Make the calling thread known to pjlib; before the first `exchange`."""
        pointer = ctypes.c_void_p
        register = pjlib.function(
            "pj_thread_register",
            ctypes.c_int,
            ctypes.c_char_p,
            pointer,
            ctypes.POINTER(pointer),
        )
        self._thread_desc = ctypes.create_string_buffer(_THREAD_DESC_BYTES)
        self._thread = pointer()
        pjlib.check(
            "Registering the audio thread",
            register(b"offhook-audio", self._thread_desc, ctypes.byref(self._thread)),
        )

    def exchange(self, captured: bytes | bytearray | None) -> bytes:
        """Give one frame of the microphone (None is silence), get one for the loudspeaker.

        Silence is given explicitly: starved of frames, the conference would repeat the last one.
        """
        if self._media_queue:
            self._poll(self._media_queue, ctypes.byref(self._no_time))
        ctypes.memmove(self._buffer, bytes(captured or self._silence), self.frame_bytes)
        self._call(self._put)
        if self._call(self._get) or self._frame.type != _TYPE_AUDIO:
            return self._silence
        self._timestamp += self.frame_bytes // 2
        return self._buffer.raw

    def _call(self, function: Any) -> int:
        frame = self._frame
        frame.type, frame.size, frame.timestamp = _TYPE_AUDIO, self.frame_bytes, self._timestamp
        status: int = function(self._address, ctypes.byref(frame))
        return status


def _released(name: str) -> Any:
    """A function of an object and a structure that lets other threads run meanwhile."""
    held: Any = pjlib.function(name, ctypes.c_int)
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    return ctypes.cast(held, prototype)


def _check_format(address: int, clock_rate: int, ptime_ms: int) -> None:
    info = _PortInfo.from_address(address)
    found = info.clock_rate, info.channel_count, info.frame_time_usec, info.bits_per_sample
    expected = clock_rate, 1, ptime_ms * 1000, 16
    if found != expected:
        raise pjlib.PjlibError(f"the conference has the format {found} instead of {expected}")


def _check_frame_layout(clock_rate: int, samples: int) -> None:
    """Let a null port fill a frame and see whether everything lands where it should."""
    port = _null_port(clock_rate, samples)
    try:
        buffer = ctypes.create_string_buffer(b"\xaa" * (samples * 2 + 2), samples * 2 + 2)
        frame = _Frame(buf=ctypes.addressof(buffer), timestamp=_MARK, bit_info=_MARK)
        _released("pjmedia_port_get_frame")(port, ctypes.byref(frame))
    finally:
        pjlib.function("pjmedia_port_destroy", ctypes.c_int, ctypes.c_void_p)(port)
    found = frame.type, frame.size, frame.timestamp, frame.bit_info, buffer.raw
    silence = bytes(samples * 2) + b"\xaa\xaa"
    if found != (_TYPE_AUDIO, samples * 2, _MARK + samples, _MARK, silence):
        raise pjlib.PjlibError("pjmedia_frame is laid out otherwise in this pjsua2 module")


def _null_port(clock_rate: int, samples: int) -> ctypes.c_void_p:
    pointer, number = ctypes.c_void_p, ctypes.c_uint
    create = pjlib.function(
        "pjmedia_null_port_create",
        ctypes.c_int,
        *(pointer, number, number, number, number, ctypes.POINTER(pointer)),
    )
    port = pointer()
    pool = pjlib.new_pool(b"offhook-audio")
    try:
        status = create(pool, clock_rate, 1, samples, 16, ctypes.byref(port))
        pjlib.check("Creating a null port", status)
    finally:
        pjlib.release_pool(pool)
    return port
