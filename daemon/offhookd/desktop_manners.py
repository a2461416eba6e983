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
        self._wanted = (False, False)
        """Not to fall asleep; players to be quiet."""
        self._paused: list[str] = []
        self._lock: int | None = None
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        for news in (calls.added, calls.changed, calls.removed):
            news.connect(lambda _: self._follow())
        calls.elsewhere.changed.connect(self._follow)

    async def stop(self) -> None:
        """Leave the desktop as it was."""
        self._wanted = (False, False)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._settle()

    def _follow(self) -> None:
        going_on = [call for call in self._calls if call.state in TALKING]
        talking = self._calls.elsewhere.talking or not all(call.relayed for call in going_on)
        wanted = (talking or bool(going_on), talking)
        if wanted != self._wanted:
            self._wanted = wanted
            task = asyncio.create_task(self._settle(), name="manners")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _settle(self) -> None:
        """Bring the desktop to what fits now; one at a time, and the last word counts."""
        async with self._turn:
            sleepless, talking = self._wanted
            await self._be_quiet(talking and self._config().pause_players)  # somebody listens
            await self._stay_awake(sleepless and self._config().inhibit_sleep)

    async def _stay_awake(self, wanted: bool) -> None:
        if wanted and self._lock is None:
            try:
                self._lock = await asyncio.to_thread(awake.inhibit, WHY)
            except awake.NoLockError as error:
                logger.info("the machine may sleep during calls: %s", error)
        elif not wanted and self._lock is not None:
            awake.release(self._lock)
            self._lock = None

    async def _be_quiet(self, wanted: bool) -> None:
        if wanted and not self._paused:
            try:
                self._paused = await asyncio.to_thread(players.pause_all)
            except players.PlayersError as error:
                logger.info("media players are not paused: %s", error)
        elif not wanted and self._paused:
            paused, self._paused = self._paused, []
            try:
                await asyncio.to_thread(players.resume, paused)
            except players.PlayersError as error:
                logger.info("media players stay paused: %s", error)
