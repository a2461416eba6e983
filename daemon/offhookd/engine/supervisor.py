# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps one engine process running: starts it, listens for its end, starts it again."""

import asyncio
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress

from .launch import COMMAND, Launched, launch
from .link import CLOSED, Link
from .protocol import Event, Ping, Reply, Stop

RESTART_DELAYS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""The first try is at once, because most deaths are singular; the last is repeated."""
HEALTHY_AFTER_S = 30.0
"""An engine that lived this long starts the delays from the beginning when it dies."""
PING_EVERY_S = 10.0
"""Often enough for a watchdog of 30 s; each costs two wake-ups."""
LOOK_EVERY_S = 1.0
START_LOOKS = 60
"""Until the first answer: the engine starts within a third of a second, on a machine that has
nothing else to do and has read its files before."""
PING_LOOKS = 20
"""The SIP thread never works longer than some milliseconds, but on an overloaded machine it may get
none of them for long, and an engine that is killed takes its calls along.  In looks, not by the
clock: where the daemon did not get its turn or the whole machine stood still, none has passed."""
STOP_LIMIT_S = 1.5
"""The engine's own teardown takes at most 0.7 s; the daemon must be gone within 2."""
REAP_LIMIT_S = 0.2
"""An engine without its socket is of no use to anybody, whatever it still does."""

logger = logging.getLogger(__name__)


class Supervisor:
    """`up` is called with the link of every new engine, `down` with a sentence at its end."""

    def __init__(
        self,
        up: Callable[[Link], None],
        event: Callable[[Event], None],
        down: Callable[[str], None],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._up = up
        self._event = event
        self._down = down
        self._command = command
        self._task: asyncio.Task[None] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._link: Link | None = None
        self._stopping = asyncio.Event()
        self._renewing = False
        self._deaths = 0
        self._told = ""
        self.alive = False
        """Whether there is an engine that answers or still may, or the next try is being waited
        for: what the service manager's watchdog is told.  Starting the daemon again would not help
        an engine that cannot start, and would take the history from its users."""

    def start(self, first: Launched | None = None) -> None:
        """Keep an engine running from now on; `first` is one that was launched already."""
        self._task = asyncio.create_task(self._keep(first), name="engine supervisor")

    async def stop(self) -> None:
        """End the engine in good order: calls are hung up, accounts unregistered."""
        self._stopping.set()
        if self._link:
            self._link.send(Stop())
        if self._task:
            done, _ = await asyncio.wait([self._task], timeout=STOP_LIMIT_S)
            if not done:
                logger.warning("the engine does not stop; killing it")
                self._kill()
                await self._task
            self._task = None

    def renew(self) -> None:
        """Replace the engine by a new one, in good order."""
        if self._link and not self._renewing:
            self._renewing = True
            self._link.send(Stop())

    async def _keep(self, first: Launched | None) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            why = await self._live(first)
            first = None
            if self._stopping.is_set():
                return
            if self._renewing:
                self._renewing = False
                continue
            if loop.time() - started > HEALTHY_AFTER_S:
                self._deaths, self._told = 0, ""
            self._deaths += 1
            await self._pause(why)
        if first:
            first.discard()

    async def _live(self, first: Launched | None) -> str:
        """The life of one engine, `first` or a new one; why it ended."""
        try:
            launched = first or launch(self._command)
        except OSError as error:
            why = f"cannot be launched: {error.strerror or error}"
            self._down(f"The SIP engine {why}")
            return why
        return await self._run_once(launched)

    async def _pause(self, why: str) -> None:
        """Before the next try, the longer the more there were; said once for each outage."""
        delay_s = RESTART_DELAYS_S[min(self._deaths, len(RESTART_DELAYS_S)) - 1]
        level = logging.DEBUG if why == self._told else logging.ERROR
        self._told = why
        logger.log(level, "the SIP engine is gone (%s); another one in %.2f s", why, delay_s)
        self.alive = True
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()

    async def _run_once(self, launched: Launched) -> str:
        """Run one engine until it is gone; the reason why."""
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._process = process = launched.process
        self._link = link = Link(
            launched.sock, self._event, lambda why: None if ended.done() else ended.set_result(why)
        )
        pinging = asyncio.create_task(self._ping(link), name="engine ping")
        self._up(link)
        why = CLOSED
        try:
            why = await ended
        finally:
            pinging.cancel()
            await asyncio.wait([pinging])
            self.alive = False
            self._link = None
            await self._reap(process)
            self._down(_sentence(why, process.returncode))
        return f"{why}; {describe(process.returncode)}"

    async def _reap(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of a process whose socket is closed; make sure of it."""
        if process.poll() is None:
            await self._end_of(process)

    async def _end_of(self, process: subprocess.Popen[bytes]) -> None:
        try:
            pidfd = os.pidfd_open(process.pid)
        except ProcessLookupError:  # somebody else waited for it, and is about to say so
            process.wait()
            return
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(pidfd, gone.set)
        try:
            async with asyncio.timeout(STOP_LIMIT_S if self._stopping.is_set() else REAP_LIMIT_S):
                await gone.wait()
        except TimeoutError:
            process.kill()
            await gone.wait()
        finally:
            loop.remove_reader(pidfd)
            os.close(pidfd)
        process.wait()

    def _kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()

    async def _ping(self, link: Link) -> None:
        """A SIP thread that hangs is as bad as one that died."""
        looks = START_LOOKS
        self.alive = True
        while await _answers(link, looks):
            looks = PING_LOOKS
            await asyncio.sleep(PING_EVERY_S)
        self.alive = False
        logger.warning("the SIP engine does not answer; killing it")
        self._kill()


async def _answers(link: Link, looks: int) -> bool:
    """Whether a ping is answered before it has been looked for so often."""
    answered = asyncio.Event()

    def heard(reply: Reply) -> None:
        if not reply.error:
            answered.set()

    link.send(Ping(), heard)
    for _ in range(looks):
        with suppress(TimeoutError):
            # Not wait_for: that of Python 3.11 loses a cancellation now and then.
            async with asyncio.timeout(LOOK_EVERY_S):
                await answered.wait()
        if answered.is_set():
            return True
    return False


def _sentence(why: str, returncode: int) -> str:
    """What a person should know of an end; that the socket closed says less than the status."""
    if why == CLOSED:
        return f"The SIP engine {describe(returncode)}"
    return why[:1].upper() + why[1:].rstrip(".")


def describe(returncode: int) -> str:
    """The end of a process in words."""
    if returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"exited with {returncode}" if returncode else "stopped"
