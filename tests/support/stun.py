# SPDX-License-Identifier: GPL-2.0-or-later
"""STUN servers: one that says what a test wants, and coturn."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from offhookd.engine.stun import Mapped
from tests.support.processes import PATIENCE_S, Program, free_port, wait_until

ADDRESS = "127.0.0.1"
COOKIE = 0x2112A442
BINDING, INDICATION, SUCCESS, ERROR = 0x0001, 0x0011, 0x0101, 0x0111
MAPPED_ADDRESS, ERROR_CODE, XOR_MAPPED_ADDRESS = 0x0001, 0x0009, 0x0020
HEADER = struct.Struct("!HHI12s")

OUTSIDE = "198.51.100.7"
"""Of the router that the machine seems to be behind."""
SHIFT = 1000
"""Between a port and the one it seems to have."""


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def message(kind: int, transaction: bytes, *attributes: bytes) -> bytes:
    body = b"".join(attributes)
    return HEADER.pack(kind, len(body), COOKIE, transaction) + body


def xor_mapped(mapped: Mapped, transaction: bytes) -> bytes:
    port = (mapped.port ^ (COOKIE >> 16)).to_bytes(2, "big")
    if ":" in mapped.host:
        packed, mask, family = socket.inet_pton(socket.AF_INET6, mapped.host), transaction, b"\0\2"
    else:
        packed, mask, family = socket.inet_aton(mapped.host), b"", b"\0\1"
    key = COOKIE.to_bytes(4, "big") + mask
    host = bytes(one ^ other for one, other in zip(packed, key, strict=True))
    return attribute(XOR_MAPPED_ADDRESS, family + port + host)


def success(transaction: bytes, mapped: Mapped) -> bytes:
    return message(SUCCESS, transaction, xor_mapped(mapped, transaction))


def outside(sender: tuple[str, int]) -> Mapped:
    """As what a router shows `sender`."""
    return Mapped(OUTSIDE, sender[1] % 60_000 + SHIFT)


class StunServer:
    """Tells everybody what `outside` says; `answer` is for a test to replace.  `asked` and
    `reminded` hold who sent a request or an indication."""

    def __init__(self) -> None:
        self.answer: Callable[[bytes, tuple[str, int]], list[bytes]] = self.honest
        self.asked: list[tuple[str, int]] = []
        self.reminded: list[tuple[str, int]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 0))
        self.port = int(self._socket.getsockname()[1])
        self.address = f"{ADDRESS}:{self.port}"
        self._thread = threading.Thread(target=self._run, name="stun", daemon=True)

    @staticmethod
    def honest(transaction: bytes, sender: tuple[str, int]) -> list[bytes]:
        return [success(transaction, outside(sender))]

    @staticmethod
    def silent(_transaction: bytes, _sender: tuple[str, int]) -> list[bytes]:
        return []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def say(self, data: bytes, to: tuple[str, int]) -> None:
        self._socket.sendto(data, to)

    def _run(self) -> None:
        while data := self._take():
            received, sender = data
            if len(received) < HEADER.size:
                return
            kind, _, _, transaction = HEADER.unpack_from(received)
            if kind == INDICATION:
                self.reminded.append(sender)
            elif kind == BINDING:
                self.asked.append(sender)
                for answer in self.answer(transaction, sender):
                    self._socket.sendto(answer, sender)

    def _take(self) -> tuple[bytes, tuple[str, int]]:
        while True:
            with suppress(ConnectionError):
                return self._socket.recvfrom(2048)


USER, PASSWORD = "ada", "not so secret"


class Coturn:
    """coturn's `turnserver`, which shares no code with us; with `relays` it is a TURN server, too,
    for `USER`, on the loopback or at `relay_at`."""

    def __init__(self, directory: Path, *, relays: bool = False, relay_at: str = ADDRESS) -> None:
        self.port = free_port()
        self.address = f"{ADDRESS}:{self.port}"
        words = ["--no-cli", "--no-tls", "--no-dtls", "--no-tcp", "--simple-log", "-v"]
        if relays:
            login = ["--lt-cred-mech", "--user", f"{USER}:{PASSWORD}", "--realm", "example.org"]
            words += [*login, "--allow-loopback-peers", "--relay-ip", relay_at]
        else:
            words.append("--stun-only")
        places = ["--log-file", "stdout", "--pidfile", str(directory / "turnserver.pid")]
        place = ["-n", "-L", ADDRESS, "-p", str(self.port)]
        argv = ["turnserver", *place, *words, *places]
        self._program = Program("turnserver", argv, directory / "turnserver.log")

    def start(self) -> Self:
        self._program.start()
        wait_until(self.answers, PATIENCE_S, "turnserver")
        return self

    def kill(self) -> None:
        self._program.kill()

    def stop(self) -> None:
        self._program.stop()

    @property
    def log(self) -> str:
        return self._program.log

    def answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.1)
            sock.connect((ADDRESS, self.port))
            with suppress(OSError):
                sock.send(message(BINDING, bytes(range(12))))
                return bool(sock.recv(2048))
        return False
