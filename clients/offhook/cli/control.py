# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook answer, hangup, hold, resume, mute, unmute, dtmf, redial``."""

import argparse

from offhook.aio import Phone

from .output import clean
from .session import find_call, with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        await _act(phone, options)
        return 0

    return with_phone(act)


async def _act(phone: Phone, options: argparse.Namespace) -> None:
    match options.command:
        case "answer":
            await find_call(phone, options.call, "Answer").answer()
        case "hangup" if options.all:
            await phone.hangup_all()
        case "hangup":
            await find_call(phone, options.call).hangup()
        case "hold":
            await find_call(phone, options.call, "Hold").hold()
        case "resume":
            await find_call(phone, options.call, "Resume").resume()
        case "mute" | "unmute":
            await find_call(phone, options.call).mute(options.command == "mute")
        case "dtmf":
            call = find_call(phone, options.call, "SendDtmf")
            await call.send_dtmf(options.tones, options.method)
        case "redial":
            call = await phone.redial()
            print(f"{call.name}  {clean(call.peer_uri)}")
