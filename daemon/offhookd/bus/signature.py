# SPDX-License-Identifier: GPL-2.0-or-later
"""Plain Python values and D-Bus types (D-Bus specification, "Type System").

`encode` turns a plain value into one that a D-Bus library can marshal without a further
look: lists for structs, exact ``str``, numbers in range, valid object paths.  What it lets
through never makes the bus daemon close the connection, which it does on any invalid message.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

Encoder = Callable[[object], object]
VariantClass = type
"""The library's class for ``v``, made from a signature and an encoded value."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_PATH = re.compile(r"/|(/[A-Za-z0-9_]+)+")
_CLOSING = {"(": ")", "{": "}"}

RANGES = {
    "y": (0, 0xFF),
    "n": (-0x8000, 0x7FFF),
    "q": (0, 0xFFFF),
    "i": (-0x8000_0000, 0x7FFF_FFFF),
    "u": (0, 0xFFFF_FFFF),
    "x": (-(1 << 63), (1 << 63) - 1),
    "t": (0, (1 << 64) - 1),
}

_NOUNS = {"s": "text", "o": "an object path", "b": "true or false", "d": "a number"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A value with its D-Bus type, for the places where the contract says ``v``."""

    signature: str
    value: object


_ABSENT: dict[str, object] = {"s": "", "o": "/", "b": False, "v": Typed("s", "")}

Schema = Mapping[str, str]
"""Key of an ``a{sv}`` -> signature of its value."""


class EncodeError(ValueError):
    """A value does not fit its D-Bus type; the message says what was expected."""


def typed(schema: Schema, values: Mapping[str, object]) -> dict[str, Typed]:
    """The entries of an ``a{sv}``; a key that `schema` does not have is a KeyError."""
    return {key: Typed(schema[key], value) for key, value in values.items()}


def encode(signature: str, value: object, variant: VariantClass = Typed) -> object:
    """`value` ready for marshalling as the single complete type `signature`.

    EncodeError when it does not fit.  NUL and lone surrogates, which no D-Bus string may
    hold, become U+FFFD.
    """
    return encoder(signature, variant)(value)


def absent(signature: str) -> object:
    """The plain value that stands for "none" in the contract (its rule 7)."""
    if signature.startswith("a"):
        return {} if signature.startswith("a{") else []
    if signature.startswith("("):
        return [absent(part) for part in split(signature[1:-1])]
    return _ABSENT.get(signature, 0)


@cache
def split(signature: str) -> tuple[str, ...]:
    """The single complete types that `signature` is made of."""
    parts = []
    while signature:
        length = _length(signature)
        parts.append(signature[:length])
        signature = signature[length:]
    return tuple(parts)


def _length(signature: str) -> int:
    """Length of the first single complete type of `signature`."""
    code = signature[0]
    if code == "a":
        return 1 + _length(signature[1:])
    if code not in _CLOSING:
        return 1
    position = 1
    while signature[position] != _CLOSING[code]:
        position += _length(signature[position:])
    return position + 1


@cache
def encoder(signature: str, variant: VariantClass) -> Encoder:
    """The function `encode` uses for one signature; made once for each."""
    code = signature[0]
    if code == "(":
        return _struct(signature, variant)
    if code == "a":
        return _array(signature[1:], variant)
    if code == "v":
        return _variant(variant)
    if code in RANGES:
        return _integer(code)
    return _BASIC[code]


def _struct(signature: str, variant: VariantClass) -> Encoder:
    members = [encoder(part, variant) for part in split(signature[1:-1])]

    def encode_struct(value: object) -> object:
        if not isinstance(value, list | tuple) or len(value) != len(members):
            raise EncodeError(f"{len(members)} values {signature} are wanted, not {value!r:.100}")
        return [member(item) for member, item in zip(members, value, strict=True)]

    return encode_struct


def _array(element: str, variant: VariantClass) -> Encoder:
    if element == "y":
        return _bytes
    if element[0] == "{":
        return _dictionary(element, variant)
    encode_item = encoder(element, variant)

    def encode_array(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise EncodeError(f"a list a{element} is wanted, not {value!r:.100}")
        return [encode_item(item) for item in value]

    return encode_array


def _dictionary(element: str, variant: VariantClass) -> Encoder:
    encode_key, encode_value = (encoder(part, variant) for part in split(element[1:-1]))

    def encode_dictionary(value: object) -> object:
        if not isinstance(value, Mapping):
            raise EncodeError(f"a dictionary a{element} is wanted, not {value!r:.100}")
        return {encode_key(key): encode_value(item) for key, item in value.items()}

    return encode_dictionary


def _variant(variant: VariantClass) -> Encoder:
    def encode_variant(value: object) -> object:
        if isinstance(value, Typed):
            return variant(value.signature, encode(value.signature, value.value, variant))
        if isinstance(value, variant):
            return value  # encoded before
        raise EncodeError(f"a Typed value is wanted, not {value!r:.100}")

    return encode_variant


def _integer(code: str) -> Encoder:
    low, high = RANGES[code]

    def encode_integer(value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise EncodeError(f"a whole number from {low} to {high} is wanted, not {value!r:.100}")
        return int(value)

    return encode_integer


def _bytes(value: object) -> object:
    if not isinstance(value, bytes):
        raise EncodeError(f"bytes are wanted, not {value!r:.100}")
    return value


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise _unfit("s", value)
    text = str(value)  # of a StrEnum its plain value: dbus-fast takes no subclass
    if "\0" in text:
        text = text.replace("\0", REPLACEMENT)
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _object_path(value: object) -> object:
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise _unfit("o", value)
    return str(value)


def _boolean(value: object) -> object:
    if not isinstance(value, bool):
        raise _unfit("b", value)
    return value


def _double(value: object) -> object:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _unfit("d", value)
    return float(value)


def _unfit(code: str, value: object) -> EncodeError:
    return EncodeError(f"{_NOUNS[code]} ({code}) is wanted, not {value!r:.100}")


_BASIC: dict[str, Encoder] = {"s": _text, "o": _object_path, "b": _boolean, "d": _double}
