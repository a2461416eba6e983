# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's end of the socketpair: commands out, replies and events in.

Nothing that arrives is trusted: lines are bounded, decoded strictly, and a peer that keeps
sending what is no message is hung up on.
"""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable

from .protocol import MAX_LINE_BYTES, Command, Event, ProtocolError, Reply, decode, encode

READ_BYTES = 65_536
LARGEST_BACKLOG_BYTES = 1_048_576
"""An engine that has not read this much is stuck."""
CLOSED = "the SIP engine closed its connection"
GONE = -1
"""Code of the replies that no engine sent."""
MOST_BAD_LINES = 20
"""One is a bug worth a log line, many are an engine that somebody else is driving."""

logger = logging.getLogger(__name__)

Replied = Callable[[Reply], None]


class Link:
    """One engine's connection; `closed` is called once, when it is of no use any more."""

    def __init__(
        self, sock: socket.socket, event: Callable[[Event], None], closed: Callable[[str], None]
    ) -> None:
        self._sock = sock
        self._event = event
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._backlog = bytearray()
        self._replies: dict[int, Replied] = {}
        self._requests = 0
        self._bad_lines = 0
        self._lines: deque[bytes] = deque()
        self._open = True
        sock.setblocking(False)
        self._loop.add_reader(sock, self._readable)

    def send(self, command: Command, replied: Replied | None = None) -> None:
        """Send `command`; `replied` gets its reply, or a failed one when the link closes."""
        self._requests += 1
        numbered = command.but(request=self._requests)
        if replied is not None:
            self._replies[self._requests] = replied
        try:
            line = encode(numbered)
        except ProtocolError as error:
            self._fail(self._requests, str(error))
            return
        if not self._open:
            self._fail(self._requests, "the SIP engine is not running", GONE)
        elif self._backlog:
            self._backlog += line
        else:
            self._write(line)

    def close(self, why: str = "closed") -> None:
        """Stop listening; open requests fail."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        for request in tuple(self._replies):
            self._fail(request, why, GONE)
        self._closed(why)

    def _fail(self, request: int, why: str, code: int = 0) -> None:
        if replied := self._replies.pop(request, None):
            # Later, as every reply: callers are not prepared for it while they are calling.
            self._loop.call_soon(replied, Reply(request=request, error=why, code=code))

    def _write(self, data: bytes | bytearray) -> None:
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.close(f"the SIP engine is gone: {error.strerror}")
            return
        self._backlog = bytearray(data[sent:])
        if len(self._backlog) > LARGEST_BACKLOG_BYTES:
            self.close("the SIP engine does not read its commands")
        elif self._backlog:
            self._loop.add_writer(self._sock, self._writable)

    def _writable(self) -> None:
        self._loop.remove_writer(self._sock)
        self._write(self._backlog)

    def _readable(self) -> None:
        if self._lines:  # first what is here: a flood fills the engine's side, not ours
            return
        try:
            data = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close(CLOSED)
            return
        self._received += data
        *lines, rest = self._received.split(b"\n")
        self._received = rest
        self._lines.extend(map(bytes, lines))
        self._take_next()
        if len(self._received) > MAX_LINE_BYTES:
            self.close("the SIP engine sent a line without end")

    def _take_next(self) -> None:
        """One in each turn of the loop: what a client sees of a turn is its outcome, and no state
        of a call is to be passed over because two of them arrived together."""
        if self._lines:
            self._take(self._lines.popleft())
        if self._lines:
            self._loop.call_soon(self._take_next)

    def _take(self, line: bytes) -> None:
        if not self._open:
            return
        try:
            event = decode(line, Event)
        except ProtocolError as error:
            self._bad_lines += 1
            logger.warning("engine sent what is no message: %s", error)
            if self._bad_lines >= MOST_BAD_LINES:
                self.close("the SIP engine sent nonsense")
            return
        try:
            self._deliver(event)
        except Exception:  # the fence: what cannot be digested must not cost what is behind it
            logger.exception("the %s of the engine was not understood", event.kind)

    def _deliver(self, event: Event) -> None:
        if not isinstance(event, Reply):
            self._event(event)
        elif replied := self._replies.pop(event.request, None):
            replied(event)
