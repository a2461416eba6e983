# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a terminal of its own, whose screen is read and whose keys are pressed."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from tests.support.processes import PATIENCE_S

ROWS, COLUMNS = 40, 120
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07|\x08")


class Terminal:
    """What was written to the terminal so far is in `text`, control sequences included."""

    def __init__(self, fd: int, process: Process) -> None:
        self.process = process
        self.text = ""
        self._fd = fd
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(fd, self._read)

    @property
    def plain(self) -> str:
        """Without control sequences."""
        return _CONTROL.sub("", self.text)

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    async def shows(self, *parts: str, since: int = 0) -> str:
        """Wait until all `parts` stand in what came after `since`; that text, without controls."""
        return await self.until(lambda text: all(part in text for part in parts), since, parts)

    async def until(
        self, condition: Callable[[str], object], since: int = 0, what: object = "it"
    ) -> str:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition(shown := _CONTROL.sub("", self.text[since:])):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"the terminal does not show {what}: {self.text!r}") from None
        return shown

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._fd)
        self.text += data.decode(errors="replace")
        self._news.set()


@asynccontextmanager
async def on_terminal(*command: str, environment: Mapping[str, str]) -> AsyncIterator[Terminal]:
    """The program on a terminal until the end of the block; it is killed if it goes on."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**environment, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(theirs)
    terminal = Terminal(ours, process)
    try:
        yield terminal
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        terminal.close()


def _take_terminal() -> None:
    """Its signals (Ctrl-C) reach the program, and its shell may control jobs."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
