# SPDX-License-Identifier: GPL-2.0-or-later
"""A message bus of the test's own: a real dbus-daemon that no other program knows."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class PrivateBus:
    """A dbus-daemon with the rules of a session bus, at an address that survives a restart."""

    def __init__(self, directory: Path) -> None:
        self.address = f"unix:path={directory / 'bus'}"
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start the daemon; it accepts connections when this returns."""
        command = ["dbus-daemon", "--session", "--nofork", "--nosyslog", "--nopidfile"]
        command += [f"--address={self.address}", "--print-address=1"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout
        assert self._process.stdout.readline(), "dbus-daemon did not start"

    def kill(self) -> None:
        """End the daemon without a good-bye; nothing happens when it does not run."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()


@contextmanager
def private_bus() -> Iterator[PrivateBus]:
    """A running bus for the length of the block; the socket goes with it."""
    with tempfile.TemporaryDirectory(prefix="offhook-bus-") as directory:
        bus = PrivateBus(Path(directory))
        bus.start()
        try:
            yield bus
        finally:
            bus.kill()
