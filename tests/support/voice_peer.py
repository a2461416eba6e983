# SPDX-License-Identifier: GPL-2.0-or-later
"""A far end with a voice: SIPp speaks SIP, FFmpeg codes a tone that goes on for ever.

Unlike baresip it hears and speaks on through any number of re-INVITEs.
"""

import itertools
import struct
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import Self

from tests.support.media_peer import FORMATS, MediaPeer
from tests.support.processes import PATIENCE_S, until
from tests.support.tones import Samples, level_at, sine

RATE = 8_000
PACKET_SAMPLES = 160
PAYLOAD = 8
SOURCE = 0x0FF
AUDIBLE_DBFS = -25.0
WINDOW_S = 0.5


class VoicePeer(MediaPeer):
    """Answers, and says a tone of `hz` to whoever sends it sound."""

    def __init__(
        self,
        directory: Path,
        hz: int,
        level_dbfs: float = -14.0,
        scenario: str = "answer_and_agree",
        duration_s: float = 1.0,
    ) -> None:
        user = f"v{hz}"
        super().__init__(directory, scenario, FORMATS["PCMA"], user=user, duration_s=duration_s)
        self.hz = hz
        self.level_dbfs = level_dbfs
        self.echoes = False
        self._stopped = threading.Event()
        self._speaker = threading.Thread(target=self._speak, name=f"voice-{hz}", daemon=True)

    def __enter__(self) -> Self:
        self._speaker.start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._speaker.join()
        super().__exit__()

    @property
    def contact(self) -> str:
        return self.sipp.contact

    def lately(self, seconds: float = WINDOW_S) -> tuple[Samples, int]:
        """The last of what it heard, and the rate."""
        packets = [one.payload for one in self.packets if one.payload_type == PAYLOAD]
        count = round(seconds * RATE / PACKET_SAMPLES)
        return self.media.decode(packets[-count:], RATE), RATE

    def level_of(self, hz: float) -> float:
        samples, rate = self.lately()
        return level_at(samples, rate, hz)

    async def hears(self, *voices_hz: int) -> None:
        """Wait until it hears these, and none of the other `VOICES_HZ`."""

        def heard() -> set[int]:
            return {hz for hz in VOICES_HZ if self.level_of(hz) > AUDIBLE_DBFS}

        what = f"{voices_hz} Hz at the party of {self.hz} Hz"
        await until(lambda: heard() == set(voices_hz), PATIENCE_S, what)

    @cached_property
    def _frames(self) -> list[bytes]:
        """A second of the tone."""
        import av  # noqa: PLC0415 - 100 MB of libraries: only the tests that speak pay for them

        encoder = av.CodecContext.create("pcm_alaw", "w")
        assert isinstance(encoder, av.AudioCodecContext)
        encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
        tone = sine(self.hz, 1.0, RATE, self.level_dbfs).tobytes()
        step = PACKET_SAMPLES * 2
        frames = []
        for start in range(0, len(tone), step):
            frame = av.AudioFrame("s16", "mono", PACKET_SAMPLES)
            frame.sample_rate = RATE
            frame.planes[0].update(tone[start : start + step])
            frames += [bytes(packet) for packet in encoder.encode(frame)]
        return frames

    def _speak(self) -> None:
        frames = self._frames
        begun = time.monotonic()
        for number in itertools.count():
            due = begun + number * PACKET_SAMPLES / RATE
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            if self.sender:
                header = struct.pack(
                    "!BBHII",
                    *(0x80, PAYLOAD, number & 0xFFFF, number * PACKET_SAMPLES & 0xFFFFFFFF, SOURCE),
                )
                self._socket.sendto(header + frames[number % len(frames)], self.sender)


VOICES_HZ = (600, 900, 1300, 1700)
"""Those the tests use; none is a harmonic of another."""
