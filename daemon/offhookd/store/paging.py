# SPDX-License-Identifier: GPL-2.0-or-later
"""What queries of calls and of messages have in common: pages, cursors, criteria."""

import logging
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from offhookd.phone.errors import InvalidArgumentError

PAGE_LIMIT = 500
"""Most rows of one answer (D-Bus contract, History.Query)."""

MAX_INTEGER = 2**63 - 1

_CURSOR = re.compile(r"before-([1-9][0-9]{0,17})", re.ASCII)
_PEER = re.compile(r"(?:sips?:([^@;?>]*)@|tel:([^;?>]*))", re.IGNORECASE)

logger = logging.getLogger(__name__)
R = TypeVar("R")

Criterion = tuple[bool, str, tuple[object, ...]]
"""Whether it applies, a clause of constant text, and the values for its question marks."""


def page_size(limit: int) -> int:
    """Raises `InvalidArgumentError`; more than `PAGE_LIMIT` counts as that."""
    if limit < 1:
        raise InvalidArgumentError("limit: a page has at least one row.")
    return min(limit, PAGE_LIMIT)


def conditions(criteria: tuple[Criterion, ...]) -> tuple[list[str], list[object]]:
    """The clauses that apply, and all their values."""
    chosen = [(clause, values) for applies, clause, values in criteria if applies]
    return [clause for clause, _ in chosen], [value for _, values in chosen for value in values]


def before(cursor: str) -> int:
    """The id that the page ends before.  Raises `InvalidArgumentError`."""
    if not cursor:
        return MAX_INTEGER
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidArgumentError("cursor: not one that a query of this history returned.")
    return int(match[1])


def cursor_after(last_id: int) -> str:
    return f"before-{last_id}"


def fit(number: int | None) -> int:
    return min(max(number or 0, 0), MAX_INTEGER)


def user_of(uri: str) -> str:
    """User part of a SIP URI, number of a tel URI."""
    match = _PEER.match(uri)
    return (match[1] or match[2] or "") if match else ""


def storable(text: str) -> str:
    """`text` without what UTF-8 and therefore SQLite cannot hold: lone surrogates."""
    return text.encode(errors="replace").decode()


def readable(row: Callable[..., R], stored: Iterable[tuple[Any, ...]]) -> list[R]:
    """What `row` makes of the rows; those that a damaged file has made nonsense of are left out."""
    found = []
    for values in stored:
        try:
            found.append(row(*values))
        except (ValueError, TypeError) as error:
            logger.warning("row %r of the history is damaged: %s", values[0], error)
    return found


def stored_number(stored: object, most: int = MAX_INTEGER) -> int:
    """A number that is none raises `ValueError`."""
    if not isinstance(stored, int) or not 0 <= stored <= most:
        raise ValueError(f"{stored!r:.40} is no number here")
    return stored


def stored_text(stored: object) -> str:
    """What is no text raises `ValueError`."""
    if not isinstance(stored, str):
        raise ValueError(f"{stored!r:.40} is no text")  # noqa: TRY004 - of the file, not of ours
    return stored
