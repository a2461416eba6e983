# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook answer, hangup, hold, resume, mute, unmute, dtmf, flash, redial, callback``."""

import argparse

from offhook.account import Account
from offhook.aio import Phone
from offhook.history import Row

from .history import number
from .output import clean
from .refusal import RefusedError
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
        case "dtmf" | "flash":
            await _signal(phone, options)
        case "callback":
            row = await _to_call_back(phone, options.call)
            call = await phone.dial(row["peer-uri"], account=_same_account(phone, row))
            print(f"{call.name}  {clean(call.peer_uri)}")
        case "redial":
            call = await phone.redial()
            print(f"{call.name}  {clean(call.peer_uri)}")


async def _to_call_back(phone: Phone, name: str) -> Row:
    """The history's row of the call `name` ("c12", "12"), or of the last missed one."""
    if name:
        row = await phone.history.get(number(name))
    else:
        missed = await phone.history.query(1, missed=True)
        if not missed:
            raise RefusedError("Nobody has called in vain")
        (row,) = missed
    if row["peer-uri"].endswith("@anonymous.invalid"):
        raise RefusedError("The caller withheld the number; there is nothing to call back")
    return row


def _same_account(phone: Phone, row: Row) -> Account | None:
    """Whom he called he expects to hear from, as far as that account can call."""
    for account in phone.accounts:
        if account.id == row["account"] and account.state == "registered":
            return account
    return None


async def _signal(phone: Phone, options: argparse.Namespace) -> None:
    if options.command == "flash":
        await find_call(phone, options.call, "Flash").flash()
    else:
        call = find_call(phone, options.call, "SendDtmf")
        await call.send_dtmf(options.tones, options.method)
