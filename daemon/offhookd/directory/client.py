# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's side of the reader process: started when there is something to ask, ended when
there was nothing for a while."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Self

from .errors import SourceError
from .jobs import LONGEST_LINE, Job, Result

COMMAND = (sys.executable, "-m", "offhookd.directory")

IDLE_S = 60.0
"""It needs 40 MB and 0.2 s to start: kept while somebody types, not between two calls."""
STOP_LIMIT_S = 5.0
"""It is killed, which the index survives at any moment, and ends when it gets its turn."""

logger = logging.getLogger(__name__)


class ReaderClient:
    def __init__(self, command: Sequence[str] = COMMAND, idle_s: float = IDLE_S) -> None:
        self._command = command
        self._idle_s = idle_s
        self._reader: _Reader | None = None
        self._readers: set[_Reader] = set()
        self._starting = asyncio.Lock()
        self._last = 0
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, job: Job, limit_s: float) -> Result:
        """The result of `job` (its `request` is set here); `SourceError` with its sentence when
        it failed or took longer."""
        self._last += 1
        job = replace(job, request=self._last)
        reader: _Reader | None = None
        try:
            async with asyncio.timeout(limit_s):
                reader = await self._started()
                result = await reader.ask(job)
        except TimeoutError:
            self._leave(reader)
            raise SourceError(f"{job.book.id} did not answer within {limit_s:g} s") from None
        except OSError as error:
            raise SourceError(f"The reader of address books cannot be started: {error}") from None
        finally:
            self._rest()
        if result.error:
            raise SourceError(result.error)
        return result

    async def stop(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None
        self._reader = None
        if readers := tuple(self._readers):
            for reader in readers:
                reader.kill()
            await asyncio.wait([one.task for one in readers], timeout=STOP_LIMIT_S)

    # ------------------------------------------------------------ how

    async def _started(self) -> "_Reader":
        async with self._starting:
            if self._reader is None or not self._reader.lives:
                self._reader = reader = await _Reader.start(self._command)
                self._readers.add(reader)
                reader.task.add_done_callback(lambda _: self._readers.discard(reader))
            return self._reader

    def _leave(self, reader: "_Reader | None") -> None:
        """One of its threads may hang for ever, at a server that sends a byte now and then: what
        comes goes to another reader, and this one ends with what it has begun."""
        if reader is None:
            return
        if reader is self._reader:
            self._reader = None
        reader.end_when_done()

    def _rest(self) -> None:
        """Let the process end when nothing is asked for a while."""
        if self._idle:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._close)

    def _close(self) -> None:
        self._idle = None
        if self._reader and not self._reader.busy:
            self._reader.end_when_done()
            self._reader = None


class _Reader:
    """One process, and what it was asked."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._pending: dict[int, asyncio.Future[Result]] = {}
        self._ending = False
        self.task = asyncio.create_task(self._listen(), name="address book reader")

    @classmethod
    async def start(cls, command: Sequence[str]) -> Self:
        return cls(
            await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
            )
        )

    @property
    def lives(self) -> bool:
        return not self.task.done()

    @property
    def busy(self) -> bool:
        return bool(self._pending)

    async def ask(self, job: Job) -> Result:
        if self._process.stdin is None:
            raise SourceError("The reader of address books has no input")
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending[job.request] = answer
        try:
            self._process.stdin.write(job.encode())
            await self._process.stdin.drain()
            return await answer
        finally:
            self._pending.pop(job.request, None)
            if self._ending:
                self.end_when_done()

    def end_when_done(self) -> None:
        """Take nothing more, and end when everything that was asked is answered or given up."""
        self._ending = True
        if not self._pending:
            self.kill()

    def kill(self) -> None:
        # Not by the process object, which would take the exit status from asyncio's watcher.
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def _listen(self) -> None:
        if self._process.stdout is None:
            return
        with suppress(ValueError):  # a line without end: the process is of no use any more
            while line := await self._process.stdout.readline():
                self._heard(line)
        self.kill()  # also one that only closed its output
        await self._process.wait()
        for answer in self._pending.values():
            if not answer.done():
                answer.set_result(Result(request=0, error="The reader of address books died"))

    def _heard(self, line: bytes) -> None:
        try:
            result = Result.decode(line)
        except (ValueError, TypeError, KeyError) as error:
            logger.warning("the reader of address books says what is no result: %s", error)
            return
        answer = self._pending.get(result.request)
        if answer and not answer.done():
            answer.set_result(result)
