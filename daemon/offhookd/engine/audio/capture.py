# SPDX-License-Identifier: GPL-2.0-or-later
"""The microphone of a call."""

from offhookd.engine.audio.device import PROPERTIES, Device
from offhookd.engine.audio.pulse import SAMPLE_BYTES, CaptureStream, Connection

FRAGMENT_MS = 10
BACKLOG_MS = 120
"""More than this has piled up only when we or the server were held up; it is dropped, as it would
stay as delay for the rest of the call."""
KEPT_MS = 20


class Capture(Device[CaptureStream]):
    """Frames of `frame_bytes` at `rate`, in the time of the device."""

    title = "microphone"

    def __init__(
        self, rate: int, frame_bytes: int, wanted: str = "", may_move: bool = True
    ) -> None:
        super().__init__(wanted, may_move)
        self.dropped_frames = 0
        self._rate, self._frame_bytes = rate, frame_bytes
        self._byte_rate = rate * SAMPLE_BYTES
        self._pending = bytearray()

    def frames(self) -> list[bytes]:
        """The frames that are complete, oldest first."""
        if self.stream is None:
            return []
        self._pending += self.stream.read()
        if len(self._pending) > self._byte_rate * BACKLOG_MS // 1000:
            self._drop_backlog()
        size = self._frame_bytes
        whole = len(self._pending) // size * size
        taken = [bytes(self._pending[at : at + size]) for at in range(0, whole, size)]
        del self._pending[:whole]
        return taken

    def discard(self) -> None:
        """Forget the whole frames captured so far.  The rest stays, so that the next frame comes
        when it was due: a late one would starve the far end's jitter buffer."""
        self.frames()

    def close(self) -> None:
        super().close()
        self._pending.clear()

    def _connect(self, connection: Connection, device: str) -> CaptureStream:
        fragment = self._byte_rate * FRAGMENT_MS // 1000
        return CaptureStream(
            connection, self._rate, PROPERTIES, device, fragment, may_move=self.may_move
        )

    def _drop_backlog(self) -> None:
        excess = len(self._pending) - self._byte_rate * KEPT_MS // 1000
        frames = excess // self._frame_bytes
        self.dropped_frames += frames
        del self._pending[: frames * self._frame_bytes]
