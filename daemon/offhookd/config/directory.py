# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``directory`` section: address books, each with the keys of its kind."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from offhookd.config import readers
from offhookd.config.passwords import check_passwords
from offhookd.config.problems import Report
from offhookd.config.readers import Reader, SectionReaders, UnfitError, text
from offhookd.config.schema import BookConfig, DirectoryConfig
from offhookd.config.sections import as_table, read_section
from offhookd.config.tree import Entry, Table, kind
from offhookd.phone.contacts import SourceKind

MOST_BOOKS = 16
REFRESH_MINUTES = (1, 10_080)
"""From once a minute to once a week."""
TIMEOUT_SECONDS = (1, 10)
"""Nobody waits longer to hear who called."""

NUMBER = "{number}"
TYPED = "{text}"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

WHAT = ("id", "name", "organization", "note", "url", "work", "cell", "home", "sip")
"""What a contact is made of."""


def _names(words: tuple[str, ...]) -> Reader[Mapping[str, str]]:
    """A table from some of `words` to names in somebody else's data."""

    def read(entry: Entry) -> Mapping[str, str]:
        if not isinstance(entry.node, Table):
            raise UnfitError(f"must be a table such as {words[1]}: Title, not {kind(entry.node)}")
        for name in entry.node.entries:
            if name not in words:
                raise UnfitError(f"{name!r} is none of {', '.join(words)}")
        return {name: text(one) for name, one in entry.node.entries.items()}

    return read


def _path(entry: Entry) -> Path:
    """A file or directory; it need not exist now: a network drive may come later."""
    written = text(entry)
    try:
        return entry.file.path.parent.absolute() / Path(written).expanduser()
    except RuntimeError:
        raise UnfitError("begins with the home of a user who is not known") from None


def _url(*schemes: str) -> Reader[str]:
    def read(entry: Entry) -> str:
        found = text(entry)
        try:
            parts = urlsplit(found)
            host = parts.hostname
        except ValueError:
            parts, host = urlsplit(""), None
        if parts.scheme not in schemes or not host:
            raise UnfitError(f"must begin with {' or '.join(f'{one}://HOST' for one in schemes)}")
        if parts.username or parts.password:
            raise UnfitError("must have no user or password in it; write username: and password:")
        if parts.scheme == "http" and not _is_here(host):
            raise UnfitError(
                "must begin with https://: anybody on the way could read and change it"
            )
        return found

    return read


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _lookup_url(entry: Entry) -> str:
    found = _url("https", "http")(entry)
    if NUMBER not in found:
        raise UnfitError(f"must contain {NUMBER}, in whose place the caller's number is put")
    return found


def _filter(entry: Entry) -> str:
    found = text(entry)
    if TYPED not in found or found.count("(") != found.count(")") or not found.startswith("("):
        raise UnfitError(f"must be an LDAP filter with {TYPED} in it, such as (cn=*{TYPED}*)")
    return found


DIRECTORY_KEYS: SectionReaders = {"refresh_minutes": readers.number(*REFRESH_MINUTES)}

_LOGIN: SectionReaders = {
    "username": readers.text,
    "password": readers.secret,
    "password_file": readers.private_file,
    "password_command": readers.command,
    "ca_file": readers.file,
}
_TIMEOUT: SectionReaders = {"timeout_seconds": readers.number(*TIMEOUT_SECONDS)}

KEYS: Mapping[SourceKind, SectionReaders] = {
    SourceKind.VCARD: {"path": _path},
    SourceKind.CSV: {"path": _path, "columns": _names(WHAT)},
    SourceKind.CARDDAV: {"url": _url("https", "http"), **_LOGIN},
    SourceKind.LDAP: {
        "url": _url("ldap", "ldaps"),
        "base": readers.text,
        "filter": _filter,
        "start_tls": readers.flag,
        "attributes": _names((*WHAT[1:], "photo")),
        **_LOGIN,
        **_TIMEOUT,
    },
    SourceKind.HTTP: {
        "url": _lookup_url,
        "fields": _names(WHAT[:5]),
        **_LOGIN,
        **_TIMEOUT,
    },
}
REQUIRED: Mapping[SourceKind, tuple[str, ...]] = {
    SourceKind.VCARD: ("path",),
    SourceKind.CSV: ("path",),
    SourceKind.CARDDAV: ("url",),
    SourceKind.LDAP: ("url", "base"),
    SourceKind.HTTP: ("url",),
}


def read_directory(table: Table, report: Report) -> DirectoryConfig:
    """What is in order; the faults go to `report`."""
    entries = dict(table.entries)
    sources = entries.pop("sources", None)
    values = read_section("directory", Table(entries), DIRECTORY_KEYS, report)
    books: dict[str, BookConfig] = {}
    if sources is not None:
        for name, entry in as_table("directory.sources", sources, report).entries.items():
            if book := _read_book(name, entry, report, room=len(books) < MOST_BOOKS):
                books[name] = book
    return DirectoryConfig(sources=books, **values)


def _read_book(name: str, entry: Entry, report: Report, *, room: bool) -> BookConfig | None:
    key = f"directory.sources.{name}"

    def wrong(reason: str) -> None:
        report.add(entry.file.path, entry.line, key, reason)

    if not room:
        wrong(f"is one address book too many; {MOST_BOOKS} are allowed")
    elif not _ID.fullmatch(name):
        wrong("an address book's name is 1 to 64 of A-Z, a-z, 0-9, _ and -")
    elif not isinstance(entry.node, Table):
        wrong(f"must be a table of keys with at least kind, not {kind(entry.node)}")
    elif found := _kind(key, entry.node, report):
        return _read_kind(name, key, found, entry, report)
    elif "kind" not in entry.node.entries:
        wrong(f"must have kind: one of {', '.join(SourceKind)}")
    return None


def _kind(key: str, table: Table, report: Report) -> SourceKind | None:
    only = {name: one for name, one in table.entries.items() if name == "kind"}
    keys: SectionReaders = {"kind": readers.choice(SourceKind)}
    found: SourceKind | None = read_section(key, Table(only), keys, report).get("kind")
    return found


def _read_kind(
    name: str, key: str, found: SourceKind, entry: Entry, report: Report
) -> BookConfig | None:
    table = entry.node if isinstance(entry.node, Table) else Table()
    rest = Table({one: value for one, value in table.entries.items() if one != "kind"})
    values = read_section(key, rest, KEYS[found], report)
    check_passwords(key, rest, report)
    missing = [one for one in REQUIRED[found] if one not in rest.entries]
    for one in missing:
        report.add(entry.file.path, entry.line, f"{key}.{one}", f"is missing for kind: {found}")
    if missing or any(one not in values for one in REQUIRED[found]):
        return None
    return BookConfig(id=name, kind=found, **values)
