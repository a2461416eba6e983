# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys that the far end presses, each told once, whatever way they come.

They come as RFC 4733 events, as SIP INFO, or as sound.  A gateway that sends messages may leave
the tone in the sound all the same.
"""

from collections.abc import Callable

from .audio.dtmf import Tone
from .schedule import Alarm, Schedule

IS_UPDATE = 1  # PJMEDIA_STREAM_DTMF_IS_UPDATE
IS_END = 2  # PJMEDIA_STREAM_DTMF_IS_END

LOST_END_S = 0.3
"""After the last packet of a tone; they come every 20 ms, and its end is sent three times."""

DOUBLE_S = 2.0
"""How much later than its tone the message of a key may come."""


class DtmfReceiver:
    """`told` gets each key with its length in milliseconds, when it is over."""

    def __init__(self, schedule: Schedule, told: Callable[[str, int], None]) -> None:
        self._schedule = schedule
        self._told = told
        self._tone = ""
        self._duration_ms = 0
        self._timeout: Alarm | None = None
        self._has_signals = False
        self._just_heard: tuple[str, Alarm] | None = None

    def signalled(self, tone: str, duration_ms: int, flags: int) -> None:
        """One of the events about a key, or its INFO."""
        if not flags & IS_UPDATE or tone != self._tone:
            self._finish()
        self._tone, self._duration_ms = tone, duration_ms
        if flags & IS_END:
            self._finish()
        else:
            self._wait()

    def heard(self, tone: Tone) -> None:
        """A key in the sound, where nothing else has ever come."""
        if not self._has_signals:
            self._just_heard = tone.key, self._schedule.after(DOUBLE_S, lambda: None)
            self._told(tone.key, tone.duration_ms)

    def _wait(self) -> None:
        if self._timeout:
            self._timeout.cancel()
        self._timeout = self._schedule.after(LOST_END_S, self._finish)

    def _finish(self) -> None:
        if self._timeout:
            self._timeout.cancel()
        tone, self._tone = self._tone, ""
        if not tone:
            return
        self._has_signals = True
        heard, self._just_heard = self._just_heard, None
        if not (heard and heard[0] == tone and heard[1].pending):
            self._told(tone, self._duration_ms)
