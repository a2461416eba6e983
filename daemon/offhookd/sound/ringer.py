# SPDX-License-Identifier: GPL-2.0-or-later
"""The volume of the ringer's own stream, which exists only while it rings.

The engine makes the stream with the level that was known when the ringing began.  Whatever became
of it since, and whatever the server remembers of earlier streams, is put right here.
"""

from typing import Any

from offhookd.sound.volume import at_level, level_of

RINGER_STREAM = {"application.id": "org.offhook.Phone", "media.name": "ringer"}
"""Properties that tell the engine's ringing from its call audio and from other programs."""

SAME = 0.005
"""Levels nearer than half a percent are the same: the server rounds to 1/65536 of the amplitude."""


class RingerVolume:
    """Gives `level` to each ringer stream that appears, and follows the user's mixer from there."""

    def __init__(self) -> None:
        self.level = 1.0
        self._new: set[int] = set()
        self._changed: set[int] = set()

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
            elif stream.index in changed and abs(level_of(stream.volume.values) - before) > SAME:
                self.level = level_of(stream.volume.values)
        return self.level != before

    async def apply(self, pulse: Any) -> None:
        """Give `level` to the ringing that is going on."""
        for stream in await _ringer_streams(pulse):
            await _set(pulse, stream, self.level)


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
