# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon asks of the reader process: one JSON object a line each way.

``{"request": 1, "do": "sync", "book": {...}, ...}`` is answered by ``{"request": 1, "contacts":
[...], "error": "", ...}``, in any order.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from offhookd.phone.contacts import Contact, SourceKind

LONGEST_LINE = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """An address book as the reader needs it; what does not belong to its kind is empty.

    `url`: of the server, or the template with ``{number}`` of an HTTP look-up; `path`: file or
    directory; `columns`: headings of a CSV table; `base`, `filter`, `attributes`: of an LDAP
    search; `fields`: dotted paths into the JSON answer of an HTTP look-up.
    """

    id: str
    kind: SourceKind
    path: str = ""
    url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    base: str = ""
    filter: str = ""
    start_tls: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`do` is "sync" (fill the index at `index`), "forget" (keep nothing of the book there),
    "search" or "lookup" (ask the server for `text`).  Photos are kept beside `index`.  `country` is
    that of the user, for national numbers."""

    request: int
    do: str
    book: Book
    index: str = ""
    country: str = ""
    text: str = ""
    limit: int = 1

    @property
    def origin(self) -> str:
        """What decides what a copy of the book holds, besides the book."""
        book = self.book
        return json.dumps([book.kind, book.path, book.url, dict(book.columns), self.country])

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Self:
        """Raises ValueError, TypeError or KeyError for what is no job."""
        body: dict[str, Any] = json.loads(line)
        book = body.pop("book")
        return cls(book=Book(**book | {"kind": SourceKind(book["kind"])}), **body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`error` is "" or one sentence; `remark` a sentence about what was passed over."""

    request: int
    contacts: tuple[Contact, ...] = ()
    count: int = 0
    error: str = ""
    remark: str = ""

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Self:
        """Raises ValueError, TypeError or KeyError for what is no result."""
        body: dict[str, Any] = json.loads(line)
        contacts = tuple(
            Contact(**one | {"uris": tuple((kind, uri) for kind, uri in one["uris"])})
            for one in body.pop("contacts")
        )
        return cls(contacts=contacts, **body)
