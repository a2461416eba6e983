# SPDX-License-Identifier: GPL-2.0-or-later
"""An input event node of a phone that a kernel driver took (Linux, Documentation/input/input.rst).

It is grabbed, so that its digits do not type into windows.
"""

import asyncio
import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass

from offhookd.devices.hidraw import GONE

EV_SYN, EV_KEY, EV_SND = 0x00, 0x01, 0x12
SND_BELL = 0x01
_SYN_DROPPED = 3

_EVIOCGRAB = 0x4004_4590
_EVENT = struct.Struct("@llHHi")  # the time in two longs, type, code, value

EVENTS_A_READ = 64


@dataclass(frozen=True, slots=True)
class Key:
    code: int
    down: bool


def grab(fd: int) -> None:
    """`OSError` (EBUSY) while another program has it."""
    fcntl.ioctl(fd, _EVIOCGRAB, 1)


class EventNode:
    """Owns `fd`, which must not block.  `received` gets the keys of each frame, auto-repeat left
    out; `ended` is called once, with "" after unplugging or a sentence; after `close` neither."""

    def __init__(
        self,
        fd: int,
        name: str,
        received: Callable[[tuple[Key, ...]], None],
        ended: Callable[[str], None],
    ) -> None:
        self._fd = fd
        self._name = name
        self._received = received
        self._ended = ended
        self._frame: list[Key] = []
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self._readable)

    def grab(self) -> None:
        """`OSError` (EBUSY) while another program has it."""
        grab(self._fd)

    def sound(self, code: int, value: int) -> None:
        """Drive the sound the node can make; a node that is gone makes none."""
        try:
            os.write(self._fd, _EVENT.pack(0, 0, EV_SND, code, value))
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Idempotent."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _EVENT.size * EVENTS_A_READ)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        if not data:
            self._end("")
            return
        whole = len(data) - len(data) % _EVENT.size
        for _, _, type_, code, value in _EVENT.iter_unpack(data[:whole]):
            self._take(type_, code, value)

    def _take(self, type_: int, code: int, value: int) -> None:
        if type_ == EV_KEY and value in {0, 1}:
            self._frame.append(Key(code, value == 1))
        elif type_ == EV_SYN:
            frame, self._frame = tuple(self._frame), []
            if frame and code != _SYN_DROPPED and self._fd >= 0:
                self._received(frame)

    def _fail(self, error: OSError) -> None:
        gone = error.errno in GONE
        self._end("" if gone else f"{self._name} cannot be used: {error.strerror}; replug it")

    def _end(self, text: str) -> None:
        if self._fd >= 0:
            self.close()
            self._ended(text)
