# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook watch`` on a terminal: one screen, drawn anew at every change."""

import asyncio
import shutil
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from offhook.aio import Phone
from offhook.changes import Changes, Event

from .accounts import account_table
from .colleagues import colleague_table
from .devices import device_table
from .output import Colour, Table, paint, table_lines
from .status import call_table, headline
from .watch import as_line

# ECMA-48 and xterm: the other screen, no cursor, no lines that wrap.
ENTER = "\033[?1049h\033[?25l\033[?7l"
LEAVE = "\033[?7h\033[?25h\033[?1049l"
HOME, REST_OF_LINE, REST_OF_SCREEN = "\033[H", "\033[K", "\033[J"

TICK_S = 1.0
"""Durations are shown in seconds."""

SHORTEST_GAP_S = 0.05
"""A burst of changes is drawn once."""

MOST_EVENTS = 50

ABSENT = "offhookd is not running; it appears here when it is"


async def show_live(phone: Phone) -> int:
    """Until Ctrl-C; NoDaemonError when the bus itself is gone."""
    lines: deque[str] = deque(maxlen=MOST_EVENTS)
    news = asyncio.Event()
    following = asyncio.create_task(_follow(phone.changes(), lines, news), name="changes")
    try:
        with _screen():
            while not following.done():
                _draw(screen(phone, lines, shutil.get_terminal_size().lines))
                await asyncio.sleep(SHORTEST_GAP_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await news.wait()
                news.clear()
        await following
    finally:
        following.cancel()
        await asyncio.wait([following])
    return 0


async def _follow(changes: Changes, lines: deque[str], news: asyncio.Event) -> None:
    try:
        async for change in changes:
            if not (isinstance(change, Event) and change.member == "Levels"):
                lines.append(as_line(change))
            news.set()
    finally:
        news.set()


def screen(phone: Phone, events: Iterable[str], height: int) -> list[str]:
    """At most `height` lines: what there is, and as many of the last events as fit below."""
    lines = list(_present(phone)) if phone.present else [ABSENT]
    room = height - len(lines) - 2
    last = list(events)[-room:] if room > 0 else []
    if last:
        lines += ["", paint("LAST", Colour.BOLD), *last]
    return lines[:height]


def _present(phone: Phone) -> Iterator[str]:
    yield from headline(phone)
    tables: tuple[Table, ...] = (
        account_table(phone),
        call_table(phone),
        device_table(phone),
        colleague_table(phone),
    )
    for table in tables:
        if lines := [*table_lines(*table)]:
            yield ""
            yield from lines


@contextmanager
def _screen() -> Iterator[None]:
    sys.stdout.write(ENTER)
    try:
        yield
    finally:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()


def _draw(lines: Iterable[str]) -> None:
    """Over what was there, which does not flicker."""
    text = f"{REST_OF_LINE}\r\n".join(lines)
    sys.stdout.write(f"{HOME}{text}{REST_OF_LINE}{REST_OF_SCREEN}")
    sys.stdout.flush()
