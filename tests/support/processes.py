# SPDX-License-Identifier: GPL-2.0-or-later
"""Foreign programs for the tests: started, watched and ended without leaving anything behind."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

# Often enough that waiting costs a test nothing, seldom enough to leave two cores to the others.
POLL_S = 0.005
# Kamailio needs up to 0.3 s to end its children; a program that takes longer is killed.
TERMINATION_S = 3.0
LOG_TAIL_BYTES = 8000


class Program:
    """One foreign program with its output in a file.

    The kernel sends it SIGTERM when the thread that started it is gone (setpriv --pdeathsig),
    so a crashed test run leaves nothing behind. It has its own process group: killing it
    kills what it started.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.name = name
        self.log_path = log
        self._argv = [str(word) for word in argv]
        self._environment = environment
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it; raises FileNotFoundError naming the program that is not installed."""
        if self.running:
            raise RuntimeError(f"{self.name} already runs")
        if shutil.which(self._argv[0]) is None:
            raise FileNotFoundError(f"{self._argv[0]} is not installed")
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *self._argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment} if self._environment else None,
                cwd=self._directory,
                process_group=0,
            )
        _started.append(self)
        return self

    def stop(self, patience_s: float = TERMINATION_S) -> None:
        """End it: SIGTERM first, SIGKILL for its whole group if it does not listen."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(patience_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return None if self._process is None else self._process.poll()

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_ready(self, condition: Callable[[], object], timeout_s: float = 10.0) -> None:
        """Block until the condition holds; AssertionError with the log if it never does."""

        def ready_or_ended() -> bool:
            return bool(condition()) or not self.running

        try:
            wait_until(ready_or_ended, timeout_s, f"{self.name} to be ready")
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self._tail()}") from None
        if not self.running:
            raise AssertionError(
                f"{self.name} ended with {self.exit_code} at its start\n{self._tail()}"
            )

    def _tail(self) -> str:
        return self.log[-LOG_TAIL_BYTES:]


# Programs of the running test (and of its longer-lived fixtures), for the report of a failure.
_started: list[Program] = []


def logs() -> Iterator[tuple[str, str]]:
    """Title and last output of every program that runs or has ended during this test."""
    for program in _started:
        state = "running" if program.running else f"ended with {program.exit_code}"
        yield f"{program.name} ({state})", program.log[-LOG_TAIL_BYTES:]


def forget_ended() -> None:
    """Drop the ended programs from `logs`."""
    _started[:] = [program for program in _started if program.running]


def wait_until(condition: Callable[[], object], timeout_s: float, what: str) -> None:
    """Block until the condition holds; AssertionError saying what was awaited otherwise."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(POLL_S)


async def until(condition: Callable[[], object], timeout_s: float, what: str) -> None:
    """Like `wait_until`, without holding up the event loop."""
    deadline = time.monotonic() + timeout_s
    # Another program's state has no event to wait for.
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        await asyncio.sleep(POLL_S)


def free_port(address: str = "127.0.0.1") -> int:
    """A port that is free for UDP and TCP."""
    return free_ports(1, address)[0]


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """Different ports, each free for UDP and TCP at this moment."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = _hold_port(held, address)
            if port is not None:
                ports.append(port)
    return ports


def free_port_pair(address: str = "127.0.0.1") -> int:
    """An even port that is free for RTP, with the next one free for RTCP (RFC 3550, 11)."""
    while True:
        with ExitStack() as held:
            port = _hold_port(held, address)
            if port is None or port % 2:
                continue
            if _bound(held, socket.SOCK_DGRAM, address, port + 1):
                return port


def taken(kind: socket.SocketKind, address: str, port: int) -> bool:
    """Whether somebody holds this port (SOCK_DGRAM: UDP, SOCK_STREAM: TCP)."""
    with ExitStack() as held:
        return _bound(held, kind, address, port) is None


def _hold_port(held: ExitStack, address: str) -> int | None:
    datagram = _bound(held, socket.SOCK_DGRAM, address, 0)
    assert datagram is not None
    port = int(datagram.getsockname()[1])
    return port if _bound(held, socket.SOCK_STREAM, address, port) else None


def _bound(
    held: ExitStack, kind: socket.SocketKind, address: str, port: int
) -> socket.socket | None:
    opened = held.enter_context(socket.socket(socket.AF_INET, kind))
    try:
        opened.bind((address, port))
    except OSError:
        return None
    return opened
