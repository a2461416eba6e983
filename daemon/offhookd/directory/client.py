# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's side of the reader process: started when there is something to ask, ended when
there was nothing for a while."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from .errors import SourceError
from .jobs import LONGEST_LINE, Job, Result

COMMAND = (sys.executable, "-m", "offhookd.directory")

IDLE_S = 60.0
"""It needs 40 MB and 0.2 s to start: kept while somebody types, not between two calls."""
STOP_LIMIT_S = 0.3
"""It has nothing to lose: the index survives its death at any moment."""

logger = logging.getLogger(__name__)


class ReaderClient:
    def __init__(self, command: Sequence[str] = COMMAND, idle_s: float = IDLE_S) -> None:
        self._command = command
        self._idle_s = idle_s
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._pending: dict[int, asyncio.Future[Result]] = {}
        self._last = 0
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, job: Job, limit_s: float) -> Result:
        """The result of `job` (its `request` is set here); `SourceError` with its sentence when
        it failed or took longer."""
        self._last += 1
        job = replace(job, request=self._last)
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending[job.request] = answer
        try:
            async with asyncio.timeout(limit_s):
                await self._send(job)
                result = await answer
        except TimeoutError:
            raise SourceError(f"{job.book.id} did not answer within {limit_s:g} s") from None
        except OSError as error:
            raise SourceError(f"The reader of address books cannot be started: {error}") from None
        finally:
            self._pending.pop(job.request, None)
            self._rest()
        if result.error:
            raise SourceError(result.error)
        return result

    async def stop(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if self._process and self._process.returncode is None:
            self._process.kill()
        if self._task:
            await asyncio.wait([self._task], timeout=STOP_LIMIT_S)
            self._task = None

    # ------------------------------------------------------------ how

    async def _send(self, job: Job) -> None:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=LONGEST_LINE,
                )
                self._task = asyncio.create_task(
                    self._listen(self._process), name="address book reader"
                )
        if self._process.stdin is None:
            raise SourceError("The reader of address books has no input")
        self._process.stdin.write(job.encode())
        await self._process.stdin.drain()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        with suppress(ValueError):  # a line without end: the process is of no use any more
            while line := await process.stdout.readline():
                self._heard(line)
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()
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

    def _rest(self) -> None:
        """Let the process end when nothing is asked for a while."""
        if self._idle:
            self._idle.cancel()
        if self._pending:
            self._idle = None
            return
        self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._close)

    def _close(self) -> None:
        if self._process and self._process.stdin and not self._pending:
            self._process.stdin.close()
            self._process = None
