# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook history``."""

import argparse
from collections.abc import Sequence

from offhook.aio import Phone
from offhook.history import Row

from .output import clock, duration, print_json, print_table
from .session import with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        rows = await phone.history.query(options.limit, missed=options.missed)
        if options.json:
            print_json(rows)
        else:
            print_rows(rows)
        return 0

    return with_phone(act)


def print_rows(rows: Sequence[Row]) -> None:
    print_table(
        ("CALL", "STARTED", "DIRECTION", "LENGTH", "PEER", "END"),
        [
            (
                f"c{row['id']}",
                clock(row["started"]),
                row["direction"],
                _length(row),
                f"{row['peer-name']} {row['peer-uri']}".strip(),
                _end(row),
            )
            for row in rows
        ],
    )


def _length(row: Row) -> str:
    return duration(row["ended"] - row["answered"]) if row["answered"] and row["ended"] else ""


def _end(row: Row) -> str:
    status = f"{row['end-code'] or ''} {row['end-text']}".strip()
    return f"{row['end-reason']} ({status})" if status else row["end-reason"]
