# SPDX-License-Identifier: GPL-2.0-or-later
"""A new engine process.

Apart from its supervisor because the daemon launches the first engine before it loads anything
else: both load at the same time then, and the slower of them decides when the phone registers.
"""

import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

COMMAND = (sys.executable, "-I", "-m", "offhookd.engine")


class Launched(NamedTuple):
    """The process and our end of its socket, which ends it when it is closed."""

    process: subprocess.Popen[bytes]
    sock: socket.socket

    def discard(self) -> None:
        """End a process that was never used."""
        self.sock.close()
        self.process.kill()
        self.process.wait()


def launch(command: Sequence[str] = COMMAND) -> Launched:
    """Start `command` with its end of a new socket as ``--fd N``; OSError when it cannot be."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                [*command, "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        except OSError:
            ours.close()
            raise
    return Launched(process, ours)
