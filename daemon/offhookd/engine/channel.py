# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine's end of the socketpair: lines in, lines out, never waiting for the daemon."""

import socket
from collections import deque
from collections.abc import Callable, Iterator

from .protocol import MAX_LINE_BYTES, Command, Event, LogLine, ProtocolError, decode, encode

DEAF_DAEMON_S = 5.0
"""A daemon that has read nothing for so long is no daemon any more."""

LARGEST_BACKLOG_BYTES = 1_048_576
"""More than a daemon that is alive ever leaves unread."""

READ_BYTES = 65_536
WARNING = 30


class Channel:
    """`closed` is true once the daemon has closed its end or stopped reading."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float]) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.closed = False
        self._clock = clock
        self._lines: deque[bytes] = deque()
        self._partial = b""
        self._too_long = False
        self._unsent = bytearray()
        self._stuck_since_s = 0.0

    @property
    def congested(self) -> bool:
        """Whether something waits to be sent; call `flush` again soon."""
        return bool(self._unsent)

    def read(self) -> None:
        """Take in a part of what has arrived; the rest waits until that has been carried out."""
        if self.closed:
            return
        try:
            data = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._split(data)
        else:
            self.closed = True

    def _split(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\n")
        if self._too_long and lines:
            lines[0] = b" " * (MAX_LINE_BYTES + 1)
            self._too_long = False
        self._lines.extend(lines)
        if len(self._partial) > MAX_LINE_BYTES:
            self._too_long, self._partial = True, b""

    def commands(self) -> Iterator[Command]:
        """What has been read; a line that is no command is logged and dropped."""
        while self._lines and not self.closed:
            try:
                yield decode(self._lines.popleft(), Command)
            except ProtocolError as error:
                text = f"The engine dropped a line of the daemon: {error}."
                self.send(LogLine(level=WARNING, text=text))

    def send(self, event: Event) -> None:
        """Queue `event` and send what the socket takes."""
        self._unsent += encode(event)
        self.flush()

    def flush(self) -> None:
        while self._unsent and not self.closed:
            try:
                sent = self.sock.send(self._unsent)
            except BlockingIOError:
                self._give_up_when_stuck()
                return
            except OSError:
                self.closed = True
                return
            del self._unsent[:sent]
            self._stuck_since_s = 0.0

    def _give_up_when_stuck(self) -> None:
        now_s = self._clock()
        if not self._stuck_since_s:
            self._stuck_since_s = now_s
        elif now_s - self._stuck_since_s > DEAF_DAEMON_S:
            self.closed = True
        if len(self._unsent) > LARGEST_BACKLOG_BYTES:
            self.closed = True
