# SPDX-License-Identifier: GPL-2.0-or-later
"""libpulse without its callbacks: the thread that owns a `MainLoop` turns it and looks at states.

One protocol serves PulseAudio and PipeWire.  Everything but `MainLoop.wakeup` belongs to one
thread.
"""

import ctypes
from collections.abc import Callable, Mapping

from offhookd.engine.audio import libpulse
from offhookd.engine.audio.errors import AudioError, ServerLostError

SAMPLE_BYTES = 2

# From pulse/def.h and pulse/sample.h, which are ABI.
_CONTEXT_NOAUTOSPAWN = 0x1
_CONTEXT_READY, _CONTEXT_FAILED = 4, 5
_STREAM_READY, _STREAM_FAILED = 2, 3
_STREAM_START_CORKED = 0x1
_STREAM_DONT_MOVE = 0x200
_STREAM_ADJUST_LATENCY = 0x2000
_SEEK_RELATIVE, _SEEK_RELATIVE_ON_READ = 0, 2
_SAMPLE_S16LE = 3
_UNSET = 0xFFFFFFFF
_NO_ENTITY = 5
_OPERATION_RUNNING = 0


class MainLoop:
    """libpulse's event loop.  Raises `AudioError` when the library is not installed."""

    def __init__(self) -> None:
        self._quick, self._waiting = libpulse.quick(), libpulse.waiting()
        self.pointer = self._quick.pa_mainloop_new()

    def wait(self, timeout_s: float, woken: Callable[[], bool] = lambda: False) -> None:
        """Sleep until the server says something, `wakeup` or the timeout, and take it all in.

        `woken` tells whether there is something to do that `wakeup` was called for before: the
        library forgets such calls when it begins to wait.
        """
        timeout_us = -1 if timeout_s > 1e3 else max(0, int(timeout_s * 1e6))  # noqa: PLR2004 - an int of microseconds ends at 2147 s
        if self._quick.pa_mainloop_prepare(self.pointer, timeout_us) >= 0:
            if woken():
                self.wakeup()
            self._waiting.pa_mainloop_poll(self.pointer)
            self._quick.pa_mainloop_dispatch(self.pointer)
        self.flush()

    def flush(self) -> bool:
        """Send what has been written, take in what has arrived; does not wait.

        Returns whether there was anything: what has been taken in will not end the next `wait`.
        """
        busy = False
        while self._quick.pa_mainloop_iterate(self.pointer, 0, None) > 0:
            busy = True
        return busy

    def wakeup(self) -> None:
        """End `wait`; from any thread."""
        self._quick.pa_mainloop_wakeup(self.pointer)

    def close(self) -> None:
        self._quick.pa_mainloop_free(self.pointer)


class Connection:
    """A connection to the user's sound server, made in the background."""

    def __init__(self, loop: MainLoop, properties: Mapping[str, str]) -> None:
        self._quick = libpulse.quick()
        with_properties = libpulse.proplist(properties)
        self.pointer = self._quick.pa_context_new_with_proplist(
            self._quick.pa_mainloop_get_api(loop.pointer), None, with_properties
        )
        self._quick.pa_proplist_free(with_properties)
        self._quick.pa_context_connect(self.pointer, None, _CONTEXT_NOAUTOSPAWN, None)

    @property
    def ready(self) -> bool:
        return self._state() == _CONTEXT_READY

    def raise_if_lost(self) -> None:
        """Raises `ServerLostError` once the connection has failed; `close` it then."""
        if self._state() >= _CONTEXT_FAILED:
            raise ServerLostError(self.error())

    def error(self) -> str:
        """What the server or the library said last, as "Connection refused"."""
        return libpulse.describe(self._errno())

    def no_entity(self) -> bool:
        """Whether the last thing asked for does not exist."""
        return self._errno() == _NO_ENTITY

    def close(self) -> None:
        """All streams must be closed before."""
        self._quick.pa_context_disconnect(self.pointer)
        self._quick.pa_context_unref(self.pointer)

    def _state(self) -> int:
        return int(self._quick.pa_context_get_state(self.pointer))

    def _errno(self) -> int:
        return int(self._quick.pa_context_errno(self.pointer))


class Stream:
    """One direction of 16 bit sound; `CaptureStream` and `PlaybackStream` are the two.

    `properties` must have a "media.name".  Raises `AudioError` for a rate no server takes.
    """

    _move = ""

    def __init__(
        self, connection: Connection, rate: int, channels: int, properties: Mapping[str, str]
    ) -> None:
        self._quick = libpulse.quick()
        self._connection = connection
        spec = libpulse.SampleSpec(_SAMPLE_S16LE, rate, channels)
        with_properties = libpulse.proplist(properties)
        self.pointer = self._quick.pa_stream_new_with_proplist(
            connection.pointer, None, ctypes.byref(spec), None, with_properties
        )
        self._quick.pa_proplist_free(with_properties)
        if not self.pointer:  # the library aborts when it is handed on
            raise AudioError(
                f"The sound library takes no stream of {rate} Hz: {connection.error()}."
            )

    @property
    def ready(self) -> bool:
        """False while it is being made and when it has failed."""
        return bool(self._state() == _STREAM_READY)

    @property
    def failed(self) -> bool:
        return self._state() >= _STREAM_FAILED

    @property
    def device(self) -> str:
        """The device it is on now, which need not be the one asked for."""
        name = self._quick.pa_stream_get_device_name(self.pointer)
        return name.decode("utf-8", "replace") if name else ""

    def move(self, device: str) -> None:
        """Ask for another device; where there is none of the name, nothing happens."""
        move = getattr(self._quick, self._move)
        index = self._quick.pa_stream_get_index(self.pointer)
        self._release(move(self._connection.pointer, index, _name(device), None, None))

    def close(self) -> None:
        self._quick.pa_stream_disconnect(self.pointer)
        self._quick.pa_stream_unref(self.pointer)

    def _state(self) -> int:
        return int(self._quick.pa_stream_get_state(self.pointer))

    def _release(self, operation: int | None) -> None:
        if operation:
            self._quick.pa_operation_unref(operation)


class CaptureStream(Stream):
    """Sound from `device` ("" is the default) in pieces of about `fragment_bytes`."""

    _move = "pa_context_move_source_output_by_name"

    def __init__(
        self,
        connection: Connection,
        rate: int,
        properties: Mapping[str, str],
        device: str,
        fragment_bytes: int,
        may_move: bool,
    ) -> None:
        super().__init__(connection, rate, 1, properties)
        attributes = libpulse.BufferAttr(
            maxlength=rate * SAMPLE_BYTES,
            tlength=_UNSET,
            prebuf=_UNSET,
            minreq=_UNSET,
            fragsize=fragment_bytes,
        )
        self._quick.pa_stream_connect_record(
            self.pointer, _name(device), ctypes.byref(attributes), _flags(may_move)
        )
        self._data, self._length = ctypes.c_void_p(), ctypes.c_size_t()

    def read(self) -> bytes:
        """Everything that has been captured; holes are silence."""
        pieces = []
        while self._peek():
            address, length = self._data.value, self._length.value
            pieces.append(ctypes.string_at(address, length) if address else bytes(length))
            self._quick.pa_stream_drop(self.pointer)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _peek(self) -> bool:
        status = self._quick.pa_stream_peek(
            self.pointer, ctypes.byref(self._data), ctypes.byref(self._length)
        )
        return status >= 0 and self._length.value > 0


class PlaybackStream(Stream):
    """Sound to `device` ("" is the default).

    `target_bytes` is the latency the server is asked for, device included; it takes what is
    written in steps of `request_bytes`.  Silent until `uncork`.  `volume` is the fraction of the
    server's 100 % that a mixer shows (a cubic scale), and `has_volume` tells when to uncork; None
    leaves it to the server.
    """

    _move = "pa_context_move_sink_input_by_name"

    def __init__(
        self,
        connection: Connection,
        rate: int,
        properties: Mapping[str, str],
        device: str,
        target_bytes: int,
        request_bytes: int,
        may_move: bool,
        channels: int = 1,
        volume: float | None = None,
    ) -> None:
        super().__init__(connection, rate, channels, properties)
        attributes = libpulse.BufferAttr(
            maxlength=_UNSET,
            tlength=target_bytes,
            prebuf=0,
            minreq=request_bytes,
            fragsize=_UNSET,
        )
        name, flags = _name(device), _flags(may_move) | _STREAM_START_CORKED
        self._volume = None if volume is None else libpulse.Volume.even(channels, volume)
        self._quick.pa_stream_connect_playback(
            self.pointer, name, ctypes.byref(attributes), flags, self._volume, None
        )
        self._setting: int | None = None
        self._timing: int | None = None

    def has_volume(self) -> bool:
        """Whether its volume is that of its making; to be asked once it is `ready` until it says
        so.  PipeWire before 0.3.72 forgets the volume that a stream is made with, and WirePlumber
        gives it that of an earlier one: both have happened by now, and what is told last counts."""
        if self._volume is not None:
            index = self._quick.pa_stream_get_index(self.pointer)
            self._setting = self._quick.pa_context_set_sink_input_volume(
                self._connection.pointer, index, self._volume, None, None
            )
            self._volume = None
        return not self._setting or not self._runs(self._setting)

    def uncork(self) -> None:
        """Begin to play; before, write something or it counts as run dry."""
        self._release(self._quick.pa_stream_cork(self.pointer, 0, None, None))

    def write(self, sound: bytes) -> None:
        """Append to what is queued."""
        self._write(sound, _SEEK_RELATIVE)

    def play_now(self, sound: bytes) -> None:
        """Put `sound` where the server reads: what was queued is forgotten, a gap closed."""
        self._write(sound, _SEEK_RELATIVE_ON_READ)

    @property
    def writable_bytes(self) -> int:
        """How much the server wants to reach its target."""
        size = int(self._quick.pa_stream_writable_size(self.pointer))
        return 0 if size == ctypes.c_size_t(-1).value else size

    @property
    def underflow(self) -> int:
        """Changes when the server has run out of sound."""
        return int(self._quick.pa_stream_get_underflow_index(self.pointer))

    def ask_queued(self) -> None:
        """Start a measurement for `queued_bytes`, unless one is under way."""
        if self._timing is None:
            self._timing = self._quick.pa_stream_update_timing_info(self.pointer, None, None)

    def queued_bytes(self) -> int | None:
        """What was queued at the server when it was last asked; each answer is given once."""
        if self._timing is None:
            return None
        if self._runs(self._timing):
            return None
        self._release(self._timing)
        self._timing = None
        info = self._quick.pa_stream_get_timing_info(self.pointer)
        if not info or info.contents.write_index_corrupt or info.contents.read_index_corrupt:
            return None
        return int(info.contents.write_index - info.contents.read_index)

    def close(self) -> None:
        for operation in (self._setting, self._timing):
            self._release(operation)
        self._setting = self._timing = None
        super().close()

    def _runs(self, operation: int) -> bool:
        return bool(self._quick.pa_operation_get_state(operation) == _OPERATION_RUNNING)

    def _write(self, sound: bytes, seek: int) -> None:
        self._quick.pa_stream_write(self.pointer, sound, len(sound), None, 0, seek)


def _name(device: str) -> bytes | None:
    return device.encode("utf-8", "replace") if device else None


def _flags(may_move: bool) -> int:
    return _STREAM_ADJUST_LATENCY | (0 if may_move else _STREAM_DONT_MOVE)
