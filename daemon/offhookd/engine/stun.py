# SPDX-License-Identifier: GPL-2.0-or-later
"""STUN Binding (RFC 8489): asks a server by what address the world sees a socket.

Only the messages; nothing here sends.  An answer comes from the network: `mapped_address` takes
nothing but one whole, well-formed message that carries the very transaction which was asked.
One of IPv6 is none: the stack has no sound over it.
"""

import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

ANSWER_LIMIT_S = 0.35
"""A server that takes longer holds every call back by as much: it is none for a telephone.  Ten
times what one nearby takes; radio networks pause for 0.2 s now and then."""

REPEAT_S = 0.1
"""A datagram may be lost: asked again three times within the limit.  RFC 8489 (6.2.1) begins with
0.5 s, for clients that can wait for 39.5 s."""

MAX_ANSWER_BYTES = 1280
"""What a server may send without knowing the way (RFC 8489, 6.1)."""

TRANSACTION_BYTES = 12

_COOKIE = 0x2112A442
_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")

BINDING = 0x0001
"""The method, and its request; the classes of other messages are added to it."""
_INDICATION = 0x0010
_SUCCESS = 0x0100
_ERROR = 0x0110

_MAPPED_ADDRESS = 0x0001
_ERROR_CODE = 0x0009
_XOR_MAPPED_ADDRESS = 0x0020

_IPV4 = 1
_FIRST_MULTICAST = 224
"""First byte of an address; what is reserved comes after it."""


class StunError(Exception):
    """No answer to what was asked; the text says what it is instead."""


class RefusedError(StunError):
    """The server's answer to what was asked is an error: `code`, with `attributes` by type."""

    def __init__(self, code: int, attributes: Mapping[int, bytes]) -> None:
        super().__init__(f"the server refused with {code}")
        self.code = code
        self.attributes = attributes


@dataclass(frozen=True, slots=True)
class Mapped:
    """An IPv4 literal and a port, as a STUN server sees them."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def message(kind: int, transaction: bytes, attributes: bytes = b"") -> bytes:
    """`transaction` is 12 random bytes, new for each question."""
    return _HEADER.pack(kind, len(attributes), _COOKIE, transaction) + attributes


def attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)


def request(transaction: bytes) -> bytes:
    """A Binding request."""
    return message(BINDING, transaction)


def indication(transaction: bytes) -> bytes:
    """A Binding indication: nobody answers it, and routers on the way remember the socket."""
    return message(BINDING | _INDICATION, transaction)


def mapped_address(answer: bytes, transaction: bytes) -> Mapped:
    """The address in the answer to `request(transaction)`.

    Raises `RefusedError` when the server refused, and `StunError` for anything else, which may
    be an answer to somebody else or no STUN at all, and is to be passed over.
    """
    attributes = read(answer, BINDING, transaction)
    if _XOR_MAPPED_ADDRESS in attributes:
        return masked_address(attributes[_XOR_MAPPED_ADDRESS])
    if _MAPPED_ADDRESS in attributes:  # a server of RFC 3489
        return _address(attributes[_MAPPED_ADDRESS], bytes(4))
    raise StunError("it names no address")


def read(answer: bytes, method: int, transaction: bytes) -> Mapping[int, bytes]:
    """The attributes, by type, of the answer to a request of `method`; raises the same."""
    kind = _check_header(answer, method, transaction)
    attributes = dict(reversed(list(_attributes(answer))))  # of equals the first one counts
    if kind == method | _ERROR:
        raise RefusedError(_error_code(attributes), attributes)
    return attributes


def masked_address(value: bytes) -> Mapped:
    """The address in an attribute of XOR-MAPPED-ADDRESS's kind.  Raises `StunError`."""
    return _address(value, _COOKIE.to_bytes(4, "big"))


def _check_header(answer: bytes, method: int, transaction: bytes) -> int:
    if not _HEADER.size <= len(answer) <= MAX_ANSWER_BYTES:
        raise StunError("it is no STUN message")
    kind, length, cookie, answered = _HEADER.unpack_from(answer)
    if cookie != _COOKIE or length % 4 or length != len(answer) - _HEADER.size:
        raise StunError("it is no STUN message")
    if answered != transaction:
        raise StunError("it answers another question")
    if kind not in (method | _SUCCESS, method | _ERROR):
        raise StunError("it is no answer to this kind of question")
    return int(kind)


def _attributes(message: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER.size
    while at < len(message):  # whole words, as the header says
        kind, length = _ATTRIBUTE.unpack_from(message, at)
        at += _ATTRIBUTE.size
        if at + length > len(message):
            raise StunError("an attribute is longer than the message")
        yield kind, message[at : at + length]
        at += length + -length % 4


def _address(value: bytes, mask: bytes) -> Mapped:
    if len(value) != 8 or value[1] != _IPV4:  # noqa: PLR2004 - RFC 8489, 14.1
        raise StunError("its address is none of IPv4")
    port = int.from_bytes(_masked(value[2:4], mask), "big")
    host = _masked(value[4:], mask)
    if not port or not any(host) or host[0] >= _FIRST_MULTICAST:
        raise StunError("its address is nobody's")
    return Mapped(socket.inet_ntop(socket.AF_INET, host), port)


def _masked(value: bytes, mask: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(value, mask, strict=False))


def _error_code(attributes: dict[int, bytes]) -> int:
    value = attributes.get(_ERROR_CODE, b"")
    return (value[2] & 7) * 100 + value[3] % 100 if len(value) >= 4 else 0  # noqa: PLR2004 - RFC 8489, 14.8
