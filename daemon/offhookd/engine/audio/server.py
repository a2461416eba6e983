# SPDX-License-Identifier: GPL-2.0-or-later
"""The sound server as the audio thread sees it: there, or tried again until it is."""

import time
from collections.abc import Callable

from offhookd.engine.audio.clock import NEVER, Rest
from offhookd.engine.audio.errors import AudioError, ServerLostError
from offhookd.engine.audio.pulse import Connection, MainLoop

RETRY_S = 0.5
"""A restarted server is back within a second or two; a refused connection costs 0.2 ms."""

PATIENCE_S = 5.0
"""A server that takes the connection and says nothing for so long is asked again."""

PROPERTIES = {
    "application.name": "offhook",
    "application.id": "org.offhook.Phone",
    "application.icon_name": "call-start",
}


class Server:
    """One connection for all streams, only while somebody wants it.

    `connection` is None unless it is ready; `reason` then says why in one sentence.
    `had_to_listen` tells how the last news came: by `listen`, or by `look`.
    """

    def __init__(self) -> None:
        self.loop: MainLoop | None = None
        self.connection: Connection | None = None
        self.reason = ""
        self.had_to_listen = False
        self._pending: Connection | None = None
        self._retry_at = 0.0

    def step(self, now: float) -> Rest:
        """Connect, see how it goes, try again when it is time.

        Raises `ServerLostError` when the connection has died: close all streams, then `lose`.
        """
        if self.connection is not None:
            self.connection.raise_if_lost()
            return Rest(NEVER, NEVER)
        if self._pending is None:
            if now < self._retry_at:
                return Rest(self._retry_at, self._retry_at)
            self._begin(now)
        if self._pending is not None and self._is_ready(self._pending, now):
            self.connection, self._pending = self._pending, None
            self.reason = ""
        return Rest(now, self._retry_at)

    def look(self) -> None:
        """Take in what the server has said meanwhile."""
        self.had_to_listen = False
        if self.loop is not None:
            self.loop.flush()

    def listen(self, until: float, woken: Callable[[], bool]) -> None:
        """Sleep until the server says something, until it is time, or until `MainLoop.wakeup`,
        which may also have been called for something `woken` tells of."""
        self.had_to_listen = True
        if self.loop is not None:
            self.loop.wait(until - time.monotonic(), woken)

    def lose(self, error: ServerLostError, now: float) -> None:
        """Give up the dead connection and try again later."""
        self._retry(f"The sound server is gone ({error}); waiting for it.", now)

    def disconnect(self) -> None:
        """Nobody wants the server any more; the streams have been closed."""
        for connection in (self.connection, self._pending):
            if connection is not None:
                connection.close()
        self.connection = self._pending = None
        self.reason = ""
        self._retry_at = 0.0

    def close(self) -> None:
        self.disconnect()
        if self.loop is not None:
            self.loop.close()
            self.loop = None

    def _begin(self, now: float) -> None:
        try:
            self.loop = self.loop or MainLoop()
        except AudioError as error:
            self._retry(str(error), now)
        else:
            self._pending = Connection(self.loop, PROPERTIES)
            self._retry_at = now + PATIENCE_S

    def _is_ready(self, pending: Connection, now: float) -> bool:
        fault = "it says nothing" if now >= self._retry_at else ""
        try:
            pending.raise_if_lost()
        except ServerLostError as error:
            fault = str(error)
        if fault:
            # One outage, one reason: that of its beginning.
            reason = f"No sound server answers ({fault}); start PulseAudio or PipeWire."
            self._retry(self.reason or reason, now)
        return not fault and pending.ready

    def _retry(self, reason: str, now: float) -> None:
        self.disconnect()
        self.reason = reason
        self._retry_at = now + RETRY_S
