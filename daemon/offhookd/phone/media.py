# SPDX-License-Identifier: GPL-2.0-or-later
"""The sound of a call: what it is made of, and how good it is."""

from dataclasses import dataclass

from .values import Encryption, Flow, Quality

GOOD_MOS = 4.0
FAIR_MOS = 3.6
"""ITU-T G.107 annex B: R 80 and 70, "satisfied" and "some users dissatisfied"."""

TELLING_MOS = 0.1
TELLING_DELAY_US = 5_000
TELLING_LOSS = 0.005
"""Smaller changes of the quality are noise: nobody hears them, and every client would wake up."""


@dataclass(frozen=True, slots=True)
class Media:
    """What the audio is made of, once it is negotiated."""

    codec: str = ""
    clock_rate: int = 0
    flow: Flow = Flow.NONE
    encryption: Encryption = Encryption.NONE


@dataclass(frozen=True, slots=True)
class Statistics:
    """How the audio flows.  Losses are parts (0.0-1.0) of the last interval; `mos` is 1.0-4.5 by
    the E-model (ITU-T G.107), 0 while unknown."""

    round_trip_us: int = 0
    jitter_us: int = 0
    loss_sent: float = 0.0
    loss_received: float = 0.0
    packets_sent: int = 0
    packets_received: int = 0
    reports_received: int = 0
    """RTCP reports of the far end on what it hears (RFC 3550)."""
    mos: float = 0.0

    def tells_more_than(self, before: "Statistics") -> bool:
        """Whether somebody who watched `before` would want to know (counters aside)."""
        return (
            self.quality is not before.quality
            or abs(self.mos - before.mos) >= TELLING_MOS
            or abs(self.round_trip_us - before.round_trip_us) >= TELLING_DELAY_US
            or abs(self.jitter_us - before.jitter_us) >= TELLING_DELAY_US
            or abs(self.loss_sent - before.loss_sent) >= TELLING_LOSS
            or abs(self.loss_received - before.loss_received) >= TELLING_LOSS
        )

    @property
    def quality(self) -> Quality:
        if not self.mos:
            return Quality.UNKNOWN
        if self.mos >= GOOD_MOS:
            return Quality.GOOD
        return Quality.FAIR if self.mos >= FAIR_MOS else Quality.POOR
