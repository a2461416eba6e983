# SPDX-License-Identifier: GPL-2.0-or-later
"""What the desktop does during a call, here or at a desk phone that is followed: its players are
quiet, and it does not fall asleep."""

import asyncio
import logging
from collections.abc import Callable

from offhookd.config.schema import DesktopConfig
from offhookd.desktop import awake, players
from offhookd.phone.calls import Calls
from offhookd.phone.values import CallState

TALKING = (CallState.DIALING, CallState.RINGING, CallState.EARLY, CallState.ACTIVE)
"""Not "incoming": the music plays on until the user picks up."""

WHY = "A call goes on"

logger = logging.getLogger(__name__)


class DesktopManners:
    """Follows `calls`.  What fails is logged and never touches a call."""

    def __init__(self, calls: Calls, config: Callable[[], DesktopConfig]) -> None:
        self._calls = calls
        self._config = config
        self._talking = False
        self._paused: list[str] = []
        self._lock: int | None = None
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        for news in (calls.added, calls.changed, calls.removed):
            news.connect(lambda _: self._follow())
        calls.elsewhere.changed.connect(self._follow)

    async def stop(self) -> None:
        """Leave the desktop as it was."""
        self._talking = False
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._settle()

    def _follow(self) -> None:
        talking = self._calls.elsewhere.talking or any(
            call.state in TALKING for call in self._calls
        )
        if talking != self._talking:
            self._talking = talking
            task = asyncio.create_task(self._settle(), name="manners")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _settle(self) -> None:
        """Bring the desktop to what fits now; one at a time, and the last word counts."""
        async with self._turn:
            if self._talking:
                await self._begin()
            else:
                await self._end()

    async def _begin(self) -> None:
        config = self._config()
        if config.inhibit_sleep and self._lock is None:
            try:
                self._lock = await asyncio.to_thread(awake.inhibit, WHY)
            except awake.NoLockError as error:
                logger.info("the machine may sleep during calls: %s", error)
        if config.pause_players and not self._paused:
            try:
                self._paused = await asyncio.to_thread(players.pause_all)
            except players.PlayersError as error:
                logger.info("media players are not paused: %s", error)

    async def _end(self) -> None:
        if self._lock is not None:
            awake.release(self._lock)
            self._lock = None
        paused, self._paused = self._paused, []
        if paused:
            try:
                await asyncio.to_thread(players.resume, paused)
            except players.PlayersError as error:
                logger.info("media players stay paused: %s", error)
