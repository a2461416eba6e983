# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows and measures sound by the levels the daemon reports."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from statistics import median

from offhook.call import Call, Levels

from .output import Colour, paint
from .refusal import RefusedError

INTERVAL_MS = 50
"""The shortest the daemon offers."""

QUIETEST_DBFS = -60.0
"""Where the bar begins; line noise is below."""
CELLS = 20
EIGHTHS = " ▏▎▍▌▋▊▉"

BURSTS = 9
BURST_MS = 100
"""Two readings long, so that none is missed."""
HEARD_DBFS = -40.0
QUIET_DBFS = -50.0
"""A key tone reads -17 dBFS; what a G.722 decoder goes on humming after one reads up to -58."""
ECHO_LIMIT_S = 10.0
"""A round trip this long is none."""

LINE_EVERY = 20
"""Without a terminal a line a second is enough, with the loudest of it."""


async def show(call: Call, seconds: float) -> Levels:
    """A meter of both directions for some seconds; the loudest of each."""
    terminal = sys.stdout.isatty()
    start, end, every = ("\r", "", 1) if terminal else ("", "\n", LINE_EVERY)
    seen: list[Levels] = []
    async with aclosing(call.levels(INTERVAL_MS)) as levels:
        while len(seen) < seconds * 1000 / INTERVAL_MS:
            seen.append(await _next(levels))
            if len(seen) % every == 0:
                now = _loudest(seen[-every:])
                line = f"{start}  sent {bar(now.sent)}   received {bar(now.received)}"
                print(line, end=end, flush=True)
    if terminal:
        print()
    return _loudest(seen)


async def _next(levels: AsyncIterator[Levels]) -> Levels:
    async for now in levels:
        return now
    raise RefusedError("The call to the echo ended too early")


def _loudest(seen: Sequence[Levels]) -> Levels:
    return Levels(max(one.sent for one in seen), max(one.received for one in seen))


def bar(dbfs: float) -> str:
    """A level in figures and as a bar."""
    filled = min(max(1 - dbfs / QUIETEST_DBFS, 0.0), 1.0) * CELLS
    whole = int(filled)
    part = EIGHTHS[int((filled - whole) * len(EIGHTHS))] if whole < CELLS else ""
    drawn = ("█" * whole + part).ljust(CELLS)
    figure = f"{dbfs:.0f} dBFS" if dbfs > QUIETEST_DBFS else "silence"
    return f"{paint(drawn, Colour.GREEN)} {figure:>9}"


async def round_trip(call: Call) -> float:
    """Seconds a tone needs to the far end and back: the median of several.

    To be measured with the microphone closed.  RefusedError when nothing comes back.
    """
    async with aclosing(call.levels(INTERVAL_MS)) as levels:
        try:
            return median([await _one_trip(call, levels, number) for number in range(BURSTS)])
        except TimeoutError:
            raise RefusedError("The tones sent to the echo did not come back") from None


async def _one_trip(call: Call, levels: AsyncIterator[Levels], number: int) -> float:
    """One tone.  It was heard somewhere in the interval before the reading that shows it; that each
    tone begins at another point of an interval makes the median finer than the readings."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(ECHO_LIMIT_S):
        while (await _next(levels)).received > QUIET_DBFS:
            pass
        await asyncio.sleep(INTERVAL_MS / 1000 * number / BURSTS)
        began = loop.time()
        await call.send_dtmf("1", "inband", BURST_MS)
        while (await _next(levels)).received < HEARD_DBFS:
            pass
    return loop.time() - began - INTERVAL_MS / 2000
