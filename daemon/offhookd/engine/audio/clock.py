# SPDX-License-Identifier: GPL-2.0-or-later
"""Time for the audio thread: when to look again, and a clock where no device gives one."""

import math
from typing import NamedTuple

NEVER = math.inf


class Rest(NamedTuple):
    """How long a part of the audio thread has nothing to do (seconds of `time.monotonic`).

    Before `quiet_until` not even news of the sound server interest it; at `until` it wants to be
    called in any case.
    """

    quiet_until: float
    until: float


IDLE = Rest(NEVER, NEVER)


class FrameClock:
    """Says when the next frame is due.  A tick that comes late is not made up for in a burst: at
    most one frame a call of `tick`, and the clock goes on from now when it is a frame behind."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self.due = 0.0

    def restart(self, now: float) -> None:
        """The next frame is due one period from now."""
        self.due = now + self._period_s

    def tick(self, now: float) -> bool:
        """Whether a frame is due now; if so, the next one is a period later."""
        if now < self.due:
            return False
        self.due += self._period_s
        if self.due <= now:
            self.restart(now)
        return True


class Pacer:
    """When to look for the next captured frame, so that one wake-up finds it there.

    Sound arrives in pieces that seldom match a frame.  Listening for each piece wakes the thread
    two to nine times a frame; looking a moment after the frame is complete wakes it once, and
    frames leave at an even pace, which saves jitter buffer at the far end.
    """

    MARGIN_S = 0.001
    CREEP_S = 0.000_02
    """Earlier with every frame that was there already: follows clocks 0.1 % apart, and comes too
    early once a second only."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self.look_at = 0.0

    def arrived(self, now: float, had_to_listen: bool) -> None:
        """A frame is complete, at once when we looked or after listening for it."""
        if had_to_listen or now - self.look_at > self._period_s:
            self.look_at = now + self.MARGIN_S
        else:
            self.look_at -= self.CREEP_S
        self.look_at += self._period_s
