# SPDX-License-Identifier: GPL-2.0-or-later
"""Who a call is with, in words."""

from datetime import datetime

from offhook.call import Call
from offhook.history import Row, was_connected_on

from .words import tr

LONGEST = 80
"""More of a name that somebody else chose is not shown."""

DEALT_WITH = {"local", "declined", "elsewhere", "forwarded", "transferred"}
"""Ends of an incoming call that its user knows of."""


def shown(text: str) -> str:
    """Text that others chose, on one line: no control characters, no reordering, not endless."""
    clean = "".join(one if one.isprintable() else " " for one in text)
    line = " ".join(clean.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def number(uri: str) -> str:
    """What a person would dial: the user part of an address at a server, else the address."""
    scheme, colon, rest = uri.partition(":")
    if not colon or scheme.lower() not in {"sip", "sips", "tel"}:
        return shown(uri)
    address = rest.partition(";")[0]
    user, at, _ = address.rpartition("@")
    if address.endswith("@anonymous.invalid"):
        return tr("Number withheld")
    return shown(user if at and user.lstrip("+").isdecimal() else address)


def party(call: Call) -> str:
    """The other side's name as the address books or the other side itself tell, or its number."""
    return shown(call.contact_name or call.peer_name) or number(call.peer_uri)


def details(call: Call) -> list[str]:
    """What else is known, each a line: number, organization, note, which number was called,
    who sent the call here."""
    caller = call.caller
    lines = [number(call.peer_uri), shown(caller.get("organization", ""))]
    lines.append(shown(caller.get("note", "")))
    if call.called_uri:
        lines.append(tr("Called: {}").format(number(call.called_uri)))
    if call.diversion_uri:
        lines.append(tr("Forwarded by {}").format(number(call.diversion_uri)))
    return [line for line in lines if line and line != party(call)]


def row_party(row: Row) -> str:
    """The peer, and who was at the other end at last."""
    peer = shown(row["peer-name"]) or number(row["peer-uri"])
    if not was_connected_on(row):
        return peer
    return f"{peer} → {shown(row['connected-name']) or number(row['connected-uri'])}"


def row_time(row: Row, now: datetime) -> str:
    """When a call began: the time today, the day before that."""
    began = datetime.fromtimestamp(row["started"] / 1e6, tz=now.tzinfo)
    return began.strftime("%H:%M" if began.date() == now.date() else "%Y-%m-%d %H:%M")


def missed(row: Row) -> bool:
    """Whether somebody called in vain and the user did not deal with it, on any device."""
    return (
        row["direction"] == "incoming"
        and bool(row["ended"])
        and not row["answered"]
        and row["end-reason"] not in DEALT_WITH
    )


def length(seconds: int) -> str:
    """Of a call: 0:07, 1:02:03."""
    minutes, seconds = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
