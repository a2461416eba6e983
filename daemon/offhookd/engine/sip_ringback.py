# SPDX-License-Identifier: GPL-2.0-or-later
"""The ringback tone for callers whose sound is there before the answer: their telephones play what
they hear, and no longer the ringing (RFC 3960)."""

from typing import Any

from .audio.tones import Tone
from .sip_call import Leg
from .sip_mixer import Mixer
from .sip_tones import new_generator, start_tone
from .wiring import Insertion


class Ringback:
    """By leg, in the cadence of `country`."""

    def __init__(self, mixer: Mixer, country: str) -> None:
        self._mixer = mixer
        self._country = country
        self._playing: dict[int, tuple[Insertion, Any]] = {}

    def begin(self, leg: Leg) -> None:
        generator = new_generator()
        start_tone(generator, Tone.RINGBACK, self._country)
        insertion = Insertion(leg.number, int(generator.getPortId()))
        self._playing[leg.number] = insertion, generator
        self._mixer.insert(insertion)

    def end(self, leg: Leg) -> None:
        """Of no effect where none is played."""
        if leg.number in self._playing:
            insertion, _ = self._playing.pop(leg.number)
            self._mixer.withdraw(insertion)

    def release(self) -> None:
        """Delete every port of the conference that is ours; before libDestroy."""
        self._playing.clear()
