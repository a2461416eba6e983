# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook swap, transfer, redirect``."""

import argparse

from offhook.aio import Phone
from offhook.call import Call

from .refusal import RefusedError
from .session import find_call, with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        await _act(phone, options)
        return 0

    return with_phone(act)


async def _act(phone: Phone, options: argparse.Namespace) -> None:
    match options.command:
        case "swap":
            await phone.swap()
        case "redirect":
            await find_call(phone, options.call, "Redirect").redirect(options.target)
        case "transfer" if options.to:
            other = find_call(phone, options.to)
            await _beside(phone, options.call, other).transfer_to(other)
        case "transfer":
            await find_call(phone, options.call, "Transfer").transfer(options.target)


def _beside(phone: Phone, name: str, other: Call) -> Call:
    """The call `name`, or the only one that can be joined to `other`."""
    if name:
        return find_call(phone, name)
    able = [call for call in phone.calls if "TransferTo" in call.actions and call is not other]
    if len(able) != 1:
        raise RefusedError("Which call? Name it with --call")
    return able[0]
