# SPDX-License-Identifier: GPL-2.0-or-later
"""Watches one server that calls may use and can do without: is it there, and what does it say?"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from offhookd.phone.errors import PhoneError

ALIVE_S = 120.0
"""Between two looks at a server that answers.  A call that finds it gone before the next look waits
for it for 0.35 s, and no other call does."""

DEAD_S = (2.0, 5.0, 15.0, 60.0)
"""The same for one that does not; the last is repeated."""

REFUSED_S = 900.0
"""The same for one that refuses us: nothing changes until a person does something, and servers bar
those who try too often."""

SHORTEST_PAUSE_S = 1.0
"""However often an engine says that it misses an answer."""

logger = logging.getLogger(__name__)

Found = TypeVar("Found")


class ServerError(PhoneError):
    """The server is of no use now."""


class RefusingError(ServerError):
    """The server is there, and does not want us."""


class ServerWatch(Generic[Found]):
    """The last look at a server, and when the next one is due.

    `name`: for the log, "STUN server stun.example.com".  `found` is None and `reason` "" before the
    first look has ended.  `look` raises a `PhoneError` with a sentence.
    """

    def __init__(
        self, name: str, look: Callable[[], Awaitable[Found]], changed: Callable[[], None]
    ) -> None:
        self.name = name
        self.found: Found | None = None
        self.reason = ""
        self._look = look
        self._changed = changed
        self._pause_s = ALIVE_S
        self._failures = 0
        self._hurry = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=name)

    def hurry(self) -> None:
        """Look again now."""
        self._failures = 0
        self._hurry.set()

    def cancel(self) -> None:
        self.task.cancel()

    async def _run(self) -> None:
        while True:
            self._hurry.clear()
            try:
                self._seen(await self._look())
            except PhoneError as error:
                self._missed(error)
            self._changed()
            await asyncio.sleep(SHORTEST_PAUSE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s):
                    await self._hurry.wait()

    def _seen(self, found: Found) -> None:
        before, self.found = self.found, found
        self._failures, self.reason, self._pause_s = 0, "", ALIVE_S
        if str(before) != str(found):
            logger.info("%s: %s", self.name, found)

    def _missed(self, error: PhoneError) -> None:
        level = logging.DEBUG if self.reason else logging.WARNING
        logger.log(level, "%s is not used: %s", self.name, error)
        self.found, self.reason = None, str(error)
        self._failures = min(self._failures + 1, len(DEAD_S))
        refused = isinstance(error, RefusingError)
        self._pause_s = REFUSED_S if refused else DEAD_S[self._failures - 1]
