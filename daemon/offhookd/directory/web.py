# SPDX-License-Identifier: GPL-2.0-or-later
"""Who calls, asked of a web service: a URL with the number in it, a JSON answer."""

import json
import ssl
from collections.abc import Mapping
from urllib.parse import quote

import httpx

from offhookd.phone.contacts import Contact

from .errors import SourceError
from .jobs import Book
from .keys import key_of

MOST_ANSWER_BYTES = 1_000_000
LONGEST_TEXT = 1_000

FIELDS: Mapping[str, str] = {
    "name": "name",
    "organization": "organization",
    "note": "note",
    "url": "url",
    "id": "id",
}
"""Where the answer has what, as a path of keys and positions: ``customers.0.name``."""

UNKNOWN = frozenset({204, 404})


def lookup(book: Book, uri: str, country: str) -> Contact | None:
    """Who has the number or address `uri`; None when the service does not know.  `SourceError`."""
    number = key_of(uri, country)
    url = book.url.replace("{number}", quote(number, safe=""))
    try:
        answer = _get(book, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{url} cannot be asked: {error or type(error).__name__}") from None
    try:
        found = json.loads(answer) if answer else None
    except (ValueError, RecursionError):
        raise SourceError(f"{url} answers with something that is no JSON") from None
    facts = {what: _at(found, path) for what, path in {**FIELDS, **book.fields}.items()}
    if not facts["name"] and not facts["organization"]:
        return None
    return Contact(
        facts["id"] or number,
        book.id,
        facts["name"] or facts["organization"],
        facts["organization"],
        facts["note"],
        facts["url"],
        "",
        (("work", number),),
    )


def _get(book: Book, url: str) -> bytes:
    """The body, b"" when the service knows nothing."""
    auth = httpx.BasicAuth(book.username, book.password) if book.username else None
    context = ssl.create_default_context(cafile=book.ca_file or None)
    with (
        httpx.Client(auth=auth, verify=context, timeout=book.seconds) as http,
        http.stream("GET", url, headers={"Accept": "application/json"}) as answer,
    ):
        if answer.status_code in UNKNOWN:
            return b""
        if not answer.is_success:
            raise SourceError(f"{url} answers {answer.status_code} {answer.reason_phrase}")
        return body_of(answer, url, MOST_ANSWER_BYTES)


def body_of(answer: httpx.Response, url: str, most: int) -> bytes:
    """What is answered, which may be endless."""
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > most:
            raise SourceError(f"{url} answers with more than {most} bytes")
    return bytes(body)


def _at(found: object, path: str) -> str:
    """The text at `path`, "" where the way ends before."""
    for step in path.split(".") if path else ():
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return ""
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    text = "".join(one if one.isprintable() else " " for one in str(found))
    return " ".join(text.split())[:LONGEST_TEXT]
