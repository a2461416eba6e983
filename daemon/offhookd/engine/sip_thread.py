# SPDX-License-Identifier: GPL-2.0-or-later
"""The one thread that owns pjsua2: its turn, its alarms, and what others hand to it."""

import functools
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from . import wake
from .channel import Channel
from .pjlib import PjlibError
from .protocol import Event, LogLine
from .schedule import Schedule

LONGEST_SLEEP_S = 60.0
"""Nothing needs the thread earlier: sockets, pjsip's timers and alarms wake it."""

BLIND_POLL_S = 0.01
"""Sleep where pjsip's poll does not see our sockets: every command would wait for its end."""

CONGESTED_POLL_S = 0.05
DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
LONGEST_LOG_CHARS = 2_000


class SipThread:
    """Everything that happens in the engine outside pjsip itself happens in `run`."""

    def __init__(self, channel: Channel, log_level: int) -> None:
        self.schedule = Schedule(time.monotonic)
        self._channel = channel
        self._log_level = log_level
        self._soon: deque[Callable[[], None]] = deque()
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._watches: list[wake.SocketWatch] = []
        self._longest_sleep_s = BLIND_POLL_S

    # ------------------------------------------------------------ what others use

    def soon(self, action: Callable[[], None]) -> None:
        """Run `action` when pjsip has unwound: callbacks must neither answer nor hang up."""
        self._soon.append(action)

    def post(self, action: Callable[[], None]) -> None:
        """`soon`, for other threads."""
        self._soon.append(action)
        try:
            self._bell.send(b"!")
        except OSError:
            return  # full: the thread is awake already; closed: it is gone

    def send(self, event: Event) -> None:
        self._channel.send(event)

    @property
    def congested(self) -> bool:
        """Whether the daemon is behind with reading; what can wait is better sent later."""
        return self._channel.congested

    def log(self, level: int, text: str) -> None:
        if level >= self._log_level:
            self.send(LogLine(level=level, text=text[:LONGEST_LOG_CHARS]))

    # ------------------------------------------------------------ the turn

    def watch(self, handle_events: Callable[[int], object]) -> str:
        """Let pjsip's poll see our sockets.  Returns "" or the fault as a sentence."""
        fault = wake.self_test(handle_events)
        if fault:
            return fault
        try:
            self._watches = [
                wake.SocketWatch(self._channel.sock, self._channel.read),
                wake.SocketWatch(self._ear, self._hear),
            ]
        except PjlibError as error:
            return f"{error}; the engine polls every 10 ms instead."
        self._longest_sleep_s = LONGEST_SLEEP_S
        return ""

    def turn(self, handle_events: Callable[[int], object], longest_s: float) -> None:
        """Sleep in pjsip's poll until something happens; then do what is due."""
        sleep_s = 0.0 if self._soon else self.schedule.wait_s(min(longest_s, self._longest_sleep_s))
        if self._channel.congested:
            sleep_s = min(sleep_s, CONGESTED_POLL_S)
        # Rounded up: a sleep that ends just before its alarm would be followed by a spin.
        handle_events(int(sleep_s * 1000) + (1 if sleep_s else 0))
        self._channel.read()
        self._channel.flush()
        self.schedule.run_due()
        for _ in range(len(self._soon)):
            self._soon.popleft()()

    def close(self) -> None:
        """Take our sockets out of the poll; before libDestroy."""
        for watch in self._watches:
            watch.close()
        self._watches = []
        self._ear.close()
        self._bell.close()

    def _hear(self) -> None:
        try:
            self._ear.recv(4096)
        except BlockingIOError:
            return


class Reporting(Protocol):
    thread: SipThread


def guarded(returning: Any = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The fence around every pjsua2 callback: nothing raised inside may reach C++.

    There an exception vanishes at best; from a callback with a result it is a segmentation fault,
    and SystemExit ends the process in the middle of pjsip.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def fenced(self: Reporting, parameters: Any) -> Any:
            try:
                return method(self, parameters)
            except BaseException as error:  # noqa: BLE001 - the one fence towards C++
                import traceback  # noqa: PLC0415 - only for a bug

                trace = "".join(traceback.format_exception(error))
                self.thread.log(ERROR, f"{method.__qualname__} failed: {trace}")
                return returning

        return fenced

    return decorate
