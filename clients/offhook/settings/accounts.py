# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts in the text of a configuration file."""

from collections.abc import Mapping

from .errors import UnchangedError
from .text import with_value, without
from .tree import SEE, read

SECTION = "accounts"


def names(text: str) -> list[str]:
    """Of the accounts in it."""
    found = read(text).get(SECTION) or {}
    if not isinstance(found, dict):
        raise UnchangedError(f"The accounts are not a table of keys in the configuration; {SEE}")
    return list(found)


def with_account(text: str, name: str, keys: Mapping[str, str]) -> str:
    """The text with one account more, the last; UnchangedError when it is there already."""
    if name in names(text):
        raise UnchangedError(f"The configuration has an account {name} already")
    return with_value(text, (SECTION, name), dict(keys))


def without_account(text: str, name: str) -> str:
    """The text without an account and the comments in it; UnchangedError when it has none of this
    name."""
    if name not in names(text):
        raise UnchangedError(f"The configuration has no account {name}")
    return without(text, (SECTION, name))
