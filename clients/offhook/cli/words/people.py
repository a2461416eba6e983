# SPDX-License-Identifier: GPL-2.0-or-later
"""Address books, colleagues, messages and the voice mail box."""

import argparse
from typing import Any

from .common import actions, add_json, add_limit, add_verb, positive

AVAILABILITIES = ("available", "busy", "away", "dnd", "offline")


def add(verbs: Any) -> None:
    _add_contacts(add_verb(verbs, "contacts", "contacts", "look people up in the address books"))
    _add_colleagues(verbs)
    _add_messages(verbs)


def _add_colleagues(verbs: Any) -> None:
    presence = add_verb(verbs, "presence", "colleagues", "what others see of you")
    acts = actions(presence)
    text = "say whether you are available"
    state = acts.add_parser("set", help=text, description=text)
    state.add_argument("state", choices=AVAILABILITIES, help="dnd: calls do not ring")
    state.add_argument("--note", metavar="TEXT", help='a line to go with it; "" for none')
    acts = actions(add_verb(verbs, "colleagues", "colleagues", "what others and their phones do"))
    text = "watch a number or address for good"
    add = acts.add_parser("add", help=text, description=text)
    add.add_argument("address", metavar="NUMBER")
    text = "watch somebody no more"
    remove = acts.add_parser("remove", help=text, description=text)
    remove.add_argument("name", metavar="NAME", help="number, label or address")
    pickup = add_verb(verbs, "pickup", "colleagues", "take over a call that rings at a colleague's")
    pickup.add_argument("name", metavar="NAME", help="number, label or address")


def _add_contacts(contacts: argparse.ArgumentParser) -> None:
    acts = actions(contacts)
    text = "people whose name, organization or number begins like this"
    search = acts.add_parser("search", help=text, description=text)
    search.add_argument("text", metavar="TEXT")
    add_limit(search)
    add_json(search, argparse.SUPPRESS)
    text = "who has a number or address"
    lookup = acts.add_parser("lookup", help=text, description=text)
    lookup.add_argument("uri", metavar="NUMBER")
    add_json(lookup, argparse.SUPPRESS)
    text = "fetch an address book again"
    refresh = acts.add_parser("refresh", help=text, description=text)
    refresh.add_argument("source", nargs="?", default="", metavar="SOURCE", help="default: all")


def _add_messages(verbs: Any) -> None:
    messages = add_verb(verbs, "messages", "messages", "text messages: list, send, mark as read")
    messages.add_argument("--unread", action="store_true", help="only those nobody has read")
    add_limit(messages)
    acts = actions(messages)
    send = acts.add_parser("send", help="send a message", description="send a text message")
    send.add_argument("target", metavar="TARGET", help="number or SIP address")
    send.add_argument("text", nargs="+", metavar="TEXT", help="- reads it from standard input")
    send.add_argument("--account", metavar="ACCOUNT", help="account to use instead of the default")
    read = acts.add_parser(
        "read", help="mark messages as read", description="mark messages as read"
    )
    read.add_argument(
        "id", nargs="?", type=positive, metavar="ID", help="up to this one; all if not given"
    )
    voicemail = add_verb(verbs, "voicemail", "voicemail", "call the voice mail box")
    voicemail.add_argument(
        "account",
        nargs="?",
        default="",
        metavar="ACCOUNT",
        help="where something waits if not given",
    )
    voicemail.add_argument("--list", action="store_true", help="show what waits; call nobody")
    add_json(voicemail, text="the same as JSON, with the names of the D-Bus contract")
