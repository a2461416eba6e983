# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``presence`` table of an account: what it publishes, whom it watches."""

from offhookd.config import readers
from offhookd.config.problems import Report
from offhookd.config.readers import SectionReaders, UnfitError
from offhookd.config.schema import MAX_WATCHED, PresenceConfig
from offhookd.config.sections import as_table, read_section
from offhookd.config.tree import Entry, Listing
from offhookd.phone.presence import WATCHED

# Shorter, and a server answers 423; longer, and a phone that died is seen as available too long.
PUBLISH_SECONDS = (60, 86_400)


def packages(entry: Entry) -> tuple[str, ...]:
    """Event packages; an empty list watches nobody."""
    if isinstance(entry.node, Listing) and not entry.node.items:
        return ()
    found = readers.listing(entry)
    for name in found:
        if name not in WATCHED:
            raise UnfitError(f"may hold presence and dialog, not {name[:40]}")
    return found


def addresses(entry: Entry) -> tuple[str, ...]:
    """Numbers and addresses to watch, each at most once."""
    if not isinstance(entry.node, Listing):
        return readers.listing(entry)
    if len(entry.node.items) > MAX_WATCHED:
        raise UnfitError(f"has more than {MAX_WATCHED} items")
    found = (readers.text(Entry(entry.file, entry.line, item)) for item in entry.node.items)
    return tuple(dict.fromkeys(found))


KEYS: SectionReaders = {
    "publish": readers.flag,
    "publish_seconds": readers.number(*PUBLISH_SECONDS),
    "serve": readers.flag,
    "subscribe": packages,
    "watch": addresses,
    "pickup": readers.text,
}


def read_presence(path: str, entry: Entry, report: Report) -> PresenceConfig:
    """What is in order; the rest goes to `report`."""
    return PresenceConfig(**read_section(path, as_table(path, entry, report), KEYS, report))
