# SPDX-License-Identifier: GPL-2.0-or-later
"""The loudspeaker of a call.

When the queue runs dry the server goes on with silence, and says so only afterwards: that end is
hard, for what could soften it has been played.  (To have a fade lie ready behind each frame, every
write would have to take back the one before: fifty rewinds a second at the server.)  What follows
the gap is faded in.
"""

from offhookd.engine.audio import drift
from offhookd.engine.audio.device import PROPERTIES, Device
from offhookd.engine.audio.pulse import SAMPLE_BYTES, Connection, PlaybackStream
from offhookd.engine.audio.reserve import GENTLE, Reserve

TARGET_MS = 60
REQUEST_MS = 20
"""A server that follows them runs its device in blocks of 60 / 2 - 20 = 10 ms."""
READING_FRAMES = 10
"""A reading of the queue is a short message each way, and wakes nobody."""
JUMP_MS = 50
"""More than this is one gap rather than a splice every half second."""
RISE_MS = 4
"""Long enough for no click, too short to swallow a consonant."""
SPLICE_MS = (2, 8)
"""One period of a low man's voice is 10 ms, of a woman's 5."""


class Playback(Device[PlaybackStream]):
    """Takes frames of `frame_bytes` at `rate` at the pace of another clock."""

    title = "loudspeaker"

    def __init__(
        self, rate: int, frame_bytes: int, wanted: str = "", may_move: bool = True
    ) -> None:
        super().__init__(wanted, may_move)
        self.underruns = 0
        self.splices = 0
        self.queued_ms = 0.0
        self.reserve = Reserve()
        self._rate, self._frame_bytes = rate, frame_bytes
        self._bytes_per_ms = rate * SAMPLE_BYTES / 1000
        self._underflow = 0
        self._frames = 0
        self._must_refill = False
        self._after_gap = False
        self.live = False
        """Whether somebody listens; before, sound may be cut and need not be spliced."""

    def go_live(self) -> None:
        """Begin anew with the next frame, unless the queue is known to be right."""
        if not self.live:
            self.live = True
            self._must_refill = not self.reserve.settled
            self.reserve = Reserve(GENTLE)

    def rest(self) -> None:
        """The call is over; the next one begins as the first did."""
        self.live = False
        self.reserve = Reserve()

    def write(self, frame: bytes, now: float) -> None:
        """Queue one frame; without a device it is lost."""
        stream = self.stream
        if stream is None:
            return
        if stream.underflow != self._underflow:
            self._ran_dry(now)
        if self._must_refill:
            self._refill(stream, now)
        frame = self._spliced(stream, frame, now)
        if self._after_gap:
            self._after_gap = False
            frame = drift.rise(frame, RISE_MS * self._rate // 1000)
        stream.write(frame)
        self._frames += 1
        if self._frames % READING_FRAMES == 0:
            stream.ask_queued()

    def _connect(self, connection: Connection, device: str) -> PlaybackStream:
        return PlaybackStream(
            connection,
            self._rate,
            PROPERTIES,
            device,
            target_bytes=int(TARGET_MS * self._bytes_per_ms),
            request_bytes=int(REQUEST_MS * self._bytes_per_ms),
            may_move=self.may_move,
        )

    def _started(self, stream: PlaybackStream, now: float) -> None:
        self._refill(stream, now)
        stream.uncork()

    def _ran_dry(self, now: float) -> None:
        """Before the call is live, that says nothing: the microphone only begins to deliver."""
        self._must_refill = True
        if self.live:
            self.underruns += 1
            self.reserve.ran_dry(now)

    def _refill(self, stream: PlaybackStream, now: float) -> None:
        """Replace what is queued by the reserve, as silence."""
        self._must_refill = False
        self._after_gap = True
        self.reserve.restart(now)
        self._underflow = stream.underflow
        samples = int(self.reserve.target_ms * self._bytes_per_ms) // SAMPLE_BYTES
        stream.play_now(bytes(samples * SAMPLE_BYTES))

    def _spliced(self, stream: PlaybackStream, frame: bytes, now: float) -> bytes:
        """`frame`, or a shorter or longer one when the queue needs it."""
        queued = stream.queued_bytes()
        if queued is None:
            return frame
        self.queued_ms = queued / self._bytes_per_ms
        excess = self.reserve.observe(self.queued_ms - self._frame_bytes / self._bytes_per_ms, now)
        if not excess:
            return frame
        if excess > JUMP_MS:
            self._must_refill = True
            return frame
        least, most = (ms * self._rate // 1000 for ms in SPLICE_MS)
        mended = (drift.shorten if excess > 0 else drift.lengthen)(frame, least, most)
        self.splices += 1
        self.reserve.spliced((len(mended) - len(frame)) / self._bytes_per_ms)
        return mended
