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
from dataclasses import dataclass
from pathlib import Path

CONTROLLER = Path("/sys/devices/platform/vhci_hcd.0")

FULL_SPEED = 2  # enum usb_device_speed
PORT_FREE = 4  # VDEV_ST_NULL

FRAME_S = 0.001
"""One packet of an isochronous endpoint each, at full speed."""
MAX_LEAD_S = 0.05
"""A controller that was late catches up at most so much."""

_HEADER = struct.Struct(">IIIII")  # command, sequence number, device, direction, endpoint
_SUBMIT = struct.Struct(">IiiiI8s")  # flags, length, first frame, packets, interval, setup
_RETURN = struct.Struct(">iiiii8x")  # status, length, first frame, packets, errors
_UNLINK = struct.Struct(">I24x")
_UNLINKED = struct.Struct(">i24x")
_PACKET = struct.Struct(">IIII")  # offset, length, actual length, status
_CMD_SUBMIT, _CMD_UNLINK, _RET_SUBMIT, _RET_UNLINK = range(1, 5)

_EPIPE, _ECONNRESET = -32, -104
"""An endpoint that stalls; a request that was taken back."""


@dataclass(frozen=True, slots=True)
class Urb:
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
        wait = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
        readable, _, _ = select.select([self._socket.fileno(), self._waker], [], [], wait)
        if self._waker in readable:
            os.read(self._waker, 4096)
        if self._socket.fileno() in readable:
            self._take_request()
        while self._timers and self._timers[0][0] <= time.monotonic():
            self._stream(heapq.heappop(self._timers)[2])
        while self._reports and self._asked:
            urb = self._asked.popleft()
            self._answer(urb, self._reports.popleft()[: urb.room])

    def _take_request(self) -> None:
        command, sequence, _, inward, endpoint = _HEADER.unpack(self._read(_HEADER.size))
        if command == _CMD_UNLINK:
            self._unlink(sequence, _UNLINK.unpack(self._read(_UNLINK.size))[0])
            return
        assert command == _CMD_SUBMIT
        _, room, start, count, _, setup = _SUBMIT.unpack(self._read(_SUBMIT.size))
        data = b"" if inward else self._read(room)
        described = self._read(_PACKET.size * max(0, count))
        packets = tuple(length for _, length, _, _ in _PACKET.iter_unpack(described))
        urb = Urb(sequence, bool(inward), endpoint, room, start, packets, setup, data)
        self._dispatch(urb)

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
        self._socket.sendall(header + _UNLINKED.pack(_ECONNRESET if taken_back else 0))

    def _answer(
        self, urb: Urb, data: bytes, status: int = 0, lengths: tuple[int, ...] = ()
    ) -> None:
        header = _HEADER.pack(_RET_SUBMIT, urb.sequence, 0, 0, 0)
        length = len(data) if urb.inward else len(urb.data)
        result = _RETURN.pack(status, length, urb.start, len(urb.packets), 0)
        offsets = itertools.accumulate(urb.packets, initial=0)
        packets = (
            _PACKET.pack(offset, room, actual, 0)
            for offset, room, actual in zip(offsets, urb.packets, lengths, strict=False)
        )
        self._socket.sendall(header + result + data + b"".join(packets))

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data


def _free_port() -> int:
    """Of the controller's ports for full speed."""
    for line in Path(CONTROLLER, "status").read_text(encoding="ascii").splitlines()[1:]:
        hub, port, state, *_ = line.split()
        if hub == "hs" and int(state) == PORT_FREE:
            return int(port)
    raise RuntimeError("no free port on the virtual USB controller")
