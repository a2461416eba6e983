# SPDX-License-Identifier: GPL-2.0-or-later
"""Sounds that are played into calls.  The daemon reads the files and hands over the samples."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass

from .pjlib import PjlibError
from .protocol import HoldMusic, LoadSound, PlaySound
from .refusal import Refused, check_range
from .schedule import Alarm
from .sip_call import Leg
from .sip_mixer import Mixer
from .sip_thread import SipThread
from .wav_ports import Player as Port
from .wiring import NOTHING, Insertion

LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000
FRAMES_A_SECOND = 50
MOST_CHANNELS = 2
MOST_SOUNDS = 8
HOLD_MUSIC = 0
"""The number of the sound that those on hold hear."""
MUSIC_LEVEL = 0.5
"""Recordings are as loud as they can be; people speak some 6 dB below that."""
MOST_BYTES = 48 << 20
"""Of one sound: over four minutes at the best quality, 25 at a telephone's."""

LAST_FRAMES_S = 0.2
"""The mixer's clock may be late by this where the sound server stumbles."""

Done = Callable[..., None]


@dataclass(frozen=True, slots=True)
class _Playing:
    leg: int
    port: Port
    insertion: Insertion
    end: Alarm
    done: Done


class Player:
    """Sounds are loaded in pieces, then played once into one leg."""

    def __init__(self, thread: SipThread, mixer: Mixer) -> None:
        self._thread = thread
        self._mixer = mixer
        self._loaded: dict[int, bytearray] = {}
        self._playing: dict[int, _Playing] = {}
        self._music: Port | None = None

    def load(self, command: LoadSound) -> None:
        """Add a piece to a sound, or begin one."""
        try:
            piece = b64decode(command.samples, validate=True)
        except (binascii.Error, ValueError):
            raise Refused("A piece of the sound is no base64.") from None
        if len(self._loaded) + len(self._playing) >= MOST_SOUNDS:
            raise Refused("There are too many sounds; stop one first.")
        sound = self._loaded.setdefault(command.sound, bytearray())
        if len(sound) + len(piece) > MOST_BYTES:
            del self._loaded[command.sound]
            raise Refused("The sound is too long to be played.")
        sound += piece

    def play(self, command: PlaySound, leg: Leg, done: Done) -> None:
        """Play what was loaded; `done` gets "" at its end, or why it did not get there."""
        sound = self._loaded.pop(command.sound, None)
        if command.sound in self._playing:
            raise Refused(f"The sound {command.sound} is being played.")
        if not leg.media.connected:
            raise Refused(f"Call {leg.number} has no sound yet.")
        port = self._port(sound or b"", command.rate, command.channels)
        insertion = Insertion(leg.number, port.slot)
        end = self._thread.schedule.after(
            port.seconds + LAST_FRAMES_S, lambda: self._end(command.sound, "")
        )
        self._playing[command.sound] = _Playing(leg.number, port, insertion, end, done)
        self._mixer.insert(insertion)

    def hold_music(self, command: HoldMusic) -> None:
        """Play what was loaded as `HOLD_MUSIC` to all who are on hold, or nothing."""
        sound = self._loaded.pop(HOLD_MUSIC, None)
        self._end_music()
        if command.rate:
            self._music = self._port(sound or b"", command.rate, command.channels, loop=True)
            self._music.amplify(MUSIC_LEVEL)
            self._mixer.music(self._music.slot)

    def stop(self, sound: int) -> None:
        """End it early; one that is over already is no error."""
        self._loaded.pop(sound, None)
        self._end(sound, "")

    def forget(self, leg: Leg) -> None:
        """`leg` is over."""
        for sound, playing in tuple(self._playing.items()):
            if playing.leg == leg.number:
                self._end(sound, f"Call {leg.number} is over.")

    def release(self) -> None:
        """Let go of every port; before the stack is destroyed."""
        for sound in tuple(self._playing):
            self._end(sound, "The engine stops.")
        self._end_music()

    @staticmethod
    def _port(sound: bytes | bytearray, rate: int, channels: int, *, loop: bool = False) -> Port:
        check_range("rate", rate, LOWEST_RATE, HIGHEST_RATE)
        if rate % FRAMES_A_SECOND:
            # The library aborts the process when a frame is no whole number of samples.
            raise Refused(f"rate must be a multiple of {FRAMES_A_SECOND}, not {rate}.")
        check_range("channels", channels, 1, MOST_CHANNELS)
        if not sound:
            raise Refused("There is no such sound.")
        try:
            return Port(bytes(sound), rate, channels, loop=loop)
        except (OSError, PjlibError) as error:
            raise Refused(f"The sound cannot be played: {error}.") from None

    def _end_music(self) -> None:
        if self._music:
            self._mixer.music(NOTHING)
            self._music.remove()
            self._music = None

    def _end(self, sound: int, error: str) -> None:
        playing = self._playing.pop(sound, None)
        if playing is None:
            return
        playing.end.cancel()
        self._mixer.withdraw(playing.insertion)
        playing.port.remove()
        playing.done(error)
