# SPDX-License-Identifier: GPL-2.0-or-later
"""Names for the numbers in the history: as the address books knew them during the call, as the
other side called itself, else as the address books know them now."""

from collections.abc import Sequence

from offhook.contacts import Contacts
from offhook.errors import OffhookError
from offhook.history import Row, known_name

LOOKED_UP = 30
"""Numbers, newest first; a look-up takes some milliseconds, and few people read further."""


async def with_names(contacts: Contacts, rows: Sequence[Row]) -> list[Row]:
    """The rows; where the other side gave no name, with that of an address book."""
    names: dict[str, str] = {}
    nameless = dict.fromkeys(row["peer-uri"] for row in rows if not known_name(row))
    if contacts.sources:
        for uri in list(filter(None, nameless))[:LOOKED_UP]:
            names[uri] = await _name(contacts, uri)
    named: list[Row] = []
    for row in rows:
        name = known_name(row) or names.get(row["peer-uri"], "")
        named.append({**row, "peer-name": name})
    return named


async def _name(contacts: Contacts, uri: str) -> str:
    try:
        return (await contacts.lookup(uri))["name"]
    except OffhookError:
        return ""  # nobody knows
