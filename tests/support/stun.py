# SPDX-License-Identifier: GPL-2.0-or-later
"""A STUN server (RFC 5389): tells everybody the address it sees."""

import socket
import struct
import threading
from typing import Self

ADDRESS = "127.0.0.1"
COOKIE = 0x2112A442
BINDING, SUCCESS = 0x0001, 0x0101
XOR_MAPPED_ADDRESS = 0x0020
HEADER = struct.Struct("!HHI12s")


class StunServer:
    """`answers`: while false it is a server that is gone.  `asked` counts requests."""

    def __init__(self) -> None:
        self.answers = True
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 0))
        self.server = "{}:{}".format(*self._socket.getsockname())
        self._thread = threading.Thread(target=self._run, name="stun", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(2048)
            if not data:
                return
            if len(data) < HEADER.size:
                continue
            kind, _, cookie, transaction = HEADER.unpack_from(data)
            if kind == BINDING and cookie == COOKIE:
                self.asked += 1
                if self.answers:
                    self._socket.sendto(_answer(transaction, sender), sender)


def _answer(transaction: bytes, sender: tuple[str, int]) -> bytes:
    host = int.from_bytes(socket.inet_aton(sender[0]), "big") ^ COOKIE
    port = sender[1] ^ (COOKIE >> 16)
    attribute = struct.pack("!HHBBHI", XOR_MAPPED_ADDRESS, 8, 0, 1, port, host)
    return HEADER.pack(SUCCESS, len(attribute), COOKIE, transaction) + attribute
