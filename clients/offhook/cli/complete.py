# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook complete``: what a shell offers for a word that is being typed.

One line for each: the word, a tab, and what it means.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping

from offhook.aio import Phone
from offhook.bus import Bus
from offhook.errors import OffhookError
from offhook.history import known_name
from offhook.objects import BUS_NAME

from .output import clean

LIMIT_S = 1.0
"""Whoever presses a key waits no longer; then there is nothing to be offered."""

MOST = 50
"""More fit on no screen."""

Word = tuple[str, str]


def run(options: argparse.Namespace) -> int:
    asyncio.run(_offer(options.kind, options.prefix))
    return 0


async def _offer(kind: str, prefix: str) -> None:
    """Errors are nobody's concern here: the command itself will tell them."""
    try:
        async with asyncio.timeout(LIMIT_S):
            words = await _words(kind, prefix)
    except (OffhookError, TimeoutError):
        return
    for word, meaning in words:
        if word and word.isprintable():
            print(f"{word}\t{clean(meaning)}")


async def _words(kind: str, prefix: str) -> list[Word]:
    async with Bus() as bus:
        # Calling a method would start the daemon, which nobody asked for yet.
        if not await bus.ask("NameHasOwner", "s", BUS_NAME):
            return []
    async with Phone() as phone:
        if kind == "contacts":
            return await _contacts(phone, prefix)
        return [one for one in await KINDS[kind](phone) if one[0].startswith(prefix)]


async def _calls(phone: Phone) -> list[Word]:
    return [
        (call.name, f"{call.state} {call.contact_name or call.peer_name or call.peer_uri}")
        for call in phone.calls
        if call.up
    ]


async def _accounts(phone: Phone) -> list[Word]:
    return [(account.id, f"{account.uri} {account.state}") for account in phone.accounts]


async def _devices(phone: Phone) -> list[Word]:
    return [(device.id, device.name) for device in phone.devices]


async def _colleagues(phone: Phone) -> list[Word]:
    return [(_dialled(one.uri), f"{one.label} {one.dialog}") for one in phone.colleagues]


async def _past(phone: Phone) -> list[Word]:
    rows = await phone.history.query(MOST)
    return [(f"c{row['id']}", known_name(row) or row["peer-uri"]) for row in rows]


async def _sounds(phone: Phone) -> list[Word]:
    found = phone.audio.endpoints.items()
    return [("default", "the sound server's choice")] + [
        (name, endpoint["description"]) for name, endpoint in found
    ]


KINDS: Mapping[str, Callable[[Phone], Awaitable[list[Word]]]] = {
    "accounts": _accounts,
    "calls": _calls,
    "colleagues": _colleagues,
    "devices": _devices,
    "past": _past,
    "sounds": _sounds,
}


async def _contacts(phone: Phone, prefix: str) -> list[Word]:
    """By name or number: what is offered need not begin with what was typed."""
    if not prefix:
        return []
    people = await phone.contacts.search(prefix, MOST)
    return [
        (_dialled(uri), f"{person['name']}, {kind}" if kind else person["name"])
        for person in people
        for kind, uri in person["uris"]
    ]


def _dialled(uri: str) -> str:
    """Without a scheme: a colon parts words in bash."""
    scheme, _, rest = uri.partition(":")
    return rest if scheme in ("sip", "tel") else uri
