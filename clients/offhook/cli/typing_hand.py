# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines that a person types while other things happen too."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .refusal import RefusedError

_READ_BYTES = 4096


class TypingHand:
    """Reads `fd` only when there is something to be read."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._partly = b""
        self._lines: asyncio.Queue[str] = asyncio.Queue()

    @classmethod
    @asynccontextmanager
    async def at_stdin(cls) -> AsyncIterator["TypingHand"]:
        hand = cls(sys.stdin.fileno())
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(hand._fd, hand._readable)
        except PermissionError:  # epoll takes no plain files
            raise RefusedError("This asks questions: run it in a terminal") from None
        try:
            yield hand
        finally:
            loop.remove_reader(hand._fd)

    async def line(self, question: str = "") -> str:
        """The next line without its end; "q" when nobody types any more."""
        if question:
            print(question, end="", flush=True)
        return await self._lines.get()

    def _readable(self) -> None:
        data = os.read(self._fd, _READ_BYTES)
        *lines, self._partly = (self._partly + data).split(b"\n")
        for line in lines:
            self._lines.put_nowait(line.decode(errors="replace").strip())
        if not data:
            asyncio.get_running_loop().remove_reader(self._fd)
            for _ in range(_ENDS):
                self._lines.put_nowait("q")


_ENDS = 4
"""Every question that can still come is answered by the end of typing."""
