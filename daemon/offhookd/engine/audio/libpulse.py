# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of libpulse's interface that is used here: structures, functions and their types.

The library is loaded twice: calls that may wait give up the interpreter lock, quick ones keep it,
which spares the audio thread ten hand-overs a frame.
"""

import ctypes
import functools
from collections.abc import Mapping
from typing import Any

from offhookd.engine.audio.errors import AudioError

LIBRARY = "libpulse.so.0"

_pointer, _int, _text, _size = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t
_unsigned = ctypes.c_uint32
_MOST_CHANNELS, _VOLUME_NORM = 32, 0x10000  # pulse/sample.h, pulse/volume.h


class SampleSpec(ctypes.Structure):
    _fields_ = (("format", _int), ("rate", _unsigned), ("channels", ctypes.c_uint8))


class BufferAttr(ctypes.Structure):
    _fields_ = tuple(
        (name, _unsigned) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize")
    )


class Volume(ctypes.Structure):
    """`pa_cvolume`."""

    _fields_ = (("channels", ctypes.c_uint8), ("values", _unsigned * _MOST_CHANNELS))

    @classmethod
    def even(cls, channels: int, level: float) -> "Volume":
        """The same fraction of 100 % on every channel."""
        values = [round(level * _VOLUME_NORM)] * channels
        return cls(channels, (_unsigned * _MOST_CHANNELS)(*values))


class TimingInfo(ctypes.Structure):
    """`pa_timing_info`, as far as it is read here."""

    _fields_ = (
        ("timestamp_s", ctypes.c_long),
        ("timestamp_us", ctypes.c_long),
        ("synchronized_clocks", _int),
        ("sink_usec", ctypes.c_uint64),
        ("source_usec", ctypes.c_uint64),
        ("transport_usec", ctypes.c_uint64),
        ("playing", _int),
        ("write_index_corrupt", _int),
        ("write_index", ctypes.c_int64),
        ("read_index_corrupt", _int),
        ("read_index", ctypes.c_int64),
    )


_SIGNATURES: Mapping[str, tuple[Any, ...]] = {
    "pa_mainloop_new": (_pointer,),
    "pa_mainloop_free": (None, _pointer),
    "pa_mainloop_get_api": (_pointer, _pointer),
    "pa_mainloop_prepare": (_int, _pointer, _int),
    "pa_mainloop_poll": (_int, _pointer),
    "pa_mainloop_dispatch": (_int, _pointer),
    "pa_mainloop_iterate": (_int, _pointer, _int, _pointer),
    "pa_mainloop_wakeup": (None, _pointer),
    "pa_context_new_with_proplist": (_pointer, _pointer, _text, _pointer),
    "pa_context_connect": (_int, _pointer, _text, _int, _pointer),
    "pa_context_get_state": (_int, _pointer),
    "pa_context_errno": (_int, _pointer),
    "pa_context_disconnect": (None, _pointer),
    "pa_context_unref": (None, _pointer),
    "pa_context_move_sink_input_by_name": (
        _pointer,
        _pointer,
        _unsigned,
        _text,
        _pointer,
        _pointer,
    ),
    "pa_context_move_source_output_by_name": (
        *(_pointer, _pointer, _unsigned, _text, _pointer, _pointer),
    ),
    "pa_context_set_sink_input_volume": (
        *(_pointer, _pointer, _unsigned, ctypes.POINTER(Volume), _pointer, _pointer),
    ),
    "pa_strerror": (_text, _int),
    "pa_proplist_new": (_pointer,),
    "pa_proplist_free": (None, _pointer),
    "pa_proplist_sets": (_int, _pointer, _text, _text),
    "pa_stream_new_with_proplist": (
        *(_pointer, _pointer, _text, ctypes.POINTER(SampleSpec), _pointer, _pointer),
    ),
    "pa_stream_connect_playback": (
        *(_int, _pointer, _text, ctypes.POINTER(BufferAttr), _int),
        *(ctypes.POINTER(Volume), _pointer),
    ),
    "pa_stream_connect_record": (_int, _pointer, _text, ctypes.POINTER(BufferAttr), _int),
    "pa_stream_get_state": (_int, _pointer),
    "pa_stream_get_index": (_unsigned, _pointer),
    "pa_stream_get_device_name": (_text, _pointer),
    "pa_stream_cork": (_pointer, _pointer, _int, _pointer, _pointer),
    "pa_stream_disconnect": (_int, _pointer),
    "pa_stream_unref": (None, _pointer),
    "pa_stream_peek": (_int, _pointer, ctypes.POINTER(_pointer), ctypes.POINTER(_size)),
    "pa_stream_drop": (_int, _pointer),
    "pa_stream_write": (_int, _pointer, _text, _size, _pointer, ctypes.c_int64, _int),
    "pa_stream_writable_size": (_size, _pointer),
    "pa_stream_get_underflow_index": (ctypes.c_int64, _pointer),
    "pa_stream_update_timing_info": (_pointer, _pointer, _pointer, _pointer),
    "pa_stream_get_timing_info": (ctypes.POINTER(TimingInfo), _pointer),
    "pa_operation_get_state": (_int, _pointer),
    "pa_operation_unref": (None, _pointer),
}


def _declare(library: ctypes.CDLL) -> Any:
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@functools.cache
def quick() -> Any:
    try:
        return _declare(ctypes.PyDLL(LIBRARY))
    except (OSError, AttributeError) as error:
        raise AudioError(
            f"The sound library {LIBRARY} cannot be used ({error}); install libpulse0."
        ) from None


@functools.cache
def waiting() -> Any:
    return _declare(ctypes.CDLL(LIBRARY))


def describe(errno: int) -> str:
    text = quick().pa_strerror(errno)
    return text.decode("utf-8", "replace") if text else f"error {errno}"


def proplist(properties: Mapping[str, str]) -> int:
    library = quick()
    proplist = library.pa_proplist_new()
    for key, value in properties.items():
        library.pa_proplist_sets(proplist, key.encode(), value.encode())
    return int(proplist)
