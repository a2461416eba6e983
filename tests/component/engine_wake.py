# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of test_wake.py, each run in a child process of its own."""

import resource
import socket
import statistics
import threading
import time

from offhookd.engine import wake
from tests.support.bare_engine import bare_engine, main

ROUNDS = 100
IDLE_MS = 3000


def self_test() -> str:
    with bare_engine() as engine:
        return wake.self_test(engine.endpoint.libHandleEvents)


def latency_us() -> float:
    """Median time from a byte sent by another thread to the callback."""
    ours, theirs = socket.socketpair()
    taken: list[float] = []
    sent_at = 0.0
    seen = threading.Semaphore(0)

    def on_readable() -> None:
        ours.recv(16)
        taken.append(time.perf_counter() - sent_at)
        seen.release()

    def send() -> None:
        nonlocal sent_at
        for _ in range(ROUNDS):
            sent_at = time.perf_counter()
            theirs.send(b"x")
            seen.acquire()

    with bare_engine() as engine, ours, theirs:
        watch = wake.SocketWatch(ours, on_readable)
        sender = threading.Thread(target=send)
        sender.start()
        while len(taken) < ROUNDS:
            engine.endpoint.libHandleEvents(60_000)
        sender.join()
        watch.close()
    return statistics.median(taken) * 1e6


def idle_switches() -> int:
    """Voluntary context switches of a watched, idle engine in three seconds."""
    ours, theirs = socket.socketpair()
    with bare_engine() as engine, ours, theirs:
        watch = wake.SocketWatch(ours, lambda: None)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
        engine.endpoint.libHandleEvents(IDLE_MS)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
        watch.close()
    return after - before


def end_of_stream() -> list[bool]:
    """The watch closes itself in the callback of the end; the socket is left open."""
    ours, theirs = socket.socketpair()
    ends: list[bytes] = []
    with bare_engine() as engine, ours:

        def on_readable() -> None:
            ends.append(ours.recv(16))
            watch.close()

        watch = wake.SocketWatch(ours, on_readable)
        theirs.close()
        engine.pump(lambda: ends)
        engine.pump(lambda: False, 50)
        watch.close()
        return [ends == [b""], ours.fileno() >= 0]


def exception_in_callback() -> int:
    """The watch goes on after its owner's callback raised."""
    ours, theirs = socket.socketpair()
    calls: list[bytes] = []
    with bare_engine() as engine, ours, theirs:

        def on_readable() -> None:
            calls.append(ours.recv(16))
            if len(calls) == 1:
                raise ValueError

        watch = wake.SocketWatch(ours, on_readable)
        for count in (1, 2):
            theirs.send(b"x")
            engine.pump(lambda expected=count: len(calls) == expected)  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        watch.close()
    return len(calls)


if __name__ == "__main__":
    main(
        {
            program.__name__: program
            for program in (
                self_test,
                latency_us,
                idle_switches,
                end_of_stream,
                exception_in_callback,
            )
        }
    )
