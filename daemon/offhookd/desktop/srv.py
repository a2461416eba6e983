# SPDX-License-Identifier: GPL-2.0-or-later
"""SRV records (RFC 2782) through the C library's own resolver.

It knows /etc/resolv.conf, retries, TCP for long answers and EDNS already; what is missing is the
reading of the answer, which is done here, in a language that does not mind hostile bytes.
dnspython would cost 110 ms and 7 MB for the same.
"""

import ctypes
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ANSWER_BYTES = 8_192
MAX_NAME_BYTES = 255
MAX_RECORDS = 64

_CLASS_IN = 1
_TYPE_SRV = 33
_POINTER = 0xC0


@dataclass(frozen=True, slots=True)
class Service:
    """`target` is "" where the service is decidedly not offered."""

    priority: int
    weight: int
    port: int
    target: str
    ttl_s: int


class AnswerError(Exception):
    """Bytes that are no DNS message."""


def query(name: str) -> bytes:
    """The answer to a question for `name`'s SRV records, b"" when there are none or DNS fails.

    Blocks for up to the time that resolv.conf allows; for a thread.
    """
    try:
        library = ctypes.CDLL("libresolv.so.2")
        ask = library.res_query
    except (OSError, AttributeError):  # a C library without it: addresses still work
        return b""
    answer = ctypes.create_string_buffer(ANSWER_BYTES)
    length = ask(name.encode("idna"), _CLASS_IN, _TYPE_SRV, answer, ANSWER_BYTES)
    return answer.raw[: max(length, 0)]


def services(answer: bytes) -> list[Service]:
    """The SRV records of a DNS message (RFC 1035 section 4).  Raises `AnswerError`."""
    found: list[Service] = []
    try:
        _, _, questions, answers, _, _ = struct.unpack_from("!6H", answer)
        at = 12
        for _ in range(questions):
            at = _name(answer, at)[1] + 4
        for _ in range(min(answers, MAX_RECORDS)):
            at = _name(answer, at)[1]
            kind, klass, ttl_s, length = struct.unpack_from("!HHIH", answer, at)
            at += 10
            if (kind, klass) == (_TYPE_SRV, _CLASS_IN):
                priority, weight, port = struct.unpack_from("!3H", answer, at)
                target = _name(answer, at + 6)[0]
                found.append(Service(priority, weight, port, target, ttl_s))
            at += length
    except (struct.error, IndexError) as error:
        raise AnswerError(str(error)) from None
    return found


def in_order(records: Sequence[Service], random: Callable[[], float]) -> list[Service]:
    """Lowest priority first; within one, at random by weight (RFC 2782, page 4)."""
    ordered: list[Service] = []
    # Weight 0 goes first, which gives it its very small chance.
    left = sorted(records, key=lambda record: (record.priority, record.weight))
    while left:
        equals = [record for record in left if record.priority == left[0].priority]
        mark = random() * sum(record.weight for record in equals)
        for record in equals:
            mark -= record.weight
            if mark <= 0:
                break
        ordered.append(record)
        left.remove(record)
    return ordered


def _name(message: bytes, at: int) -> tuple[str, int]:
    """The domain name at `at`, and where what follows it begins."""
    labels: list[str] = []
    end, size = 0, 0
    limit = at
    while length := message[at]:
        if length & _POINTER == _POINTER:
            end = end or at + 2
            at = (length & ~_POINTER) << 8 | message[at + 1]
            if at >= limit:  # compression refers to what came before: no loops
                raise AnswerError("a name refers forward")
            limit = at
            continue
        size += length + 1
        if length & _POINTER or size > MAX_NAME_BYTES:
            raise AnswerError("a name is too long")
        labels.append(message[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += length + 1
    return ".".join(labels), end or at + 1
