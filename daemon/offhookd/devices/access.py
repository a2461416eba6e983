# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells when the rights to a device file changed (inotify(7), IN_ATTRIB).

Access to a device of the seat comes and goes with the user's session, without a udev event.  The
directory is watched, since a file that may not be read may not be watched either.
"""

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path

_IN_ATTRIB = 0x004
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows
_BUFFER_BYTES = 4096


class AccessWatch:
    """Calls back whenever the rights of a watched file changed, perhaps once too often."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None)
        self._fd = -1
        self._directories: dict[int, Path] = {}
        self._callbacks: dict[Path, Callable[[], None]] = {}

    def add(self, path: str, changed: Callable[[], None]) -> None:
        """One callback a path."""
        if self._fd < 0:
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            asyncio.get_running_loop().add_reader(self._fd, self._readable)
        directory = Path(path).parent
        watch = self._libc.inotify_add_watch(self._fd, os.fsencode(directory), _IN_ATTRIB)
        if watch >= 0:
            self._directories[watch] = directory
            self._callbacks[Path(path)] = changed

    def remove(self, path: str) -> None:
        """Watch on while there is anything to wait for."""
        self._callbacks.pop(Path(path), None)
        if not self._callbacks:
            self.stop()

    def stop(self) -> None:
        """Idempotent."""
        self._callbacks.clear()
        self._directories.clear()
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _readable(self) -> None:
        for path in self._touched(os.read(self._fd, _BUFFER_BYTES)):
            if callback := self._callbacks.get(path):
                callback()

    def _touched(self, events: bytes) -> set[Path]:
        begin, found = 0, set()
        while begin < len(events):
            watch, _, _, length = _EVENT.unpack_from(events, begin)
            begin += _EVENT.size + length
            name = os.fsdecode(events[begin - length : begin].rstrip(b"\0"))
            if directory := self._directories.get(watch):
                found.add(directory / name)
        return found
