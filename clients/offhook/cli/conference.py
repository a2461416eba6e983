# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook merge, split``."""

import argparse

from offhook.aio import Phone
from offhook.call import Call

from .refusal import RefusedError
from .session import find_call, with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        if options.command == "merge":
            print((await phone.merge(*_chosen(phone, options.calls))).name)
        else:
            await _split(phone, find_call(phone, options.call))
        return 0

    return with_phone(act)


def _chosen(phone: Phone, names: list[str]) -> list[Call]:
    """The calls with these names; without any, all whose parties are connected."""
    if names:
        return [find_call(phone, name) for name in names]
    return [call for call in phone.calls if call.state == "active"]


async def _split(phone: Phone, call: Call) -> None:
    for conference in phone.conferences:
        if conference.path == call.conference_path:
            await conference.split(call)
            return
    raise RefusedError(f"{call.name} is in no conference")
