# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports about legs that come again and again: quality, and levels for who asked for them."""

from collections.abc import Callable

import pjsua2 as pj

from .refusal import Refused, check_range
from .schedule import Alarm
from .sip_call import Leg
from .sip_headers import clean
from .sip_quality import QualityMeter, read_levels
from .sip_state import State
from .sip_thread import DEBUG, SipThread

QUALITY_EVERY_S = 5.0
SHORTEST_LEVELS_MS = 20
LONGEST_LEVELS_MS = 10_000


class Monitor:
    """`forget` ends all reports about a leg."""

    def __init__(self, thread: SipThread) -> None:
        self._thread = thread
        self._quality: dict[int, Alarm] = {}
        self._levels: dict[int, Alarm] = {}

    def watch_quality(self, leg: Leg) -> None:
        """From now on, every five seconds.  May be called again."""
        if leg.number not in self._quality:
            meter = QualityMeter()
            self._repeat(self._quality, leg, QUALITY_EVERY_S, lambda: self._report(meter, leg))

    def watch_levels(self, leg: Leg, interval_ms: int) -> None:
        """0 ends it.  Raises `Refused` for an interval that makes no sense."""
        alarm = self._levels.pop(leg.number, None)
        if alarm:
            alarm.cancel()
        if interval_ms:
            check_range("interval_ms", interval_ms, SHORTEST_LEVELS_MS, LONGEST_LEVELS_MS)
            interval_s = interval_ms / 1000
            self._repeat(self._levels, leg, interval_s, lambda: self._report_levels(leg))

    def forget(self, leg: Leg) -> None:
        for alarms in (self._quality, self._levels):
            alarm = alarms.pop(leg.number, None)
            if alarm:
                alarm.cancel()

    def _repeat(
        self, alarms: dict[int, Alarm], leg: Leg, interval_s: float, report: Callable[[], None]
    ) -> None:
        def again() -> None:
            alarms[leg.number] = self._thread.schedule.after(interval_s, again)
            if leg.state is State.ENDED or not leg.media.connected:
                return
            try:
                report()
            except (Refused, pj.Error) as error:
                reason = getattr(error, "reason", "") or str(error)
                self._thread.log(DEBUG, f"No report about leg {leg.number}: {clean(reason)}")

        alarms[leg.number] = self._thread.schedule.after(interval_s, again)

    def _report(self, meter: QualityMeter, leg: Leg) -> None:
        self._thread.send(meter.report(leg))

    def _report_levels(self, leg: Leg) -> None:
        self._thread.send(read_levels(leg))
