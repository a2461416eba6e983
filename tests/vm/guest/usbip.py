# SPDX-License-Identifier: GPL-2.0-or-later
"""A USB device in a program: what the kernel's vhci_hcd asks of it over a socket.

The protocol is that of USB/IP (Linux, Documentation/usb/usbip_protocol.rst), without its network
part: one end of a socket pair is given to the virtual host controller, the other is read here.
"""

import heapq
import itertools
import os
import select
import socket
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

CONTROLLER = Path("/sys/devices/platform/vhci_hcd.0")

FULL_SPEED = 2  # enum usb_device_speed
PORT_FREE = 4  # VDEV_ST_NULL

FRAME_S = 0.001
"""One packet of an isochronous endpoint each, at full speed."""
MAX_LEAD_S = 0.05
"""A controller that was late catches up at most so much."""
TICK_S = 0.01
"""While sound flows, all that has come is answered together, so often: an emulated processor
spends more on waking up than on the work.  The sound card keeps 18 ms of requests waiting."""

_RECEIVE_BYTES = 1 << 16
# Command, sequence number, device, direction, endpoint; flags, length, first frame, packets,
# interval, setup.  When a request is taken back, its sequence number is in the place of the flags.
_REQUEST = struct.Struct(">IIIIIIiiiI8s")
_HEADER = struct.Struct(">IIIII")  # command, sequence number, device, direction, endpoint
_RETURN = struct.Struct(">iiiii8x")  # status, length, first frame, packets, errors
_UNLINKED = struct.Struct(">i24x")
_PACKET = struct.Struct(">IIII")  # offset, length, actual length, status
_CMD_SUBMIT, _CMD_UNLINK, _RET_SUBMIT, _RET_UNLINK = range(1, 5)

_EPIPE, _ECONNRESET = -32, -104
"""An endpoint that stalls; a request that was taken back."""


class Urb(NamedTuple):
    """A request of the host.  `data` is what it sends, `room` the bytes it would take;
    `packets` are the lengths of those of an isochronous endpoint."""

    sequence: int
    inward: bool
    endpoint: int
    room: int
    start: int
    packets: tuple[int, ...]
    setup: bytes
    data: bytes


class UsbDevice(ABC, threading.Thread):
    """Serves the requests of the host on a thread of its own, from `plug` to `unplug`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket, self._controller_end = socket.socketpair()
        self._waker, self._wake = os.pipe()
        self._received = b""
        self._answers: list[bytes] = []
        self._asked: deque[Urb] = deque()
        self._reports: deque[bytes] = deque()
        self._timers: list[tuple[float, int, Urb]] = []
        self._order = itertools.count()
        self._due: dict[int, float] = {}
        self._pulled = False

    # ------------------------------------------------------------ what a device is

    @abstractmethod
    def control(self, setup: bytes, data: bytes) -> bytes | None:
        """The answer on endpoint 0; None stalls."""

    @abstractmethod
    def received(self, endpoint: int, data: bytes) -> None:
        """Something arrived on an outward endpoint that is not isochronous."""

    @abstractmethod
    def heard(self, data: bytes) -> None:
        """Something arrived on the isochronous endpoint."""

    @abstractmethod
    def spoken(self, room: int) -> bytes:
        """The next packet of the inward isochronous endpoint."""

    # ------------------------------------------------------------ plug

    def plug(self) -> None:
        port = _free_port()
        self.start()
        request = f"{port} {self._controller_end.fileno()} {port + 1} {FULL_SPEED}"
        Path(CONTROLLER, "attach").write_text(request, encoding="ascii")
        self._controller_end.close()

    def unplug(self) -> None:
        """As a cable that is pulled: the controller finds nobody any more."""
        self._pulled = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        os.write(self._wake, b"!")
        self.join()
        self._socket.close()
        os.close(self._wake)
        os.close(self._waker)

    def report(self, data: bytes) -> None:
        """Tell it when the host asks next on the interrupt endpoint."""
        self._reports.append(data)
        os.write(self._wake, b"!")

    # ------------------------------------------------------------ service

    def run(self) -> None:
        with suppress(EOFError, ConnectionError):
            while not self._pulled:
                self._turn()

    def _turn(self) -> None:
        self._wait()
        self._take_requests()
        while self._timers and self._timers[0][0] <= time.monotonic():
            self._stream(heapq.heappop(self._timers)[2])
        while self._reports and self._asked:
            urb = self._asked.popleft()
            self._answer(urb, self._reports.popleft()[: urb.room])
        self._socket.sendall(b"".join(self._answers))
        self._answers.clear()

    def _wait(self) -> None:
        if self._timers:
            readable, _, _ = select.select([self._waker], [], [], TICK_S)
        else:
            readable, _, _ = select.select([self._socket.fileno(), self._waker], [], [])
        if self._waker in readable:
            os.read(self._waker, 4096)

    def _take_requests(self) -> None:
        with suppress(BlockingIOError):
            part = self._socket.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
            if not part:
                raise EOFError
            self._received += part
        while len(self._received) >= _REQUEST.size and (size := self._take_first()):
            self._received = self._received[size:]

    def _take_first(self) -> int:
        """Its size; 0 when it has not come whole."""
        command, sequence, _, inward, endpoint, first, room, start, count, _, setup = (
            _REQUEST.unpack_from(self._received)
        )
        if command == _CMD_UNLINK:
            self._unlink(sequence, first)
            return _REQUEST.size
        assert command == _CMD_SUBMIT
        middle = _REQUEST.size + (0 if inward else room)
        end: int = middle + _PACKET.size * max(0, count)
        if len(self._received) < end:
            return 0
        data = self._received[_REQUEST.size : middle]
        packets = _lengths(self._received[middle:end])
        self._dispatch(Urb(sequence, bool(inward), endpoint, room, start, packets, setup, data))
        return end

    def _dispatch(self, urb: Urb) -> None:
        if urb.endpoint == 0:
            answer = self.control(urb.setup, urb.data)
            self._answer(urb, (answer or b"")[: urb.room], _EPIPE if answer is None else 0)
        elif urb.packets:
            self._schedule(urb)
        elif urb.inward:
            self._asked.append(urb)
        else:
            self.received(urb.endpoint, urb.data)
            self._answer(urb, b"")

    def _schedule(self, urb: Urb) -> None:
        """Sound takes its time: an answer at once would make the sound card run away."""
        now = time.monotonic()
        due = max(now - MAX_LEAD_S, self._due.get(urb.endpoint, now)) + len(urb.packets) * FRAME_S
        self._due[urb.endpoint] = due
        heapq.heappush(self._timers, (due, next(self._order), urb))

    def _stream(self, urb: Urb) -> None:
        if not urb.inward:
            self.heard(urb.data)
            self._answer(urb, b"", lengths=urb.packets)
            return
        parts = [self.spoken(room) for room in urb.packets]
        self._answer(urb, b"".join(parts), lengths=tuple(map(len, parts)))

    def _unlink(self, sequence: int, victim: int) -> None:
        waiting = len(self._asked) + len(self._timers)
        self._asked = deque(one for one in self._asked if one.sequence != victim)
        self._timers = [one for one in self._timers if one[2].sequence != victim]
        heapq.heapify(self._timers)
        taken_back = len(self._asked) + len(self._timers) < waiting
        header = _HEADER.pack(_RET_UNLINK, sequence, 0, 0, 0)
        self._answers.append(header + _UNLINKED.pack(_ECONNRESET if taken_back else 0))

    def _answer(
        self, urb: Urb, data: bytes, status: int = 0, lengths: tuple[int, ...] = ()
    ) -> None:
        header = _HEADER.pack(_RET_SUBMIT, urb.sequence, 0, 0, 0)
        length = len(data) if urb.inward else len(urb.data)
        result = _RETURN.pack(status, length, urb.start, len(urb.packets), 0)
        self._answers.append(header + result + data + _described(urb.packets, lengths))


@cache
def _lengths(packets: bytes) -> tuple[int, ...]:
    return tuple(length for _, length, _, _ in _PACKET.iter_unpack(packets))


@cache
def _described(packets: tuple[int, ...], lengths: tuple[int, ...]) -> bytes:
    """Of each the room that it had, and what is in it."""
    offsets = itertools.accumulate(packets, initial=0)
    return b"".join(
        _PACKET.pack(offset, room, actual, 0)
        for offset, room, actual in zip(offsets, packets, lengths, strict=False)
    )


def _free_port() -> int:
    """Of the controller's ports for full speed."""
    for line in Path(CONTROLLER, "status").read_text(encoding="ascii").splitlines()[1:]:
        hub, port, state, *_ = line.split()
        if hub == "hs" and int(state) == PORT_FREE:
            return int(port)
    raise RuntimeError("no free port on the virtual USB controller")
