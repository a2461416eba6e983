# SPDX-License-Identifier: GPL-2.0-or-later
"""Conferences, recordings and sounds played into calls; see `protocol`.

Their numbers are the daemon's own, and never used twice in the life of one engine process.
`samples` are 16 bit, little-endian, interleaved, in base64; 6,144 bytes of them fit.
"""

from .codec import Command, Event


class Confer(Command, kind="confer"):
    """These legs, in the place of those before, hear each other; and whoever of them has the
    focus, the user speaks with all of them.  No leg: the conference is over."""

    conference: int
    legs: tuple[int, ...]


class StartRecording(Command, kind="start-recording"):
    """Send `Recorded` with what the leg says and hears, mixed, or in `stereo` what it hears on the
    left.  `beep`: both parties hear the recorder warning tone.  Reply data: rate (int)."""

    recording: int
    leg: int
    stereo: bool
    beep: bool


class StopRecording(Command, kind="stop-recording"):
    """The last `Recorded` is on its way when this is replied to.  Over already is no error."""

    recording: int


class LoadSound(Command, kind="load-sound"):
    """Append a piece to a sound, or begin one."""

    sound: int
    samples: str


class PlaySound(Command, kind="play-sound"):
    """Play what was loaded, once, to the leg's far end and to the user while he is in the call.
    Replied when it is over or was stopped; an error when the call ended before.  `rate`: 8,000 to
    48,000, a multiple of 50."""

    sound: int
    leg: int
    rate: int
    channels: int


class StopSound(Command, kind="stop-sound"):
    """Forget a sound, played or not.  Over already is no error."""

    sound: int


class HoldMusic(Command, kind="hold-music"):
    """Whoever is on hold hears the sound 0, which was loaded, again and again from now on.
    `rate` as in `PlaySound`, 0 for silence."""

    rate: int
    channels: int


class Recorded(Event, kind="recorded"):
    """The next piece of a recording, several a second; `last`: there will be no more, because it
    was stopped or its leg is over."""

    recording: int
    samples: str
    last: bool
