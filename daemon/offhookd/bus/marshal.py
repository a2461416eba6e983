# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages as bytes (D-Bus specification, "Marshaling" and "Message Format").

The libraries check each value once more while they write it, and ask for each what writes it.
What `encode` has let through needs neither: the signal of a new call takes a third of the time.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import cache
from struct import Struct
from typing import Any, NamedTuple

from .signature import split


class Variant(NamedTuple):
    """A value for ``v``, encoded."""

    signature: str
    value: object


class Kind(IntEnum):
    """Of a message."""

    METHOD_RETURN = 2
    ERROR = 3
    SIGNAL = 4


class Field(IntEnum):
    """Of a message's header."""

    PATH = 1
    INTERFACE = 2
    MEMBER = 3
    ERROR_NAME = 4
    REPLY_SERIAL = 5
    DESTINATION = 6
    SIGNATURE = 8


_FIELD_TYPES = {Field.PATH: "o", Field.REPLY_SERIAL: "u", Field.SIGNATURE: "g"}
"""The others are strings."""

_HEADER = "(yyyyuua(yv))"
_LITTLE_ENDIAN = ord("l")
_NO_REPLY_EXPECTED = 1
_VERSION = 1

_NUMBERS = dict(zip("ybnqiuxtd", "BIhHiIqQd", strict=True))
"""As `struct` calls them."""
_ALIGNED_TO_8 = "xtd({"

_PADDING = [bytes(count) for count in range(8)]
_pack_length = Struct("<I").pack

Writer = Callable[[bytearray, Any], None]
"""Appends an encoded value; the buffer begins where a multiple of eight bytes of the message do."""


def message(
    kind: Kind, serial: int, fields: dict[Field, object], signature: str, body: Sequence[object]
) -> bytes:
    """One that nobody answers; `body` is encoded for `signature`."""
    content = bytearray()
    for part, value in zip(split(signature), body, strict=True):
        writer(part)(content, value)
    if signature:
        fields = {**fields, Field.SIGNATURE: signature}
    described = [
        (field, Variant(_FIELD_TYPES.get(field, "s"), value)) for field, value in fields.items()
    ]
    header = bytearray()
    start = (_LITTLE_ENDIAN, kind, _NO_REPLY_EXPECTED, _VERSION)
    writer(_HEADER)(header, (*start, len(content), serial, described))
    return bytes(header + _PADDING[-len(header) % 8] + content)


@cache
def writer(signature: str) -> Writer:
    """What writes the single complete type `signature`; made once for each."""
    code = signature[0]
    if code == "a":
        return _array(signature[1:])
    if code in "({":
        return _struct(signature)
    if code in _NUMBERS:
        return _number(Struct(f"<{_NUMBERS[code]}"))
    return _BASIC[code]


def _number(struct: Struct) -> Writer:
    pack, size = struct.pack, struct.size

    def write(buffer: bytearray, value: Any) -> None:
        buffer += _PADDING[-len(buffer) % size] + pack(value)

    return write


def _struct(signature: str) -> Writer:
    writers = [writer(part) for part in split(signature[1:-1])]

    def write(buffer: bytearray, value: Any) -> None:
        buffer += _PADDING[-len(buffer) % 8]
        for write_member, member in zip(writers, value, strict=True):
            write_member(buffer, member)

    return write


def _array(element: str) -> Writer:
    write_item = writer(element)
    alignment = 8 if element[0] in _ALIGNED_TO_8 else 1  # no more than that of the length

    def write(buffer: bytearray, value: Any) -> None:
        buffer += _PADDING[-len(buffer) % 4]
        length_at = len(buffer)
        buffer += _PADDING[4]
        buffer += _PADDING[-len(buffer) % alignment]
        start = len(buffer)
        for item in value.items() if element[0] == "{" else value:
            write_item(buffer, item)
        buffer[length_at : length_at + 4] = _pack_length(len(buffer) - start)

    return write


def _write_text(buffer: bytearray, value: str) -> None:
    data = value.encode()
    buffer += _PADDING[-len(buffer) % 4] + _pack_length(len(data)) + data + b"\0"


def _write_signature(buffer: bytearray, value: str) -> None:
    buffer.append(len(value))
    buffer += value.encode() + b"\0"


def _write_variant(buffer: bytearray, value: Variant) -> None:
    _write_signature(buffer, value.signature)
    writer(value.signature)(buffer, value.value)


_BASIC: dict[str, Writer] = {
    "s": _write_text,
    "o": _write_text,
    "g": _write_signature,
    "v": _write_variant,
}
