# SPDX-License-Identifier: GPL-2.0-or-later
"""People in an LDAP server (RFC 4511), asked while somebody types or a call comes in."""

import ssl
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from offhookd.phone.contacts import Contact

from .errors import SourceError
from .jobs import Book
from .keys import key_of
from .photos import keep, keep_newest

SEARCH = "(|(cn=*{text}*)(sn={text}*)(o={text}*)(telephoneNumber=*{text}*)(mobile=*{text}*))"
"""What is asked for when the configuration does not say; ``{text}`` is what was typed."""

ATTRIBUTES: Mapping[str, str] = {
    "name": "cn",
    "organization": "o",
    "note": "description",
    "url": "labeledURI",
    "photo": "jpegPhoto",
    "work": "telephoneNumber",
    "cell": "mobile",
    "home": "homePhone",
    "sip": "",
}
"""Attribute by what it holds (RFC 4519, RFC 4524, RFC 2798); "" for none."""

URI_ATTRIBUTES = ("work", "cell", "home", "sip")

TAIL = 6
"""Digits at the end of a number that every spelling of it has: servers keep numbers as somebody
once wrote them, and substring matching (RFC 4517, 4.2.32) disregards spaces and hyphens only."""

MOST_CANDIDATES = 50
MOST_URIS = 32
LONGEST_TEXT = 1_000


def search(book: Book, text: str, limit: int) -> list[Contact]:
    """At most `limit` people that fit what was typed.  `SourceError`."""
    query = (book.filter or SEARCH).replace("{text}", escape_filter_chars(text))
    people = (_person(book, one) for one in _entries(book, query, limit, besides="photo"))
    return [one for one in people if one]


def lookup(book: Book, uri: str, country: str, photos: Path | None) -> Contact | None:
    """Who has the number `uri`; the photo is kept in `photos`, where given.  `SourceError`."""
    key_in = partial(key_of, country=country)
    wanted = key_in(uri)
    digits = wanted.removeprefix("+")
    if not digits.isdigit():
        return None
    tail = digits[-TAIL:]
    names = _attributes(book)
    parts = "".join(f"({names[one]}=*{tail})" for one in URI_ATTRIBUTES if names[one])
    for entry in _entries(book, f"(|{parts})", MOST_CANDIDATES):
        person = _person(book, entry)
        if person and wanted in {key_in(one) for _, one in person.uris}:
            return replace(person, photo_path=_photo(entry, names["photo"], photos))
    return None


def _attributes(book: Book) -> dict[str, str]:
    return {**ATTRIBUTES, **book.attributes}


def _entries(book: Book, query: str, limit: int, besides: str = "") -> list[Mapping[str, Any]]:
    """With all attributes that are of use, but the one that holds `besides`."""
    wanted = [name for what, name in _attributes(book).items() if name and what != besides]
    try:
        with _connection(book) as connection:
            connection.search(
                book.base,
                query,
                attributes=wanted,
                size_limit=limit,
                time_limit=max(1, round(book.seconds)),
            )
            return [one for one in connection.response or () if one["type"] == "searchResEntry"]
    except LDAPException as error:
        raise SourceError(f"{book.url}: {_reason(error)}") from None
    except Exception as error:  # noqa: BLE001 - the library raises what it likes on bad answers
        what = type(error).__name__
        raise SourceError(f"{book.url} answers with something that is no LDAP: {what}") from None


def _connection(book: Book) -> ldap3.Connection:
    """Bound, and encrypted where the server is asked to (RFC 4513, 3)."""
    tls = ldap3.Tls(
        validate=ssl.CERT_REQUIRED, ca_certs_file=book.ca_file or _system_certificates()
    )
    url = book.url.rstrip("/")  # behind which the library finds no port
    server = ldap3.Server(url, tls=tls, connect_timeout=book.seconds, get_info=ldap3.NONE)
    encrypt = book.start_tls and not book.url.startswith(("ldaps:", "ldapi:"))
    return ldap3.Connection(
        server,
        user=book.username or None,
        password=book.password or None,
        auto_bind=ldap3.AUTO_BIND_TLS_BEFORE_BIND if encrypt else ldap3.AUTO_BIND_NO_TLS,
        read_only=True,
        receive_timeout=max(1, round(book.seconds)),
        check_names=False,
    )


def _system_certificates() -> str | None:
    found = ssl.get_default_verify_paths().cafile
    return found if found and Path(found).exists() else None


def _person(book: Book, entry: Mapping[str, Any]) -> Contact | None:
    dn, attributes, names = entry["dn"], entry["attributes"], _attributes(book)

    def first(what: str) -> str:
        return next(iter(_values(attributes.get(names[what]))), "")

    uris = tuple(
        (kind, value) for kind in URI_ATTRIBUTES for value in _values(attributes.get(names[kind]))
    )[:MOST_URIS]
    if not uris:
        return None
    name = first("name") or next(iter(_values(dn)), uris[0][1])
    return Contact(dn, book.id, name, first("organization"), first("note"), first("url"), "", uris)


def _photo(entry: Mapping[str, Any], name: str, photos: Path | None) -> str:
    """Where the person's photo lies now, "" for none."""
    if photos is None:
        return ""
    kept = [keep(data, photos) for data in entry["raw_attributes"].get(name, ())]
    keep_newest(photos)
    return next(filter(None, kept), "")


def _values(value: object) -> list[str]:
    """The texts of an attribute, clean; without a schema the server's bytes arrive as they are."""
    found = value if isinstance(value, list) else [value]
    texts = [one.decode(errors="replace") if isinstance(one, bytes) else one for one in found]
    clean = (" ".join(one.split()) for one in texts if isinstance(one, str))
    return [one[:LONGEST_TEXT] for one in clean if one and one.isprintable()]


def _reason(error: LDAPException) -> str:
    """The library's words without its wrapping of tuples."""
    text = str(error) or type(error).__name__
    if "invalidCredentials" in text:
        return "the server refuses the user or the password"
    if "certificate" in text.lower():
        return f"the server's certificate is not trusted: {text}"
    return text[:200]
