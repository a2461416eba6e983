# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook presence, colleagues, pickup``."""

import argparse

from offhook.aio import MANAGER, Phone
from offhook.presence import Presence

from .output import Table, clean, only, party, print_json, print_table
from .refusal import RefusedError
from .session import with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        match options.command:
            case "presence":
                await _presence(phone, options)
            case "pickup":
                call = await find_colleague(phone, options.name).pickup()
                print(f"{call.name}  {clean(call.peer_uri)}")
            case "colleagues":
                await _colleagues(phone, options)
        return 0

    return with_phone(act)


async def _presence(phone: Phone, options: argparse.Namespace) -> None:
    """Show or set what others see of us."""
    if options.act == "set":
        if options.note is not None:
            await phone.set_availability_note(options.note)
        await phone.set_availability(options.state)
    elif options.json:
        print_json(only(phone.interfaces[MANAGER], "Availability", "AvailabilityNote"))
    else:
        note = f"  {clean(phone.availability_note)}" if phone.availability_note else ""
        print(f"{phone.availability}{note}")
        for code, _, text in phone.problems:
            if code == "presence-publish":
                print(clean(text))


async def _colleagues(phone: Phone, options: argparse.Namespace) -> None:
    match options.act:
        case "add":
            added = await phone.watch(options.address, persistent=True)
            print(f"{added.name}  {clean(added.uri)}")
        case "remove":
            await find_colleague(phone, options.name).unwatch()
        case "list" if options.json:
            print_json({one.path: one.interfaces for one in phone.colleagues})
        case "list":
            _print(phone)


def _print(phone: Phone) -> None:
    if not phone.colleagues:
        print("Nobody is watched: offhook colleagues add NUMBER")
    print_table(*colleague_table(phone))


def colleague_table(phone: Phone) -> Table:
    return (
        ("", "NAME", "ADDRESS", "STATE", "TELEPHONE", ""),
        [
            (one.name, one.label, one.uri, one.state, one.dialog, _detail(one))
            for one in phone.colleagues
        ],
    )


def _detail(one: Presence) -> str:
    """Whose telephone it is, whom it talks to, the note, and why nothing is heard."""
    own = f"your desk phone {one.desk_phone}" if one.desk_phone else ""
    parties = [party(*dialog[1:]) for dialog in one.dialogs]
    trouble = "" if one.subscription == "active" else one.subscription
    return ", ".join(filter(None, (own, *parties, one.note, trouble, one.subscription_text)))


def find_colleague(phone: Phone, name: str) -> Presence:
    """Who is watched as `name`: p7, a label, an address, or the number in it.  RefusedError when
    that is nobody, or more than one."""
    wanted = name.lower()
    found = [one for one in phone.colleagues if wanted in _names(one)]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(f"{one.name} ({one.uri})" for one in found)
        raise RefusedError(f"Who? Name one of {listed}")
    raise RefusedError(f"Nobody is watched as {name}; see offhook colleagues")


def _names(one: Presence) -> set[str]:
    address = one.uri.partition(":")[2]
    return {
        one.name,
        one.label.lower(),
        one.uri.lower(),
        address.lower(),
        address.partition("@")[0],
    }
