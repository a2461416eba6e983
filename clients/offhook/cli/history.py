# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook history``."""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from offhook.aio import Phone
from offhook.errors import OffhookError
from offhook.history import Row, known_name, was_connected_on

from .output import clock, duration, print_json, print_table
from .refusal import RefusedError
from .session import with_phone

MOST_DIGITS = 19
"""Of the 64 bits that D-Bus has for an id."""


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        match options.act:
            case "list":
                await _list(phone, options)
            case "seen":
                await phone.history.mark_seen(await _newest(phone))
            case "delete" if options.all:
                await phone.history.delete(range(1, await _newest(phone) + 1))
            case "delete":
                await phone.history.delete([number(name) for name in options.calls])
        return 0

    return with_phone(act)


async def _list(phone: Phone, options: argparse.Namespace) -> None:
    rows = await phone.history.query(
        options.limit, missed=options.missed, peer=options.peer, account=options.account
    )
    if options.json:
        print_json(rows)
    else:
        print_rows(rows, await _names(phone, rows))


async def _newest(phone: Phone) -> int:
    rows = await phone.history.query(1)
    return rows[0]["id"] if rows else 0


def number(name: str) -> int:
    """The id of a past call by its name ("c12", "12").  RefusedError when it has no such form."""
    digits = name.removeprefix("c")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS):
        raise RefusedError(f"{name} is no call of the history; see offhook history")
    return int(digits)


async def _names(phone: Phone, rows: Sequence[Row]) -> Mapping[str, str]:
    """What the address books call these peers, as far as they know them."""
    found: dict[str, str] = {}

    async def find(uri: str) -> None:
        with suppress(OffhookError):  # not found, or no address
            found[uri] = (await phone.contacts.lookup(uri))["name"]

    if phone.contacts.sources:
        await asyncio.gather(*map(find, {row["peer-uri"] for row in rows}))
    return found


def print_rows(rows: Sequence[Row], names: Mapping[str, str] | None = None) -> None:
    """A line for each; `names` are those of peers, by their addresses."""
    if not rows:
        print("No call")
    known = names or {}
    print_table(
        ("CALL", "STARTED", "DIRECTION", "LENGTH", "PEER", "END"),
        [
            (
                f"c{row['id']}",
                clock(row["started"]),
                row["direction"],
                _length(row),
                _parties(row, known),
                _end(row),
            )
            for row in rows
        ],
    )


def _parties(row: Row, known: Mapping[str, str]) -> str:
    """The peer, and who was at the other end at last."""
    name = known.get(row["peer-uri"]) or known_name(row)
    parties = [f"{name} {row['peer-uri']}".strip()]
    if was_connected_on(row):
        parties.append(f"{row['connected-name']} {row['connected-uri']}".strip())
    return ", then ".join(parties)


def _length(row: Row) -> str:
    return duration(row["ended"] - row["answered"]) if row["answered"] and row["ended"] else ""


def _end(row: Row) -> str:
    status = f"{row['end-code'] or ''} {row['end-text']}".strip()
    end = f"{row['end-reason']} ({status})" if status else row["end-reason"]
    return f"{end}, through {row['through']}" if row["through"] else end
