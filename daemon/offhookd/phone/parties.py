# SPDX-License-Identifier: GPL-2.0-or-later
"""Patterns that say whom a rule is about.

+4930123456, 030123456     that number, however a server writes it
+4930*, 0900?????          a range; * is any number of characters, ? is one
bob@example.com            an address
@example.com               everybody of that domain
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from typing import Generic, TypeVar
from urllib.parse import unquote

from .numbering import Numbering

LONGEST_PATTERN = 128

_ADDRESS = re.compile(
    r"(?:sips?:)?(?:(?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:;?@]*)", re.IGNORECASE
)
_TEL = re.compile(r"tel:(?P<number>[^;?]*)", re.IGNORECASE)
_SEPARATORS = str.maketrans("", "", " -.()/")

T = TypeVar("T")


def user_and_host(uri: str) -> tuple[str, str]:
    """User (or number) and host of a SIP or tel URI, unescaped, the host in small letters."""
    if tel := _TEL.match(uri):
        return unquote(tel["number"]).translate(_SEPARATORS), ""
    found = _ADDRESS.match(uri)
    if found is None:
        return "", ""
    user = unquote((found["user"] or "").partition(";")[0])
    return user, (found["host"] or "").lower()


class Pattern:
    """One of the forms above, ready to compare."""

    def __init__(self, text: str, numbering: Numbering) -> None:
        self._numbering = numbering
        text = text.strip().removeprefix("sip:").removeprefix("sips:")
        user, at, host = text.rpartition("@")
        self._host = host.lower() if at else ""
        self._user = (user if at else text).translate(_SEPARATORS) or "*"
        self._glob = re.compile(translate(self._user.casefold()))
        self._literal = not {"*", "?", "["} & set(self._user)

    def matches(self, uri: str) -> bool:
        user, host = user_and_host(uri)
        if self._host and self._host != host:
            return False
        if self._literal:
            return user.casefold() == self._user.casefold() or self._numbering.same(
                user, self._user
            )
        return any(self._glob.match(one.casefold()) for one in self._numbering.spellings(user))


class Parties:
    """Everybody that one of the patterns names."""

    def __init__(self, patterns: Iterable[str], numbering: Numbering) -> None:
        self._patterns = [Pattern(text, numbering) for text in patterns]

    def __contains__(self, uri: str) -> bool:
        return any(pattern.matches(uri) for pattern in self._patterns)


class ByParty(Generic[T]):
    """A value for each pattern; the first that fits counts."""

    def __init__(self, values: Mapping[str, T], numbering: Numbering) -> None:
        self._values = [(Pattern(text, numbering), value) for text, value in values.items()]

    def get(self, uri: str, otherwise: T) -> T:
        return next((value for one, value in self._values if one.matches(uri)), otherwise)
