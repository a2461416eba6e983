# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook toggle``: what a single key of the desktop can do both ways."""

import argparse

from offhook.aio import Phone

from .forward import DND
from .session import find_call, with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        await _toggle(phone, options.what, options.call)
        return 0

    return with_phone(act)


async def _toggle(phone: Phone, what: str, name: str) -> None:
    match what:
        case "dnd":
            await phone.set_availability("available" if phone.availability == DND else DND)
        case "call":
            call = find_call(phone, name or _first(phone, phone.ringing_path, phone.focus_path))
            await (call.answer() if "Answer" in call.actions else call.hangup())
        case "mute":
            call = find_call(phone, name or _first(phone, phone.focus_path))
            await call.mute(not call.muted)
        case "hold":
            call = find_call(phone, name or _first(phone, phone.focus_path))
            await (call.resume() if call.local_hold else call.hold())


def _first(phone: Phone, *paths: str) -> str:
    """The first of these calls that there is, else whichever is the only one."""
    known = {call.path: call.name for call in phone.calls if call.up}
    return next((known[path] for path in paths if path in known), "")
