# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook dial``."""

import argparse
import sys

from offhook.aio import Phone
from offhook.call import Call

from .output import clean, paint, state_colour
from .session import find_account, with_phone
from .status import ended
from .voicemail import mailbox

VOICEMAIL = "voicemail"
"""Instead of an address: the mail box, where there is one."""


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        if options.check:
            return await _check(phone, options.target)
        account = find_account(phone, options.account) if options.account else None
        target = options.target
        if target == VOICEMAIL and (box := account or mailbox(phone)) and box.voicemail_uri:
            target, account = box.voicemail_uri, box
        call = await phone.dial(
            target,
            account=account,
            confirm=options.confirm,
            muted=options.muted,
            hide_caller_id=options.hide_caller_id,
            codecs=options.codec,
            through=options.through,
        )
        if options.confirm and not await _confirmed(call):
            return 1
        if options.wait:
            return await _stay(call)
        print(f"{call.name}  {clean(call.peer_uri)}")
        return 0

    return with_phone(act)


async def _check(phone: Phone, target: str) -> int:
    """What the dial plan makes of it."""
    parsed = await phone.parse_target(target)
    account = parsed["account"].rpartition("/")[2] or "none"
    note = "  emergency" if parsed["emergency"] else ""
    print(f"{clean(parsed['uri'])}  on {clean(account)}{note}")
    return 0


async def _confirmed(call: Call) -> bool:
    """Ask a person; what nobody agreed to is taken back."""
    from .consent import ask  # noqa: PLC0415 - for links only

    started = False
    try:
        if await ask(call.peer_uri):
            await call.start()
            started = True
        else:
            print("offhook: Not dialled", file=sys.stderr)
    finally:
        if not started and call.up:
            await call.hangup()
    return started


async def _stay(call: Call) -> int:
    """Print the states of a call until it is over, and end it when this program is ended."""
    try:
        async for state in call.states():
            note = "" if call.up else f"  {clean(ended(call))}"
            print(f"{call.name}  {paint(state, state_colour(state))}{note}", flush=True)
    finally:
        if call.up:
            await call.hangup()
    return 0 if call.answered_at else 1
