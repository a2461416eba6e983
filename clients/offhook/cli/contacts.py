# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook contacts``."""

import argparse
from collections.abc import Sequence

from offhook.aio import Phone
from offhook.contacts import Contact

from .output import print_json, print_table
from .session import with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        match options.act:
            case "list" if options.json:
                print_json([list(one) for one in phone.contacts.sources])
            case "list":
                _print_sources(phone)
            case "search":
                _print(await phone.contacts.search(options.text, options.limit), json=options.json)
            case "lookup":
                _print([await phone.contacts.lookup(options.uri)], json=options.json)
            case "refresh":
                await phone.contacts.refresh(options.source)
        return 0

    return with_phone(act)


def _print_sources(phone: Phone) -> None:
    if not phone.contacts.sources:
        print("No address book is configured: see directory: in the configuration")
    print_table(("ADDRESS BOOK", "KIND", "STATE"), phone.contacts.sources)
    for code, _, text in phone.problems:
        if code == "directory-source":
            print(text)


def _print(people: Sequence[Contact], *, json: bool) -> None:
    if json:
        print_json(people)
        return
    print_table(
        ("NAME", "ORGANIZATION", "ADDRESSES", "SOURCE"),
        [
            (
                one["name"],
                one["organization"],
                ", ".join(f"{uri} ({kind})" for kind, uri in one["uris"]),
                one["source"],
            )
            for one in people
        ],
    )
