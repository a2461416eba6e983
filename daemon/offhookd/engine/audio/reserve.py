# SPDX-License-Identifier: GPL-2.0-or-later
"""How much sound is kept queued for the loudspeaker: enough never to run out, no more.

The reserve is what is still queued when the next frame is written.  It grows at once when the
loudspeaker ran dry, and shrinks slowly after a long quiet time.
"""

from collections import deque
from typing import NamedTuple

LEAST_MS = 12.0
"""A block of the sound card, 10 ms, and a little: no run-dry on null sinks."""
MOST_MS = 150.0
GROW_MS = 10.0
SHRINK_MS = 5.0
SHRINK_AFTER_S = 30.0
"""A busy machine stumbles every few seconds, and each stumble is heard."""


class Care(NamedTuple):
    """How many readings (five a second) it takes, and how far off their middle must be, before
    the queue is mended.  One reading is off by as much as a block of the sound card, 10 ms."""

    readings: int
    tolerance_ms: float


SWIFT = Care(8, 6.0)
"""Before somebody listens: right after two seconds of ringing."""
GENTLE = Care(40, 10.0)
"""In a call, where each splice may be heard.  Two crystals 100 ppm apart need one in 100 s."""


class Reserve:
    """Pure: fed with readings and run-dries, tells how far the queue is from where it should be."""

    def __init__(self, care: Care = SWIFT) -> None:
        self.target_ms = LEAST_MS
        self._care = care
        self._readings: deque[float] = deque(maxlen=care.readings)
        self._changed_at = 0.0

    def ran_dry(self, now: float) -> None:
        """The loudspeaker had nothing to play; start again with a larger reserve."""
        self._change(min(self.target_ms + GROW_MS, MOST_MS), now)

    def restart(self, now: float) -> None:
        """The queue has been set to the target."""
        self._change(self.target_ms, now)

    def observe(self, reserve_ms: float, now: float) -> float:
        """By how many milliseconds the queue is too long (negative: too short); 0.0 when it is
        fine or not known well enough.  The caller mends it by one splice and goes on observing."""
        self._readings.append(reserve_ms)
        if now - self._changed_at > SHRINK_AFTER_S and self.target_ms > LEAST_MS:
            self._change(max(self.target_ms - SHRINK_MS, LEAST_MS), now)
        return self._excess() if len(self._readings) == self._care.readings else 0.0

    @property
    def settled(self) -> bool:
        """Whether the queue is known to be as it should be."""
        return len(self._readings) == self._care.readings and not self._excess()

    def spliced(self, added_ms: float) -> None:
        """The queue has been made longer (negative: shorter) by so much."""
        self._readings = deque(
            (reading + added_ms for reading in self._readings), self._care.readings
        )

    def _excess(self) -> float:
        excess = sorted(self._readings)[self._care.readings // 2] - self.target_ms
        return excess if abs(excess) > self._care.tolerance_ms else 0.0

    def _change(self, target_ms: float, now: float) -> None:
        self.target_ms = target_ms
        self._changed_at = now
        self._readings.clear()
