# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells when the rights to a device file changed (inotify(7), IN_ATTRIB).

Access to a device of the seat comes and goes with the user's session, without a udev event.
"""

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable

_IN_ATTRIB = 0x004
_EVENT = struct.Struct("iIII")  # descriptor, mask, cookie, length of the name that follows
_BUFFER_BYTES = 4096


class AccessWatch:
    """Calls back whenever the rights of a watched file changed, perhaps once too often."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = -1
        self._callbacks: dict[int, tuple[str, Callable[[], None]]] = {}

    def add(self, path: str, changed: Callable[[], None]) -> None:
        """One callback a path; a path that is gone is not watched."""
        if self._fd < 0:
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            asyncio.get_running_loop().add_reader(self._fd, self._readable)
        watch = self._libc.inotify_add_watch(self._fd, path.encode(), _IN_ATTRIB)
        if watch >= 0:
            self._callbacks[watch] = path, changed

    def remove(self, path: str) -> None:
        for watch, (watched, _) in list(self._callbacks.items()):
            if watched == path:
                del self._callbacks[watch]
                self._libc.inotify_rm_watch(self._fd, watch)

    def stop(self) -> None:
        """Idempotent."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
            self._callbacks.clear()

    def _readable(self) -> None:
        data = os.read(self._fd, _BUFFER_BYTES)
        begin, touched = 0, set()
        while begin < len(data):
            watch, _, _, length = _EVENT.unpack_from(data, begin)
            begin += _EVENT.size + length
            touched.add(watch)
        for watch in touched & self._callbacks.keys():
            self._callbacks[watch][1]()
