# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook watch``: every change of the phone as it happens, until it ends or Ctrl-C; on a
terminal, the phone as it is."""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import datetime

from offhook.aio import Phone
from offhook.changes import Added, Change, Changed, Event, Left, Removed, Returned

from .output import Colour, clean, paint, print_json
from .session import with_phone


def run(options: argparse.Namespace) -> int:
    if not (options.json or options.lines) and sys.stdout.isatty():
        from .live import show_live  # noqa: PLC0415 - for people only

        return with_phone(show_live, stay=True)

    async def act(phone: Phone) -> int:
        show = _print_object if options.json else _print_line
        async for change in phone.changes():
            show(change)
        return 0

    return with_phone(act, stay=options.stay)


def as_object(change: Change) -> dict[str, object]:
    """A change for programs, by the names of the contract."""
    path = change.subject.path
    match change:
        case Added(subject):
            return {"change": "added", "path": path, "interfaces": subject.interfaces}
        case Removed():
            return {"change": "removed", "path": path}
        case Changed(_, interface, properties):
            return {
                "change": "changed",
                "path": path,
                "interface": interface,
                "properties": properties,
            }
        case Event(_, interface, member, arguments):
            return {
                "change": "signal",
                "path": path,
                "interface": interface,
                "signal": member,
                "arguments": arguments,
            }
        case Left() | Returned():
            return {"change": type(change).__name__.lower(), "path": path}


def as_words(change: Change) -> str:
    """A change for people: what came about, without the quotes of JSON around plain words."""
    match change:
        case Added(subject):
            known = [fact for some in subject.interfaces.values() for fact in some.items()]
            return f"new  {_facts({name: value for name, value in known if value})}"
        case Removed():
            return "gone"
        case Changed(_, _, properties):
            return _facts(properties)
        case Event(_, _, member, arguments):
            return f"{member}  {'  '.join(map(_value, arguments))}"
        case Left():
            return "offhookd has left"
        case Returned():
            return "offhookd is back"


def _facts(properties: Mapping[str, object]) -> str:
    return "  ".join(f"{name}={_value(value)}" for name, value in properties.items())


def _value(value: object) -> str:
    return clean(value) if isinstance(value, str) else json.dumps(value)


def _print_object(change: Change) -> None:
    print_json(as_object(change))


def as_line(change: Change) -> str:
    """With the time, which is now."""
    now = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
    name = f"{change.subject.name:<8}"
    return f"{paint(now, Colour.DIM)}  {paint(name, Colour.BOLD)}  {as_words(change)}"


def _print_line(change: Change) -> None:
    print(as_line(change), flush=True)
