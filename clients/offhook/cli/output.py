# SPDX-License-Identifier: GPL-2.0-or-later
"""How things are shown: clean, aligned, in colour where that is seen."""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

PLACEHOLDER = "\N{REPLACEMENT CHARACTER}"
USEC = 1_000_000
"""Microseconds in a second."""

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""A header, and rows as long as it."""


class Colour(StrEnum):
    """ANSI select graphic rendition."""

    NONE = ""
    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"


_STATE_COLOURS = {
    **dict.fromkeys(("active", "registered", "running"), Colour.GREEN),
    **dict.fromkeys(("incoming", "ringing", "early", "registering", "dialing"), Colour.YELLOW),
    **dict.fromkeys(("failed", "degraded", "missed"), Colour.RED),
    **dict.fromkeys(("ended", "disabled"), Colour.DIM),
}


def clean(text: str) -> str:
    """Text that others chose, fit for a terminal: no control characters, no reordering."""
    return "".join(one if one.isprintable() else PLACEHOLDER for one in text)


def colourful() -> bool:
    """Whether stdout shows colours and the user wants them (https://no-color.org)."""
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") not in {"", "dumb"}
    )


def paint(text: str, colour: Colour) -> str:
    return f"\033[{colour}m{text}\033[m" if colour and colourful() else text


def state_colour(state: str) -> Colour:
    return _STATE_COLOURS.get(state.strip(), Colour.NONE)


def print_json(value: object) -> None:
    """One line, at once; what is not ASCII is escaped."""
    print(json.dumps(value), flush=True)


def only(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """These of them, for JSON."""
    return {name: properties[name] for name in names}


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as they need; states in their colours.  Nothing for no rows."""
    for line in table_lines(header, rows):
        print(line)


def table_lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    cells = [[clean(cell) for cell in row] for row in rows]
    if not cells:
        return
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    yield paint(_line(header, widths), Colour.BOLD)
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(paint(cell, state_colour(cell)) for cell in padded).rstrip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(map(str.ljust, cells, widths)).rstrip()


def party(direction: str, uri: str, name: str) -> str:
    """The far end of a call, with an arrow in words."""
    arrow = {"incoming": "from ", "outgoing": "to "}.get(direction, "")
    return f"{arrow}{name} {uri}".rstrip() if name else f"{arrow}{uri}" if uri else ""


def clock(usec: int) -> str:
    """A time of day or date, in the local time zone; "" for never."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(usec / USEC)) if usec else ""


def duration(usec: int) -> str:
    """Hours, minutes and seconds, as short as it goes."""
    seconds = max(0, usec) // USEC
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
