#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone in a status bar: a line whenever something changes, also over a restart of offhookd.

waybar     "custom/phone": {"exec": "status_line.py --waybar", "return-type": "json"}
i3blocks   [phone]  command=status_line.py  interval=persist
polybar    type = custom/script, exec = status_line.py, tail = true
tmux       set -g status-right '#(status_line.py --once)'
"""

import asyncio
import json
import sys
from contextlib import suppress

from offhook.aio import Phone


def state_of(phone: Phone) -> tuple[str, str]:
    """A word for the style sheet, and the text."""
    if not phone.present:
        return "offline", "no phone"
    calls = [call for call in phone.calls if call.up]
    for call in sorted(calls, key=lambda one: one.state != "incoming"):
        name = call.contact_name or call.peer_name or call.peer_uri
        state = "held" if call.local_hold else call.state
        return state, f"{state}: {name}" + (" (muted)" if call.muted else "")
    if missed := phone.history.unseen_missed:
        return "missed", f"{missed} missed"
    if phone.availability == "dnd":
        return "dnd", "do not disturb"
    bad = [one.id for one in phone.accounts if one.state not in ("registered", "disabled")]
    return ("degraded", f"offline: {', '.join(bad)}") if bad else ("idle", "phone")


async def main(*, waybar: bool, once: bool) -> None:
    shown = ""
    async with Phone(stay=True) as phone:
        changes = phone.changes()
        while True:
            kind, text = state_of(phone)
            line = json.dumps({"text": text, "class": kind}) if waybar else text
            if line != shown:
                print(line, flush=True)
                shown = line
            if once:
                return
            await anext(changes)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, BrokenPipeError):
        asyncio.run(main(waybar="--waybar" in sys.argv, once="--once" in sys.argv))
