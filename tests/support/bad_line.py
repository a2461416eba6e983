# SPDX-License-Identifier: GPL-2.0-or-later
"""A network that loses and delays: one UDP port that passes everything on, as badly as it is told.

The sender of the first packet is the near end; what comes back from the far end goes there.
"""

import heapq
import random
import select
import socket
import threading
import time
from typing import Self

from tests.support.processes import free_port

ADDRESS = "127.0.0.1"
PACKET_BYTES = 2048
SEED = 7
"""The same losses every time."""


class BadLine:
    """`target` is the far end's port.  `loss` (0.0-1.0) and `jitter_s` (each packet is late by up
    to that) hold for what comes back; `blocked` lets nothing back at all."""

    def __init__(self) -> None:
        self.port = free_port()
        self.target = 0
        self.loss = 0.0
        self.jitter_s = 0.0
        self.blocked = False
        self._near = _bound(self.port)
        self._far = _bound(0)
        self._caller: tuple[str, int] | None = None
        self._late: list[tuple[float, int, bytes]] = []
        self._count = 0
        self._random = random.Random(SEED)  # noqa: S311 - a network, no secret
        self._thread = threading.Thread(target=self._run, name=f"line-{self.port}", daemon=True)
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (ADDRESS, self.port))  # wakes the thread
        self._thread.join()
        self._near.close()
        self._far.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            wait_s = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            for ready in select.select([self._near, self._far], [], [], wait_s)[0]:
                data, sender = ready.recvfrom(PACKET_BYTES)
                if ready is self._far:
                    self._back(data)
                elif data:
                    self._caller = sender
                    self._far.sendto(data, (ADDRESS, self.target))
            self._deliver()

    def _back(self, data: bytes) -> None:
        if self.blocked or self._random.random() < self.loss:
            return
        due_s = time.monotonic() + self._random.uniform(0.0, self.jitter_s)
        self._count += 1
        heapq.heappush(self._late, (due_s, self._count, data))

    def _deliver(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            data = heapq.heappop(self._late)[2]
            if self._caller:
                self._near.sendto(data, self._caller)


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((ADDRESS, port))
    return made
