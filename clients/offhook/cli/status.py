# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook status``: the phone at a glance."""

import argparse
import time
from collections.abc import Iterator

from offhook.aio import Phone
from offhook.call import Call

from .accounts import print_accounts
from .output import (
    Colour,
    Table,
    clean,
    duration,
    paint,
    party,
    print_json,
    print_table,
    state_colour,
)
from .session import with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        if options.json:
            print_json(snapshot(phone))
        else:
            _show(phone)
        return 0

    return with_phone(act)


def snapshot(phone: Phone) -> dict[str, object]:
    """Path -> interface -> property -> value, as GetManagedObjects has it, with the root."""
    desks = [one for one in phone.colleagues if one.desk_phone]
    things = [phone, *phone.accounts, *phone.calls, *phone.conferences, *desks]
    return {thing.path: thing.interfaces for thing in things}


def _show(phone: Phone) -> None:
    for line in headline(phone):
        print(line)
    print()
    print_accounts(phone)
    if phone.calls:
        print()
    print_table(*call_table(phone))
    desks = desk_table(phone)
    if desks[1]:
        print()
        print_table(*desks)


def desk_table(phone: Phone) -> Table:
    """The calls of desk phones that are followed."""
    return (
        ("DESK PHONE", "STATE", "PEER"),
        [
            (one.desk_phone, dialog[0], party(*dialog[1:]))
            for one in phone.colleagues
            if one.desk_phone
            for dialog in one.dialogs
        ],
    )


def call_table(phone: Phone) -> Table:
    return (
        ("CALL", "STATE", "TIME", "PEER", ""),
        [(call.name, call.state, _time(call), _peer(call), _notes(call)) for call in phone.calls],
    )


def headline(phone: Phone) -> Iterator[str]:
    """How the phone is, and what a person should know of it."""
    yield f"offhookd {clean(phone.version)}: {paint(phone.state, state_colour(phone.state))}"
    for code, path, text in phone.problems:
        where = "" if path == "/" else f" ({path.rpartition('/')[2]})"
        for line in f"{code}{where}: {text}".splitlines():
            yield paint(clean(line), Colour.RED)


def _time(call: Call) -> str:
    if not call.answered_at:
        return ""
    return duration((call.ended_at or time.time_ns() // 1000) - call.answered_at)


def _peer(call: Call) -> str:
    return party(call.direction, call.peer_uri, call.contact_name or call.peer_name)


def _notes(call: Call) -> str:
    ringing = call.state == "incoming"
    notes = {
        **{call.caller.get(fact, ""): ringing for fact in ("organization", "note", "url")},
        f"called as {clean(call.called_uri)}": call.called_uri,
        f"through {clean(call.through)}": call.through,
        f"forwarded, with {call.connected_path.rpartition('/')[2]}": call.forwarded,
        "on hold": call.local_hold,
        "held by the peer": call.remote_hold,
        "muted": call.muted,
        f"in conference {call.conference_path.rpartition('/')[2]}": call.conference_path != "/",
        "recording paused" if call.recording_paused else "recorded": call.recording,
        "playing a file": call.playing,
        call.codec: call.codec,
        f"{call.quality} quality": call.up and call.quality in ("fair", "poor"),
        ended(call): not call.up,
    }
    return ", ".join(note for note, holds in notes.items() if note and holds)


def ended(call: Call) -> str:
    """Why a call is over, in words: "busy (486 Busy Here)"."""
    status = f"{call.end_code or ''} {call.end_text}".strip()
    return f"{call.end_reason} ({status})" if status else call.end_reason
