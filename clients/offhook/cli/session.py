# SPDX-License-Identifier: GPL-2.0-or-later
"""A verb's time with the phone, and what its words name there."""

import asyncio
from collections.abc import Awaitable, Callable

from offhook.account import Account
from offhook.aio import Phone
from offhook.call import Call
from offhook.device import Device

from .refusal import RefusedError


def with_phone(act: Callable[[Phone], Awaitable[int]], *, stay: bool = False) -> int:
    """Connect, do it, leave; the exit status.  With `stay` the daemon may come and go."""

    async def session() -> int:
        async with Phone(stay=stay) as phone:
            return await act(phone)

    return asyncio.run(session())


def find_call(phone: Phone, name: str, action: str = "") -> Call:
    """The call `name` ("c12", "12"), or with "" the only one; one that can do `action` is
    preferred.  RefusedError when there is none, or more than one."""
    calls = [call for call in phone.calls if call.up]
    if name:
        for call in phone.calls:
            if name.rpartition("/")[2] in {call.name, str(call.id)}:
                return call
        known = f"; there is {_listed(calls)}" if calls else "; there is no call"
        raise RefusedError(f"There is no call {name}{known}")
    if not calls:
        raise RefusedError("There is no call")
    able = [call for call in calls if action in call.actions] or calls
    if len(able) > 1:
        raise RefusedError(f"Which call? Name one of {_listed(able)}")
    return able[0]


def find_account(phone: Phone, name: str) -> Account:
    """The account with this id.  RefusedError when there is none."""
    for account in phone.accounts:
        if account.id == name:
            return account
    known = ", ".join(account.id for account in phone.accounts) or "none"
    raise RefusedError(f"There is no account {name}; configured are: {known}")


def find_device(phone: Phone, name: str) -> Device:
    """The set with this id, or the only one with a part of it or of its name.  RefusedError when
    there is none, or more than one."""
    fitting = [one for one in phone.devices if name == one.id] or [
        one for one in phone.devices if name.lower() in f"{one.id} {one.name}".lower()
    ]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(device.id for device in phone.devices) or "none"
    raise RefusedError(f"Which telephone set is {name}? Plugged in are: {known}")


def _listed(calls: list[Call]) -> str:
    return ", ".join(f"{call.name} ({call.peer_uri})" for call in calls)
