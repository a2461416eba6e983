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
