# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook messages``."""

import argparse
import sys
from collections.abc import Sequence

from offhook.aio import Phone
from offhook.messages import MessageRow

from .output import clock, print_json, print_table
from .session import find_account, with_phone

FROM_INPUT = "-"


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        match options.act:
            case "list":
                rows = await phone.messages.query(options.limit, unread=options.unread)
                print_json(rows) if options.json else print_messages(rows)
            case "send":
                await _send(phone, options)
            case "read":
                await phone.messages.mark_read(options.id or await _newest(phone))
        return 0

    return with_phone(act)


async def _send(phone: Phone, options: argparse.Namespace) -> None:
    account = find_account(phone, options.account) if options.account else None
    words = " ".join(options.text)
    text = sys.stdin.read().rstrip("\n") if words == FROM_INPUT else words
    await phone.messages.send(options.target, text, account=account)


async def _newest(phone: Phone) -> int:
    rows = await phone.messages.query(1)
    return rows[0]["id"] if rows else 0


def print_messages(rows: Sequence[MessageRow]) -> None:
    """A line for each; what nobody has read yet has a star."""
    if not rows:
        print("No message")
    print_table(
        ("", "ID", "AT", "", "PEER", "TEXT"),
        [
            (
                "" if row["read"] else "*",
                str(row["id"]),
                clock(row["at"]),
                _status(row),
                row["peer-name"] or row["peer-uri"],
                " / ".join(row["text"].splitlines()),
            )
            for row in rows
        ],
    )


def _status(row: MessageRow) -> str:
    if row["status"] == "failed":
        return f"to, failed ({row['reason']})"
    return "from" if row["direction"] == "incoming" else f"to, {row['status']}"
