# SPDX-License-Identifier: GPL-2.0-or-later
"""The volume of the ringer's own stream, which exists only while it rings.

The engine makes the stream with the level that was known when the ringing began.  Whatever became
of it since, and whatever the server remembers of earlier streams, is put right here.
"""

from collections import deque
from typing import Any

from offhookd.sound.volume import FULL, at_level, level_of

RINGER_STREAM = {"application.id": "org.offhook.Phone", "media.name": "ringer"}
"""Properties that tell the engine's ringing from its call audio and from other programs."""

SAME = 0.005
"""Levels nearer than half a percent are the same: the server rounds to 1/65536 of the amplitude."""

LATE_LEVELS = 32
"""Of ours may still be told by the server after a newer one was set: PipeWire shows what it was
asked for some milliseconds after saying that it is done."""


class RingerVolume:
    """Gives `level` to each ringer stream that appears, and follows the user's mixer from there."""

    def __init__(self) -> None:
        self.level = FULL
        self._late: deque[float] = deque(maxlen=LATE_LEVELS)
        self._new: set[int] = set()
        self._changed: set[int] = set()

    def set(self, level: float) -> None:
        """For the ringing from now on; `apply` brings it to the ringing that is going on."""
        self._late.append(self.level)
        self.level = level

    def note(self, event: Any) -> None:
        """A stream of any program came or changed (pulsectl's PulseEventInfo)."""
        if event.t == "new":
            self._new.add(event.index)
        elif event.t == "change":
            self._changed.add(event.index)

    async def settle(self, pulse: Any) -> bool:
        """Look at the noted streams; True when the user turned the ringing up or down."""
        new, changed = self._new, self._changed - self._new
        if not new | changed:
            return False
        self._new, self._changed = set(), set()
        before = self.level
        for stream in await _ringer_streams(pulse):
            if stream.index in new:
                await _set(pulse, stream, self.level)
            elif stream.index in changed:
                self._follow(level_of(stream.volume.values))
        return self.level != before

    def _follow(self, found: float) -> None:
        """What the user chose in a mixer, and not what we had set before."""
        if abs(found - self.level) <= SAME:
            self._late.clear()
        elif all(abs(found - late) > SAME for late in self._late):
            self.level = found

    async def apply(self, pulse: Any) -> None:
        """Give `level` to the ringing that is going on."""
        streams = await _ringer_streams(pulse)
        for stream in streams:
            await _set(pulse, stream, self.level)
        if not streams:
            self._late.clear()


async def _set(pulse: Any, stream: Any, level: float) -> None:
    if abs(level_of(stream.volume.values) - level) <= SAME:
        return
    stream.volume.values = at_level(stream.volume.values, level)
    await pulse.volume_set(stream, stream.volume)


async def _ringer_streams(pulse: Any) -> list[Any]:
    return [
        stream
        for stream in await pulse.sink_input_list()
        if RINGER_STREAM.items() <= stream.proplist.items()
    ]
