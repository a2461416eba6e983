# SPDX-License-Identifier: GPL-2.0-or-later
"""A hundred thousand contacts at a real daemon: searched while somebody types, and asked who calls.

    python -m tests.bench.directory [--people 100000]

Over D-Bus, from before the call to the reply.  Each letter of a name is a search; every second
number that is looked up is nobody's.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from offhookd.bus.names import ROOT
from tests.bench._client import Client
from tests.bench._figures import Figure, Quantity, figure, report
from tests.bench._phone import phone
from tests.support.dbus import private_bus
from tests.support.processes import wait_until

PEOPLE = 100_000
LOOKUPS = 500
ROWS = 20
FILL_LIMIT_S = 600.0
CONTACTS = "org.offhook.Phone1.Contacts"

FIRST = ("Ada", "Alan", "Bob", "Charles", "Dora", "Emil", "Frieda", "Grace", "Hans", "Ines")
LAST = ("Lovelace", "Turing", "Miller", "Babbage", "Schmidt", "Noether", "Hopper", "Meyer")
TYPED = ("ada lovelace", "grace h", "noether 77", "schmidt", "030 1000 42", "nobody at all")

CONFIG = """\
directory: {{sources: {{people: {{kind: csv, path: {path}}}}}}}
tones: {{country: de}}
audio: {{backend: silent}}
"""

SEARCH = Quantity("search while typing, 100,000 contacts", "ms")
SLOWEST = Quantity("the slowest of these", "ms", 50.0)
LOOKUP = Quantity("number -> contact, 100,000 contacts", "ms", 5.0)
FILL = Quantity("index of 100,000 contacts filled", "s", digits=1)


def measure(people: int = PEOPLE) -> list[Figure]:
    """Search, look-up, and how long the first reading takes."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bus = stack.enter_context(private_bus())
        client = stack.enter_context(Client(bus.address))
        table = directory / "people.csv"
        table.write_text("\n".join(["name,phone,organization", *_rows(people), ""]))
        config = CONFIG.format(path=table)
        environment = {"DBUS_SESSION_BUS_ADDRESS": bus.address}
        stack.enter_context(phone(directory, config, environment, client))
        began = time.monotonic()
        wait_until(lambda: _ready(client), FILL_LIMIT_S, "the address book")
        filled_s = time.monotonic() - began
        searches = [_ms(client, "Search", "sua{sv}", text, ROWS, {}) for text in _keystrokes()]
        lookups = [_ms(client, "Lookup", "s", number) for number in _numbers(people)]
    return [
        figure(SEARCH, searches),
        figure(SLOWEST, [max(searches)]),
        figure(LOOKUP, lookups),
        figure(FILL, [filled_s]),
    ]


def _rows(people: int) -> Iterator[str]:
    names = itertools.cycle(itertools.product(FIRST, LAST))
    for number, (first, last) in zip(range(people), names, strict=False):
        yield f"{first} {last} {number},{_number(number)},Works {number % 997}"


def _number(person: int) -> str:
    return f"+49 30 1{person:07}"


def _numbers(people: int) -> Iterator[str]:
    for one in range(LOOKUPS):
        person = one * people // LOOKUPS
        yield f"sip:{_number(person).replace(' ', '')}@pbx.example.com" if one % 2 else f"0{one}"


def _keystrokes() -> Iterator[str]:
    for text in TYPED:
        yield from (text[: end + 1] for end in range(len(text)))


def _ready(client: Client) -> bool:
    client.seen.clear()
    properties = "org.freedesktop.DBus.Properties"
    (sources,) = client.call(ROOT, properties, "Get", "ss", CONTACTS, "Sources")
    return bool(sources.value[0][2] == "ready")


def _ms(client: Client, member: str, signature: str, *arguments: object) -> float:
    client.seen.clear()
    sent_ns, serial = client.send(ROOT, CONTACTS, member, signature, *arguments)
    while not (answers := [one for one in client.seen if one.message.reply_serial == serial]):
        client.read()
    return (answers[0].time_ns - sent_ns) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    report(measure(parser.parse_args().people))


if __name__ == "__main__":
    main()
