# SPDX-License-Identifier: GPL-2.0-or-later
"""Music for those who are on hold: one file, which the engine plays to all of them."""

from abc import ABC, abstractmethod
from functools import partial

from .call import Call
from .calls import Calls
from .errors import PhoneError
from .playing import Sound, SoundFiles
from .problems import Problems

PROBLEM = "hold-music"


class MusicEngine(ABC):
    @abstractmethod
    def hold_music(self, sound: Sound | None) -> None:
        """Whoever is on hold hears `sound` from now on, again and again; None: silence."""


class HoldMusic:
    """Read when a call is connected that might need it: most starts of the engine never do."""

    def __init__(
        self, calls: Calls, engine: MusicEngine, files: SoundFiles, problems: Problems
    ) -> None:
        self._calls = calls
        self._engine = engine
        self._files = files
        self._problems = problems
        self._path = ""
        self._given = ""
        calls.changed.connect(self._follow)

    def use(self, path: str) -> None:
        """Play the WAV file at `path`; "" for silence."""
        if path == self._path:
            return
        self._path = path
        self._problems.clear(PROBLEM)
        if self._given:
            self._given = ""
            self._engine.hold_music(None)
        for call in self._calls:
            self._follow(call)

    def engine_started(self) -> None:
        """A new engine has no music."""
        self._given = ""

    def _follow(self, call: Call) -> None:
        if call.on_line and self._given != self._path:
            self._given = self._path
            self._files.read(self._path, partial(self._read, self._path))

    def _read(self, path: str, sound: Sound | PhoneError) -> None:
        if path != self._path:
            return
        if isinstance(sound, PhoneError):
            self._problems.raise_(PROBLEM, f"There is no music on hold: {sound}.")
        else:
            self._problems.clear(PROBLEM)
            self._engine.hold_music(sound)
