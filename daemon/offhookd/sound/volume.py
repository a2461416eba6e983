# SPDX-License-Identifier: GPL-2.0-or-later
"""Volumes from 0.0 to 1.0, on the scale of the desktop's own slider.

The level is the sound server's volume divided by its 100 %, the very number a mixer shows.  That
scale is cubic: the amplitude is the third power of the level, so 0.5 is 1/8 of the amplitude
(-18 dB) and sounds about half as loud.  The mixing levels inside the engine are linear and have
nothing to do with it.

Capture and playback volume belong to the *device*: the user who turns the handset up expects to
find it turned up in the desktop's mixer, and the other way round, and the server remembers it.
The ringer's volume belongs to its own *stream*: a loud ring must not make the music loud.  The
mute switch of a device is never touched; muting a call is the engine's affair.
"""

from collections.abc import Sequence

FULL = 1.0

DIGITS = 4
"""The server counts in 1/65536; what was set as 0.3 is read as 0.3."""


def level_of(channels: Sequence[float]) -> float:
    """The loudest channel; a device driven above 100 % counts as full."""
    return round(min(max(channels, default=0.0), FULL), DIGITS)


def at_level(channels: Sequence[float], level: float) -> list[float]:
    """`channels` with their balance, the loudest at `level`."""
    loudest = max(channels, default=0.0)
    if not loudest:
        return [level] * len(channels)
    return [channel * level / loudest for channel in channels]
