# SPDX-License-Identifier: GPL-2.0-or-later
"""A router in front of one machine, played on the loopback, with a STUN server behind it.

Every socket that asks gets an outer one of another number, as address translation gives it; what
comes there goes in, and what comes back from inside goes to whoever sent last.
"""

import selectors
import socket
import threading
from dataclasses import dataclass, field
from typing import Self

from offhookd.engine.stun import Mapped
from tests.support.stun import ADDRESS, StunServer, success

PACKET_BYTES = 2048

Peer = tuple[str, int]


@dataclass(slots=True)
class Hole:
    """One translation; `came_in` and `went_out` count packets."""

    inner: Peer
    outer: socket.socket
    remote: Peer | None = None
    came_in: int = 0
    went_out: int = 0

    def forward(self) -> None:
        data, sender = self.outer.recvfrom(PACKET_BYTES)
        if sender != self.inner:
            self.remote = sender
            self.came_in += 1
            self.outer.sendto(data, self.inner)
        elif self.remote:
            self.went_out += 1
            self.outer.sendto(data, self.remote)


@dataclass(slots=True)
class Router:
    server: StunServer = field(default_factory=StunServer)
    holes: dict[Peer, Hole] = field(default_factory=dict)
    _selector: selectors.DefaultSelector = field(default_factory=selectors.DefaultSelector)
    _ends: tuple[socket.socket, socket.socket] = field(default_factory=socket.socketpair)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.server.answer = self._translate
        self.server.__enter__()
        self._selector.register(self._ends[1], selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="router", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends[0].send(b"!")
        if self._thread:
            self._thread.join()
        self.server.__exit__()
        for one in (*self._ends, *(hole.outer for hole in self.holes.values())):
            one.close()
        self._selector.close()

    def _translate(self, transaction: bytes, sender: Peer) -> list[bytes]:
        hole = self.holes.get(sender)
        if hole is None:
            outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            outer.bind((ADDRESS, 0))
            hole = self.holes[sender] = Hole(sender, outer)
            self._selector.register(outer, selectors.EVENT_READ, hole)
        return [success(transaction, Mapped(*hole.outer.getsockname()))]

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data.forward()
