# SPDX-License-Identifier: GPL-2.0-or-later
"""Waking the SIP thread by a socket of ours, inside pjsip's own poll.

The thread that owns pjsip sleeps in `Endpoint.libHandleEvents`.  Registering the daemon's socket
in the I/O queue which that call polls lets one thread serve both without helper threads, wake
datagrams or a short poll interval.
"""

import ctypes
import os
import socket
from collections.abc import Callable

from offhookd.engine import pjlib
from offhookd.engine.pjlib import PjlibError

_ALWAYS_ASYNC = 1 << 31
_OP_KEY_BYTES = 1024
"""`pj_ioqueue_op_key_t` is 272 bytes in pjproject 2.15; it has grown before."""

_SELF_TEST_POLLS = 20
_SELF_TEST_POLL_MS = 10

_OnRead = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t)


class _Callbacks(ctypes.Structure):
    """`pj_ioqueue_callback`: read, write, accept, connect."""

    _fields_ = (
        ("on_read_complete", _OnRead),
        ("others", ctypes.c_void_p * 3),
    )


class SocketWatch:
    """Calls `on_readable` from within the poll when `sock` has bytes or has been closed.

    `on_readable` must read everything that is there, or it is called again at once.  `sock` turns
    non-blocking.  `close` must come before libDestroy.  Raises `PjlibError` when the stack does
    not take the socket.
    """

    def __init__(self, sock: socket.socket, on_readable: Callable[[], None]) -> None:
        self._on_readable = on_readable
        self._byte = ctypes.create_string_buffer(1)
        self._length = ctypes.c_ssize_t(0)
        self._op_key = ctypes.create_string_buffer(_OP_KEY_BYTES)
        self._callbacks = _Callbacks(on_read_complete=_OnRead(self._on_read))
        self._receive = pjlib.function(
            "pj_ioqueue_recv",
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_ssize_t),
            ctypes.c_uint,
        )
        self._pool = pjlib.new_pool(b"offhook-wake")
        self._key = ctypes.c_void_p()
        try:
            self._register(sock)
            self._arm()
        except PjlibError:
            self.close()
            raise

    def close(self) -> None:
        """Forget the socket; `sock` itself stays open.  May be called twice and in the callback."""
        if self._key:
            pjlib.function("pj_ioqueue_unregister", ctypes.c_int, ctypes.c_void_p)(self._key)
            self._key = ctypes.c_void_p()
        if self._pool:
            pjlib.release_pool(self._pool)
            self._pool = 0

    def _register(self, sock: socket.socket) -> None:
        pointer = ctypes.c_void_p
        queue = pjlib.function("pjsip_endpt_get_ioqueue", pointer, pointer)(pjlib.endpoint())
        register = pjlib.function(
            "pj_ioqueue_register_sock",
            ctypes.c_int,
            pointer,
            pointer,
            ctypes.c_long,
            pointer,
            ctypes.POINTER(_Callbacks),
            ctypes.POINTER(pointer),
        )
        fd = os.dup(sock.fileno())  # unregistering closes what was registered
        callbacks = ctypes.byref(self._callbacks)
        status = register(self._pool, queue, fd, None, callbacks, ctypes.byref(self._key))
        if status != pjlib.PJ_SUCCESS:
            os.close(fd)
        pjlib.check("Watching the daemon's socket", status)

    def _arm(self) -> None:
        """Ask for the next event: a peek that finds bytes, or the end of the stream."""
        self._length.value = 1
        status = self._receive(
            self._key,
            self._op_key,
            self._byte,
            ctypes.byref(self._length),
            _ALWAYS_ASYNC | socket.MSG_PEEK,
        )
        if status != pjlib.PJ_EPENDING:
            pjlib.check("Waiting for the daemon's socket", status)

    def _on_read(self, _key: int, _op_key: int, _count: int) -> None:
        try:
            self._on_readable()
        finally:
            if self._key:
                self._arm()


def self_test(handle_events: Callable[[int], object]) -> str:
    """Whether a byte and an end of stream arrive through `Endpoint.libHandleEvents`.

    Returns "" or the fault as a sentence; then the caller has to poll in short intervals.
    """
    ours, theirs = socket.socketpair()
    calls: list[bytes] = []
    with ours, theirs:
        try:
            watch = SocketWatch(ours, lambda: calls.append(ours.recv(16)))
        except PjlibError as error:
            return f"{error}; the engine polls every 10 ms instead."
        try:
            theirs.send(b"w")
            woken = _poll_until(handle_events, lambda: calls == [b"w"])
            theirs.close()
            woken = woken and _poll_until(handle_events, lambda: calls[1:2] == [b""])
        finally:
            watch.close()
    if woken:
        return ""
    return "The SIP stack's poll does not see the daemon's socket; the engine polls every 10 ms."


def _poll_until(handle_events: Callable[[int], object], done: Callable[[], bool]) -> bool:
    for _ in range(_SELF_TEST_POLLS):
        handle_events(_SELF_TEST_POLL_MS)
        if done():
            return True
    return False
