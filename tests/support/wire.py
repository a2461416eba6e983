# SPDX-License-Identifier: GPL-2.0-or-later
"""A piece of network between two parties on loopback: it records, delays, loses and reorders.

A UDP relay in a thread of its own, so that a test at work does not disturb its timing. It takes
datagrams on its port, sends them on from one socket for each sender, and carries the answers
back: to the target it looks like a NAT. For SIP, give the phone the wire's port as its outbound
proxy; for RTP, put the wire's port into the peer's SDP.
"""

import heapq
import itertools
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

ADDRESS = "127.0.0.1"
DATAGRAM_BYTES = 1 << 16
# A burst of a test's RTP must not be lost in the relay itself.
SOCKET_BUFFER_BYTES = 1 << 20
# Python has no name for it; asm-generic/socket.h (SO_TIMESTAMPNS_OLD), struct timespec.
SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")


class Direction(StrEnum):
    TO_TARGET = "to-target"
    FROM_TARGET = "from-target"


@dataclass(frozen=True, slots=True)
class Datagram:
    """One datagram as it reached the wire; the time is the kernel's (seconds since 1970)."""

    time_s: float
    direction: Direction
    data: bytes

    @property
    def start_line(self) -> str:
        """Request or status line, if it is SIP."""
        return self.data.split(b"\r\n", 1)[0].decode(errors="replace")

    def header(self, name: str) -> str:
        """Value of the first header of this (long) name, "" without one."""
        wanted = name.lower()
        for line in self.data.split(b"\r\n\r\n", 1)[0].decode(errors="replace").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.strip().lower() == wanted:
                return value.strip()
        return ""


# What becomes of a datagram: the delays in seconds of its copies; none, and it is lost.
Fate = Callable[[Datagram], Sequence[float]]


def untouched(_: Datagram) -> Sequence[float]:
    return (0.0,)


def late(delay_s: float, jitter_s: float = 0.0, seed: int = 1) -> Fate:
    """Everything later, by an evenly spread jitter more: above the packets' spacing it reorders."""
    dice = _dice(seed)
    return lambda _: (delay_s + dice.uniform(0.0, jitter_s),)


def lossy(share: float, seed: int = 1) -> Fate:
    """This share of the datagrams lost, independently of each other."""
    dice = _dice(seed)
    return lambda _: () if dice.random() < share else (0.0,)


def doubled(_: Datagram) -> Sequence[float]:
    """Every datagram twice."""
    return (0.0, 0.0)


def cut(_: Datagram) -> Sequence[float]:
    """Nothing gets through."""
    return ()


class Wire:
    """Relay between whoever sends to its port and the target, and back.

    `fate` may be exchanged at any time, for each direction.
    """

    def __init__(self, target_port: int, *, port: int = 0, address: str = ADDRESS) -> None:
        self.fate: dict[Direction, Fate] = {
            Direction.TO_TARGET: untouched,
            Direction.FROM_TARGET: untouched,
        }
        self.seen: list[Datagram] = []
        self._target = (address, target_port)
        self._front = _relay_socket(address, port)
        self.port = int(self._front.getsockname()[1])
        self._backs: dict[tuple[str, int], socket.socket] = {}
        self._owners: dict[socket.socket, tuple[str, int]] = {}
        self._pending: list[tuple[float, int, socket.socket, bytes, tuple[str, int]]] = []
        self._order = itertools.count()
        self._stopping, self._stop_reader = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=f"wire-{self.port}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.close()
        self._thread.join()
        self._stop_reader.close()
        for opened in (self._front, *self._backs.values()):
            opened.close()

    def impair(self, fate: Fate) -> None:
        """The same fate for both directions."""
        self.fate = dict.fromkeys(Direction, fate)

    def messages(self, direction: Direction | None = None) -> list[Datagram]:
        """What was seen so far, in the order of arrival."""
        return [seen for seen in self.seen if direction in (None, seen.direction)]

    def _run(self) -> None:
        while True:
            sockets = [self._stop_reader, self._front, *self._owners]
            ready, _, _ = select.select(sockets, [], [], self._until_next())
            if self._stop_reader in ready:
                return
            for source in ready:
                self._take(source)
            self._send_due()

    def _until_next(self) -> float | None:
        return max(0.0, self._pending[0][0] - time.monotonic()) if self._pending else None

    def _take(self, source: socket.socket) -> None:
        try:
            data, ancillary, _, sender = source.recvmsg(DATAGRAM_BYTES, 128)
        except ConnectionError:
            # The other side has closed its port: that datagram is lost, as on any network.
            return
        if source is self._front:
            direction, outgoing, receiver = Direction.TO_TARGET, self._back(sender), self._target
        else:
            direction, outgoing = Direction.FROM_TARGET, self._front
            receiver = self._owners[source]
        seen = Datagram(kernel_time_ns(ancillary) / 1e9, direction, data)
        self.seen.append(seen)
        now = time.monotonic()
        for delay_s in self.fate[direction](seen):
            entry = (now + delay_s, next(self._order), outgoing, data, receiver)
            heapq.heappush(self._pending, entry)

    def _send_due(self) -> None:
        while self._pending and self._pending[0][0] <= time.monotonic():
            _, _, outgoing, data, receiver = heapq.heappop(self._pending)
            outgoing.sendto(data, receiver)

    def _back(self, sender: tuple[str, int]) -> socket.socket:
        if sender not in self._backs:
            back = _relay_socket(self._target[0], 0)
            self._backs[sender], self._owners[back] = back, sender
        return self._backs[sender]


def _dice(seed: int) -> random.Random:
    # A test must be able to lose the same packets again.
    return random.Random(seed)  # noqa: S311


def _relay_socket(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
    made.bind((address, port))
    return made


def kernel_time_ns(ancillary: Iterable[tuple[int, int, bytes]]) -> int:
    """When the kernel received a datagram whose socket has SO_TIMESTAMPNS set (since 1970)."""
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(value[: _TIMESPEC.size])
            return int(seconds * 1_000_000_000 + nanoseconds)
    raise RuntimeError("the kernel sent no timestamp with a datagram")
