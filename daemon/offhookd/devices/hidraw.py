# SPDX-License-Identifier: GPL-2.0-or-later
"""A hidraw node as a source and a sink of whole reports (Linux, Documentation/hid/hidraw.rst)."""

import asyncio
import errno
import fcntl
import logging
import os
from collections import deque
from collections.abc import Callable

LONGEST_REPORT = 16_384  # HID_MAX_BUFFER_SIZE

REPORTS_A_SPAN = 64
"""Read at most in `SPAN_S`; the kernel keeps as many.  A volume wheel sends 10."""

SPAN_S = 0.1

FLOOD_SPANS = 50
"""So many full spans one after another, 5 s, are a broken device and no finger."""

CLOSE_LIMIT_S = 1.0
"""The kernel waits up to 5 s for a device that does not take a report."""

MOST_WAITING = 256
"""Reports for a device that takes none, which each keep the kernel for 5 s; the oldest go first, as
the newest say what is so."""

GONE = frozenset({errno.EIO, errno.ENODEV, errno.ENXIO, errno.ECONNRESET, errno.EPIPE})
"""What reading and writing say after unplugging, which is a normal end."""

_HIDIOCSFEATURE = 0xC000_4806

logger = logging.getLogger(__name__)


class Hidraw:
    """Owns `fd`, which must not block.  `received` gets each report; `ended` is called once, with
    "" after unplugging or a sentence when the device is to be left alone; after `close` neither.

    Reports are written one after another in a thread: the kernel waits for the device, and the
    phone must not.
    """

    def __init__(
        self,
        fd: int,
        name: str,
        received: Callable[[bytes], None],
        ended: Callable[[str], None],
        write_gap_s: float = 0,
    ) -> None:
        self._fd = fd
        self._name = name
        self._received = received
        self._ended = ended
        self._write_gap_s = write_gap_s
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._pause: asyncio.TimerHandle | None = None
        self._span = self._loop.time(), 0
        self._full_spans = 0
        self._outgoing: deque[tuple[bytes, bool]] = deque(maxlen=MOST_WAITING)
        self._writer: asyncio.Task[None] | None = None
        self._refused = False
        self._loop.add_reader(fd, self._readable)

    def send(self, report: bytes, feature: bool = False) -> None:
        """Queue a report, its id first; a feature report where `feature`."""
        if self._closing:
            return
        self._outgoing.append((report, feature))
        if self._writer is None or self._writer.done():
            self._writer = self._loop.create_task(self._write_all(), name=f"write to {self._name}")

    async def close(self) -> None:
        """Write what is queued, if the device takes it soon; idempotent."""
        if self._closing:
            return
        self._deaf()
        if self._writer and not self._writer.done():
            await asyncio.wait({self._writer}, timeout=CLOSE_LIMIT_S)
            self._outgoing.clear()
        self._let_go()

    # ------------------------------------------------------------ reading

    def _readable(self) -> None:
        while self._may_read():
            try:
                report = os.read(self._fd, LONGEST_REPORT)
            except BlockingIOError:
                return
            except OSError as error:
                self._fail(error)
                return
            if not report:
                self._end("")
                return
            self._received(report)
            if self._closing:
                return

    def _may_read(self) -> bool:
        """Count, and rest until the span is over when it is full."""
        begun, count = self._span
        now = self._loop.time()
        if now - begun >= SPAN_S:
            self._full_spans = self._full_spans + 1 if count >= REPORTS_A_SPAN else 0
            begun, count = now, 0
        self._span = begun, count + 1
        if self._full_spans >= FLOOD_SPANS:
            self._end(f"{self._name} floods this machine with reports and is left alone; replug it")
        elif count >= REPORTS_A_SPAN:
            self._loop.remove_reader(self._fd)
            self._pause = self._loop.call_at(begun + SPAN_S, self._resume)
        else:
            return True
        return False

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._fd, self._readable)

    def _fail(self, error: OSError) -> None:
        if error.errno in GONE:
            self._end("")
        else:
            self._end(f"{self._name} cannot be read: {error.strerror}; replug it")

    def _end(self, text: str) -> None:
        self._deaf()
        self._outgoing.clear()
        self._let_go()
        self._ended(text)

    def _deaf(self) -> None:
        self._closing = True
        self._loop.remove_reader(self._fd)
        if self._pause:
            self._pause.cancel()
            self._pause = None

    def _let_go(self) -> None:
        """Close the node, but never under the writing thread."""
        fd = self._fd
        if self._writer and not self._writer.done():
            self._writer.add_done_callback(lambda _task: os.close(fd))
        else:
            os.close(fd)

    # ------------------------------------------------------------ writing

    async def _write_all(self) -> None:
        while self._outgoing:
            report, feature = self._outgoing.popleft()
            try:
                await asyncio.to_thread(_write, self._fd, report, feature)
            except OSError as error:
                self._note(error)
            if self._write_gap_s:
                await asyncio.sleep(self._write_gap_s)

    def _note(self, error: OSError) -> None:
        """Reading tells the end; that a device refuses a report is told once."""
        if error.errno not in GONE:
            level = logging.DEBUG if self._refused else logging.WARNING
            self._refused = True
            logger.log(level, "%s did not take a report: %s", self._name, error.strerror)


def _write(fd: int, report: bytes, feature: bool) -> None:
    if feature:
        fcntl.ioctl(fd, _HIDIOCSFEATURE | len(report) << 16, report)
    else:
        os.write(fd, report)
