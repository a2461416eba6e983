# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line ``offhook`` as a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.processes import PATIENCE_S

_PROGRAM = (sys.executable, "-c", "from offhook.cli.main import main; raise SystemExit(main())")


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    status: int
    out: str
    err: str


class CommandLine:
    """Runs ``offhook`` on one bus, without a terminal."""

    def __init__(self, address: str, environment: Mapping[str, str] | None = None) -> None:
        self.environment = {
            **os.environ,
            "DBUS_SESSION_BUS_ADDRESS": address,
            "LC_ALL": "C.UTF-8",
            **(environment or {}),
        }

    async def __call__(self, *words: str) -> Said:
        """Run a command to its end."""
        process = await self.start(*words)
        try:
            async with asyncio.timeout(PATIENCE_S):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise AssertionError(f"offhook {' '.join(words)} does not end") from None
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), err.decode())

    async def start(self, *words: str, stdin: int = DEVNULL, stdout: int = PIPE) -> Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(
            *_PROGRAM, *words, env=self.environment, stdin=stdin, stdout=stdout, stderr=PIPE
        )

    @asynccontextmanager
    async def running(self, *words: str) -> AsyncIterator["Running"]:
        """A command that goes on until the end of the block."""
        process = await self.start(*words)
        try:
            yield Running(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


class Running:
    """A command whose lines are read as they come."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def line(self, *parts: str) -> str:
        """The next line with all `parts` in it."""
        assert self.process.stdout
        read = []
        try:
            async with asyncio.timeout(PATIENCE_S):
                while line := (await self.process.stdout.readline()).decode():
                    read.append(line)
                    if all(part in line for part in parts):
                        return line
        except TimeoutError:
            pass
        raise AssertionError(f"no line with {parts}: {''.join(read)}")
