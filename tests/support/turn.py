# SPDX-License-Identifier: GPL-2.0-or-later
"""A TURN server that gives addresses away and relays nothing."""

import hashlib
import hmac
import socket
import threading
from contextlib import suppress
from typing import Self

from offhookd.engine.stun import Mapped
from tests.support.stun import (
    ADDRESS,
    ERROR_CODE,
    HEADER,
    PASSWORD,
    USER,
    XOR_MAPPED_ADDRESS,
    attribute,
    message,
    xor_mapped,
)

ALLOCATE, REFRESH = 0x0003, 0x0004
SUCCESS, ERROR = 0x0100, 0x0110
USERNAME, INTEGRITY, LIFETIME, REALM = 0x06, 0x08, 0x0D, 0x14
NONCE, XOR_RELAYED_ADDRESS = 0x15, 0x16
RELAYED = Mapped("198.51.100.9", 50_000)


def lifetime(seconds: int) -> bytes:
    return attribute(LIFETIME, seconds.to_bytes(4, "big"))


class TurnServer:
    """For `USER` with `password`.  `nonces`: those that it accepts, one after another, each for
    one request; the last for ever.  `refusal`: the error that everybody gets who knows the
    password, 0 for none.  `asked`: the methods of all requests."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.password = password
        self.nonces = [b"nonce"]
        self.refusal = 0
        self.silent = False
        self.asked: list[int] = []
        self.held: set[int] = set()
        """Ports of those who have an address."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 0))
        self.address = f"{ADDRESS}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, name="turn", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while True:
            with suppress(ConnectionError):
                data, sender = self._socket.recvfrom(2048)
                if len(data) < HEADER.size:
                    return
                if not self.silent:
                    self._socket.sendto(self._answer(data, sender[1]), sender)

    def _answer(self, data: bytes, port: int) -> bytes:
        method, _, _, transaction = HEADER.unpack_from(data)
        self.asked.append(method)
        if not self._is_signed(data):
            return self._error(method, transaction, 401)
        if self._nonce_of(data) != self.nonces[0]:
            return self._error(method, transaction, 438)
        if len(self.nonces) > 1:
            self.nonces.pop(0)
        if self.refusal:
            return self._error(method, transaction, self.refusal)
        if method == REFRESH:
            self.held.discard(port)
            return self._success(method, transaction, lifetime(0))
        self.held.add(port)
        mapped = xor_mapped(RELAYED, transaction)
        relayed = mapped.replace(
            XOR_MAPPED_ADDRESS.to_bytes(2, "big"), XOR_RELAYED_ADDRESS.to_bytes(2, "big"), 1
        )
        return self._success(method, transaction, relayed, mapped, lifetime(600))

    def _success(self, method: int, transaction: bytes, *attributes: bytes) -> bytes:
        whole = message(method | SUCCESS, transaction, *attributes, attribute(INTEGRITY, bytes(20)))
        digest = hmac.digest(self._key, whole[:-24], "sha1")
        return whole[:-24] + attribute(INTEGRITY, digest)

    def _error(self, method: int, transaction: bytes, code: int) -> bytes:
        reason = attribute(ERROR_CODE, bytes([0, 0, code // 100, code % 100]))
        realm, nonce = attribute(REALM, b"example.org"), attribute(NONCE, self.nonces[0])
        return message(method | ERROR, transaction, reason, realm, nonce)

    def _is_signed(self, data: bytes) -> bool:
        digest = hmac.digest(self._key, data[:-24], "sha1")
        named = attribute(USERNAME, USER.encode()) in data
        return named and data.endswith(attribute(INTEGRITY, digest))

    @property
    def _key(self) -> bytes:
        words = f"{USER}:example.org:{self.password}"
        return hashlib.md5(words.encode(), usedforsecurity=False).digest()

    @staticmethod
    def _nonce_of(data: bytes) -> bytes:
        at = data.index(NONCE.to_bytes(2, "big"), HEADER.size)
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        return data[at + 4 : at + 4 + length]
