# SPDX-License-Identifier: GPL-2.0-or-later
"""CSV tables to contacts: the columns are named by their headings."""

import csv
import io
from collections.abc import Mapping

from offhookd.phone.contacts import Contact

from .errors import SourceError

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "full name", "display name", "fn"),
    "organization": ("organization", "organisation", "company", "firm"),
    "note": ("note", "notes", "comment"),
    "url": ("url", "web page", "website"),
    "work": ("work", "business phone", "phone", "number", "telephone"),
    "cell": ("cell", "mobile", "mobile phone"),
    "home": ("home", "home phone"),
    "sip": ("sip", "sip address"),
    "id": ("id", "customer", "customer number"),
}
"""What a column may be called when the configuration does not say; in small letters."""

URI_COLUMNS = ("work", "cell", "home", "sip")
MOST_CELL_CHARS = 1_000


def read_table(text: str, source: str, columns: Mapping[str, str]) -> list[Contact]:
    """The rows that have a name or organization and something to dial.  `columns`: heading by
    the words of `HEADINGS`.  `SourceError` when a column is missing."""
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = "excel"
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), dialect)
    contacts: dict[str, Contact] = {}
    try:
        places = _places([one.strip() for one in next(rows, [])], columns)
        for number, row in enumerate(rows, start=2):
            contact = _contact(row, places, source, str(number))
            if contact is not None:
                contacts[contact.id] = contact
    except csv.Error as error:
        raise SourceError(f"line {rows.line_num} is no row of a table: {error}") from None
    return list(contacts.values())


def _places(headings: list[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Which column holds what."""
    small = [one.lower() for one in headings]
    places: dict[str, int] = {}
    for what, usual in HEADINGS.items():
        if named := columns.get(what, ""):
            if named not in headings:
                raise SourceError(f"has no column {named!r}; it has {', '.join(headings)}")
            places[what] = headings.index(named)
        elif found := next((one for one in usual if one in small), ""):
            places[what] = small.index(found)
    if not places.keys() & {"name", "organization"} or not places.keys() & set(URI_COLUMNS):
        raise SourceError(
            "has no columns for a name and a number; name them under columns:, for instance "
            f"name and work; it has {', '.join(headings) or 'no headings'}"
        )
    return places


def _contact(row: list[str], places: Mapping[str, int], source: str, number: str) -> Contact | None:
    cells = {what: _clean(row[place]) for what, place in places.items() if place < len(row)}
    uris = tuple((kind, cells[kind]) for kind in URI_COLUMNS if cells.get(kind))
    name = cells.get("name") or cells.get("organization", "")
    if not uris or not name:
        return None
    return Contact(
        cells.get("id") or number,
        source,
        name,
        cells.get("organization", ""),
        cells.get("note", ""),
        cells.get("url", ""),
        "",
        uris,
    )


def _clean(cell: str) -> str:
    printable = "".join(one if one.isprintable() else " " for one in cell[:MOST_CELL_CHARS])
    return " ".join(printable.split())
