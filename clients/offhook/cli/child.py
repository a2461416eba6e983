# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that runs behind a command: listened to, never shown, ended by its process id."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from .refusal import RefusedError

START_LIMIT_S = 60.0
"""Each needs less than a second on a slow machine, if that has nothing else to do."""
GOODBYE_LIMIT_S = 10.0
"""The daemon takes at most two to hang up and unregister, likewise."""
LAST_WORD_LIMIT_S = 3.0
"""Between what a program's end does to others and the end itself."""


class Child:
    """It is ready when a line of its output contains `sign`, or when somebody sets `ready`."""

    def __init__(self, name: str, process: Process, sign: str) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self.ready_line = ""
        self._process = process
        self._sign = sign
        self._last = "it said nothing"
        self._reader = asyncio.create_task(self._read(), name=f"output of {name}")

    @classmethod
    async def start(
        cls, name: str, *command: str, environment: Mapping[str, str], sign: str = ""
    ) -> Self:
        """Start a program; RefusedError when it is not installed."""
        if not shutil.which(command[0]):
            raise RefusedError(f"The program {command[0]} is not installed here")
        process = await asyncio.create_subprocess_exec(
            *_ending_with_us(),
            *command,
            env={**os.environ, **environment},
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            process_group=0,  # Ctrl-C is for us alone: we end it in order
        )
        return cls(name, process, sign)

    async def started(self) -> str:
        """Wait until it is ready; the line that said so.  RefusedError when it never will be."""
        waiting = asyncio.create_task(self.ready.wait(), name=f"start of {self.name}")
        both = {waiting, self._reader}
        try:
            await asyncio.wait(both, timeout=START_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not self.ready.is_set():
            raise await self.failure("did not start")
        return self.ready_line

    async def failure(self, what: str) -> RefusedError:
        """That it failed: with the signal that ended it, or its own last word."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_LIMIT_S):
                await asyncio.wait({self._reader})
                await self._process.wait()
        status = self._process.returncode or 0
        why = f"ended by {signal.Signals(-status).name}" if status < 0 else self._last
        return RefusedError(f"{self.name} {what}: {why}")

    async def stop(self, *, by_input: bool = False) -> None:
        """End it by SIGTERM, or by the end of its input; then by force."""
        if by_input and self._process.stdin:
            self._process.stdin.close()
        else:
            with suppress(ProcessLookupError):
                self._process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_LIMIT_S):
                await self._process.wait()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        output = self._process.stdout
        while output and (line := await output.readline()):
            self._last = line.decode(errors="replace").strip()
            if self._sign and self._sign in self._last and not self.ready.is_set():
                self.ready_line = self._last
                self.ready.set()


def _ending_with_us() -> tuple[str, ...]:
    """Have the kernel end a program when this one is killed, where there is the tool for it."""
    return ("setpriv", "--pdeathsig", "TERM", "--") if shutil.which("setpriv") else ()
