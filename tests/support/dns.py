# SPDX-License-Identifier: GPL-2.0-or-later
"""DNS answers made by hand (RFC 1035), and a name server for one loopback."""

import socket
import struct
import threading
from collections.abc import Mapping, Sequence

A, AAAA, SRV = 1, 28, 33
IN = 1
RESPONSE = 0x8180
NAME_ERROR = 3
QUESTION_NAME = b"\xc0\x0c"
"""A pointer to the name in the question, right behind the header."""

Records = Mapping[tuple[str, int], Sequence[bytes]]


def name(text: str) -> bytes:
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def srv(priority: int, weight: int, port: int, target: str) -> bytes:
    return struct.pack("!3H", priority, weight, port) + name(target)


def message(
    question: str, kind: int, data: Sequence[bytes], ttl_s: int = 60, query_id: int = 0
) -> bytes:
    """A whole answer; without `data` one that says that the name does not exist."""
    flags = RESPONSE | (0 if data else NAME_ERROR)
    head = struct.pack("!6H", query_id, flags, 1, len(data), 0, 0)
    body = name(question) + struct.pack("!2H", kind, IN)
    for item in data:
        body += QUESTION_NAME + struct.pack("!2HIH", kind, IN, ttl_s, len(item)) + item
    return head + body


class NameServer:
    """Answers on UDP until it is closed; `records` without an entry are names that do not exist."""

    def __init__(self, address: tuple[str, int], records: Records) -> None:
        self._records = records
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(address)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(2000)
            labels, at = [], 12
            while length := query[at]:
                labels.append(query[at + 1 : at + 1 + length].decode().lower())
                at += length + 1
            (kind,) = struct.unpack_from("!H", query, at + 1)
            asked = ".".join(labels)
            data = self._records.get((asked, kind), ())
            answer = message(asked, kind, data, query_id=struct.unpack_from("!H", query)[0])
            self._socket.sendto(answer, client)
