# SPDX-License-Identifier: GPL-2.0-or-later
"""Foreign programs for the tests: started, watched and ended without leaving anything behind."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

# Often enough that waiting costs a test nothing, seldom enough to leave two cores to the others.
POLL_S = 0.005
# Kamailio needs up to 0.3 s to end its children; a program that takes longer is killed.
TERMINATION_S = 10.0
LOG_TAIL_BYTES = 8000
# For what takes a moment, on a machine with much else to do: whoever waits for what comes about
# waits no longer, and a test that fails may take its time.
PATIENCE_S = 60.0


def _share(ports: range) -> range:
    """The part of these that belongs to this process of a run with several (pytest-xdist)."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = len(ports) // workers // 2 * 2
    return ports[worker * size : (worker + 1) * size]


# Below Linux' own ephemeral ports (32768 and up), above what services use.
_PORTS = _share(range(10000, 32000))
_given: set[int] = set()


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

    def wait_ready(self, condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
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


def free_port() -> int:
    """A port that is free for UDP and TCP."""
    return free_ports(1)[0]


def free_ports(count: int) -> range:
    """Neighbouring ports, the first one even (RTP, RFC 3550, 11), free for UDP and TCP.

    None is given out twice in one run, nor by another process of the same run, and none is of
    those that the kernel gives to whoever asks for any port.
    """
    while True:
        first = secrets.randbelow(len(_PORTS)) // 2 * 2 + _PORTS.start
        ports = range(first, first + count)
        if ports.stop > _PORTS.stop or not _given.isdisjoint(ports):
            continue
        if not any(taken("udp", port) or taken("tcp", port) for port in ports):
            _given.update(ports)
            return ports


def taken(protocol: Literal["udp", "tcp"], port: int) -> bool:
    """Whether somebody holds this port, on any IPv4 address.

    Read from the kernel's table: trying to bind would take it from whoever is about to.
    """
    rows = Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") for row in rows)
