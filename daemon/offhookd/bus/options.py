# SPDX-License-Identifier: GPL-2.0-or-later
"""Checking of the ``options a{sv}`` that methods take (rule 9 of the contract)."""

from collections.abc import Mapping

from offhookd.phone.errors import InvalidArgumentError
from offhookd.phone.values import Direction

from .signature import EncodeError, Schema, encode

LONGEST_KEY = 64
"""Of what is compared with the known ones, which takes the square of its length."""


def options(given: Mapping[str, object], schema: Schema) -> dict[str, object]:
    """The options a client gave, each as the plain value its signature in `schema` asks for.

    Any number type is taken where the value fits, so that a client in a language without
    unsigned numbers is served too.  InvalidArgumentError names an unknown key or a value of
    a wrong type.
    """
    return {key: _value(key, value, schema) for key, value in given.items()}


def direction(chosen: Mapping[str, object], of: str) -> Direction | None:
    """The direction that a filter names, None for both; `of`: what is looked for, in words."""
    name = str(chosen.get("direction", ""))
    if name and name not in set(Direction):
        raise InvalidArgumentError(f"filter direction: '{name}' is no direction of {of}")
    return Direction(name) if name else None


def _value(key: str, value: object, schema: Schema) -> object:
    if key not in schema:
        raise InvalidArgumentError(_unknown(key, schema))
    try:
        return encode(schema[key], value)
    except EncodeError as error:
        raise InvalidArgumentError(f"option {key}: {error}") from None


def _unknown(key: str, schema: Schema) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - 0.2 MB that only a mistake needs

    key = key[:LONGEST_KEY]
    close = get_close_matches(key, schema, n=1)
    if close:
        return f"unknown option {key} (did you mean {close[0]}?)"
    known = ", ".join(sorted(schema)) or "none"
    return f"unknown option {key}; known here: {known}"
