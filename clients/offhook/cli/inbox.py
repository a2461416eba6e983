# SPDX-License-Identifier: GPL-2.0-or-later
"""What a telephone set sends while a person is asked for its keys."""

import asyncio

from .refusal import RefusedError
from .typing_hand import TypingHand


class Inbox:
    """Reports with the time at which they came."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reports: list[tuple[float, bytes]] = []
        self._news = asyncio.Event()
        self._ended: str | None = None

    def put(self, report: bytes) -> None:
        self._reports.append((self._loop.time(), report))
        self._news.set()

    def end(self, text: str) -> None:
        self._ended = text or "It was unplugged; nothing has been written"
        self._news.set()

    def clear(self) -> None:
        self._reports.clear()
        self._news.clear()

    def taken(self) -> list[tuple[float, bytes]]:
        if self._ended is not None:
            raise RefusedError(self._ended)
        reports, self._reports = self._reports, []
        self._news.clear()
        return reports

    async def wait(self) -> None:
        await self._news.wait()

    async def more(self, seconds: float) -> list[tuple[float, bytes]]:
        """What came, within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.wait()
        except TimeoutError:
            return []
        return self.taken()


async def first_of(hand: TypingHand, inbox: Inbox) -> str:
    """What was typed ("-" for nothing but Enter), "" when a key of the device came first."""
    typing = asyncio.ensure_future(hand.line())
    pressing = asyncio.ensure_future(inbox.wait())
    done, waiting = await asyncio.wait({typing, pressing}, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return "" if pressing in done else typing.result() or "-"
