# SPDX-License-Identifier: GPL-2.0-or-later
"""Running somebody's program for its answer: no shell, a time limit, bounded memory."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

STDOUT, STDERR = 1, 2


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` as `subprocess` has it: negative for a signal.  The lines are the first of each
    stream, without their end, and longer than the limit by some bytes if they exceed it."""

    status: int
    line: bytes
    complaint: bytes


async def answer(
    command: Sequence[str],
    seconds: float,
    most_bytes: int,
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Run `command` to its end, in `environment` or our own.  `OSError` if it cannot be started;
    `TimeoutError` after `seconds`, when it and its children have been killed, as they are on
    cancellation."""
    running = _Running(most_bytes)
    starting = asyncio.create_task(
        asyncio.get_running_loop().subprocess_exec(
            lambda: running,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # so that its children can be killed with it
        )
    )
    try:
        async with asyncio.timeout(seconds):
            # Given up while it starts, asyncio would end the program but not its children.
            await asyncio.shield(starting)
            await running.finished.wait()
    finally:
        transport, _ = await starting
        if transport.get_returncode() is None:
            with suppress(ProcessLookupError):
                os.killpg(transport.get_pid(), signal.SIGKILL)
            await running.exited.wait()
        transport.close()
    status = transport.get_returncode()
    return Answer(-1 if status is None else status, running.line(STDOUT), running.line(STDERR))


class _Running(asyncio.SubprocessProtocol):
    """Reads to the end, as the program may not like a closed pipe, but keeps the beginning only.

    Not asyncio's `Process`: its `wait` never returns while unread output fills a pipe.
    """

    def __init__(self, most_bytes: int) -> None:
        self.exited = asyncio.Event()
        self.finished = asyncio.Event()
        self._most_bytes = most_bytes
        self._heads = {STDOUT: b"", STDERR: b""}

    def line(self, stream: int) -> bytes:
        return self._heads[stream].partition(b"\n")[0]

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        missing = self._most_bytes + 1 - len(self._heads[fd])
        self._heads[fd] += data[:missing]

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The program has ended and its pipes are closed."""
        self.finished.set()
