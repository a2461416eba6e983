# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an incoming call is heard: at the telephone sets, from the loudspeakers, or both."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class RingAt(StrEnum):
    AUTO = "auto"
    """The loudspeakers, and the sets that have a bell of their own."""
    PHONE = "phone"
    """The sets; those without a bell ring in their loudspeaker."""
    SPEAKERS = "speakers"
    """The loudspeakers alone; the sets only blink."""
    BOTH = "both"
    """The loudspeakers and every set."""


@dataclass(frozen=True, slots=True)
class Ringer:
    """A set that is free to ring.  `bell`: it rings by itself.  `playback`: the endpoint of its
    loudspeaker, or ""."""

    bell: bool
    playback: str


@dataclass(frozen=True, slots=True)
class Ringing:
    """`bells`: sets with a bell use it.  `speakers`: the ringer's own endpoint is used.  `sinks`:
    endpoints of sets to ring on."""

    bells: bool = True
    speakers: bool = True
    sinks: tuple[str, ...] = ()


def ringing(at: RingAt, sets: Iterable[Ringer]) -> Ringing:
    """A call is heard somewhere, whatever was chosen."""
    sets = tuple(sets)
    match at:
        case RingAt.AUTO:
            return Ringing()
        case RingAt.SPEAKERS:
            return Ringing(bells=False)
    sinks = tuple(dict.fromkeys(one.playback for one in sets if not one.bell and one.playback))
    heard = bool(sinks) or any(one.bell for one in sets)
    return Ringing(speakers=at is RingAt.BOTH or not heard, sinks=sinks)
