# SPDX-License-Identifier: GPL-2.0-or-later
"""Playing sound files into calls: announcements, a greeting, music for who is held."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .call import Call
from .calls import Calls
from .errors import InvalidStateError, PhoneError
from .ports import Done
from .values import CallId, CallState


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples of 16 bit, `channels` interleaved, at `rate` Hz."""

    samples: bytes
    rate: int
    channels: int


class SoundFiles(ABC):
    @abstractmethod
    def read(self, path: str, done: Callable[[Sound | PhoneError], None]) -> None:
        """Read a WAV file; nothing blocks."""


class PlayingEngine(ABC):
    @abstractmethod
    def play(self, number: int, call: CallId, sound: Sound, done: Done) -> None:
        """Play it once; done when it is over or was stopped."""

    @abstractmethod
    def stop_playing(self, number: int) -> None: ...


class Playing:
    """What is played into which call.  `Call.playing` is the file, "" for none."""

    def __init__(self, calls: Calls, engine: PlayingEngine, files: SoundFiles) -> None:
        self._calls = calls
        self._engine = engine
        self._files = files
        self._last = 0
        self._numbers: dict[CallId, int] = {}

    def start(self, call: Call, path: str, done: Done) -> None:
        """Done when the file has been read and its playing begins; held calls hear it, too."""
        call.require(CallState.ACTIVE)
        if call.id in self._numbers:
            raise InvalidStateError("A file is being played into the call; stop it first")
        self._last += 1
        self._numbers[call.id] = self._last
        self._files.read(path, partial(self._read, call, self._last, path, done))

    def stop(self, call: Call) -> None:
        """Nothing played is no error."""
        number = self._numbers.pop(call.id, 0)
        if number:
            self._engine.stop_playing(number)
            self._show(call, "")

    def _read(
        self, call: Call, number: int, path: str, done: Done, sound: Sound | PhoneError
    ) -> None:
        if isinstance(sound, Sound) and (self._numbers.get(call.id) != number or not call.up):
            sound = InvalidStateError("The call ended, or the playing was stopped")
        if isinstance(sound, PhoneError):
            self._forget(call, number)
            done(sound)
            return
        self._show(call, path)
        self._engine.play(number, call.id, sound, partial(self._played, call, number))
        done(None)

    def _played(self, call: Call, number: int, _error: PhoneError | None) -> None:
        if self._forget(call, number):
            self._show(call, "")

    def _forget(self, call: Call, number: int) -> bool:
        if self._numbers.get(call.id) != number:
            return False
        del self._numbers[call.id]
        return True

    def _show(self, call: Call, path: str) -> None:
        call.playing = path
        self._calls.changed(call)
