# SPDX-License-Identifier: GPL-2.0-or-later
"""A bare telephone: a SIP stack and an `AudioThread`, driven by lines on its standard input.

The stack aborts its process when it is misused, so it lives in a child.  `Peer` starts one, sends
commands and reads answers; each line is one JSON object in either direction.

    {"do": "dial", "port": 5060}      {"is": "status", "state": "open", ...}
"""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.support.processes import PATIENCE_S

ROOT = Path(__file__).parents[2]
POLL_MS = 5
CLOCK_RATE = 16_000


class Peer:
    """The parent's side.  A context manager; the child ends with it."""

    def __init__(self, *, env: Mapping[str, str] | None = None, **options: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.audio_peer", json.dumps(options)],
            cwd=ROOT,
            env=dict(env) if env is not None else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.pid = self._process.pid
        self.seen: list[dict[str, Any]] = []
        self._unread: list[dict[str, Any]] = []
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="peer-reader", daemon=True)
        self._reader.start()
        try:
            self.port = int(self.wait("ready")["port"])
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def do(self, command: str, **arguments: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")

    def ask(self, command: str, **arguments: Any) -> Any:
        """What the command returns."""
        self.do(command, **arguments)
        return self.wait("answer", to=command)["value"]

    def wait(self, kind: str, timeout_s: float = PATIENCE_S, **facts: Any) -> dict[str, Any]:
        """The next event of this kind with these facts; earlier ones of the kind are passed over
        for good, those of other kinds are kept for their own `wait`."""
        deadline = time.monotonic() + timeout_s
        kept: list[dict[str, Any]] = []
        while True:
            event = self._next(deadline, f"{kind} {facts}")
            if event["is"] != kind:
                kept.append(event)
            elif facts.items() <= event.items():
                self._unread = kept + self._unread
                return event

    def _next(self, deadline: float, awaited: str) -> dict[str, Any]:
        if self._unread:
            return self._unread.pop(0)
        try:
            event = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise TimeoutError(f"no {awaited}; seen {self.seen[-6:]}") from None
        if event is None:
            raise ChildProcessError(f"the peer died with {self._process.wait()}")
        self.seen.append(event)
        return event

    def close(self) -> int:
        """End the child; returns its exit status."""
        if self._process.poll() is None:
            try:
                self.do("quit")
                self._process.wait(PATIENCE_S)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self._process.kill()
        status = self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._lines.put(json.loads(line))
        self._lines.put(None)


def say(kind: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"is": kind, "at": time.monotonic(), **facts}) + "\n")
    sys.stdout.flush()


def main() -> None:
    from tests.support.audio_phone import Phone  # noqa: PLC0415 - the stack, in the child only

    commands: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            commands.put(json.loads(line))
        commands.put({"do": "quit"})

    threading.Thread(target=read, name="stdin", daemon=True).start()
    phone = Phone(**json.loads(sys.argv[1]))
    try:
        phone.run(commands)
    finally:
        phone.close()


if __name__ == "__main__":
    main()
