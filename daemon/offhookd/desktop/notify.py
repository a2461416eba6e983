# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon tells its service manager: the sd_notify(3) protocol, in its few lines.

Datagrams of ``NAME=value`` lines to the socket that ``$NOTIFY_SOCKET`` names.  Started by hand
there is no such socket, and every method does nothing.
"""

import logging
import os
import socket
import time
from collections.abc import MutableMapping
from typing import Self

_LOG = logging.getLogger(__name__)

SEND_TIMEOUT_S = 0.5
"""The manager reads at once; a stuck one must not stop the event loop for longer than this."""

WATCHDOG_SHARE = 0.5
"""Feed at half the limit, as sd_watchdog_enabled(3) recommends."""


class ServiceManager:
    """The service manager that started us, if one did."""

    def __init__(self, address: str = "", watchdog_interval_s: float | None = None) -> None:
        """`address` as in ``$NOTIFY_SOCKET``: a path, ``@name`` (abstract), or "" for nobody."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_interval_s = watchdog_interval_s

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ) -> Self:
        """Read and remove the manager's variables, so that no child of ours speaks for us."""
        address = environment.pop("NOTIFY_SOCKET", "")
        limit_us = environment.pop("WATCHDOG_USEC", "")
        for_pid = environment.pop("WATCHDOG_PID", str(os.getpid()))
        guarded = limit_us.isdecimal() and int(limit_us) > 0 and for_pid == str(os.getpid())
        return cls(address, int(limit_us) / 1e6 * WATCHDOG_SHARE if guarded else None)

    def watchdog_interval(self) -> float | None:
        """Seconds between two `watchdog` calls; None where nobody watches."""
        return self._watchdog_interval_s

    def ready(self) -> None:
        """Start-up, or the reload announced by `reloading`, is complete."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload begins; `ready` must follow, whether it succeeded or not."""
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={now_us}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send("STATUS=" + " ".join(text.split()))

    def watchdog(self) -> None:
        """The daemon and its engine are alive."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(SEND_TIMEOUT_S)
                sock.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _LOG.warning("the service manager did not take %s: %s", lines[0], error)
