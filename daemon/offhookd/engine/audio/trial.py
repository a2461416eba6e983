# SPDX-License-Identifier: GPL-2.0-or-later
"""Trying a device outside of calls: does it play, does it hear?"""

import math
from collections.abc import Callable
from enum import StrEnum

from offhookd.engine.audio import levels, tune
from offhookd.engine.audio.clock import IDLE, Rest
from offhookd.engine.audio.pulse import CaptureStream, Connection
from offhookd.engine.audio.ringer import Ringer
from offhookd.engine.audio.server import Server

RATE = 16_000
FRAGMENT_BYTES = RATE * 2 // 10
STARTUP_S = 3.0
"""A server answers within milliseconds, a suspended Bluetooth device within a second; an idle null
sink of PulseAudio has played two seconds ahead."""
PROPERTIES = {"media.role": "test", "media.name": "sound test"}


class TrialKind(StrEnum):
    PLAYBACK = "playback"
    RINGER = "ringer"
    CAPTURE = "capture"


class Trial:
    """Plays on `device` and listens to what it plays, or only listens to `device`, for `seconds`;
    then `done` gets the peak in dBFS, or a sentence.  Belongs to the audio thread."""

    def __init__(
        self,
        kind: TrialKind,
        device: str,
        seconds: float,
        volume: float,
        done: Callable[[float | str], None],
    ) -> None:
        self.kind, self.device, self._volume = kind, device, volume
        self._seconds, self._done = seconds, done
        self._ringer = Ringer() if kind is TrialKind.RINGER else Ringer(PROPERTIES)
        self._ear: CaptureStream | None = None
        self._peak_dbfs = levels.SILENCE_DBFS
        self._heard = False
        self._ends_at = math.inf
        self.finished = False

    def step(self, server: Server, now: float) -> Rest:
        """Go on; `finished` is set once `done` has been called."""
        if self._ends_at == math.inf:
            self._begin(now)
        if now >= self._ends_at:
            self._end(server)
            return IDLE
        self._ringer.step(server, now)
        if server.connection is not None:
            self._step_ear(server.connection, now)
        return Rest(now, self._ends_at)

    def finish(self, outcome: float | str) -> None:
        self.server_lost()
        self._ringer.stop()
        self.finished = True
        self._done(outcome)

    def server_lost(self) -> None:
        self._ringer.server_lost()
        if self._ear is not None:
            self._ear.close()
        self._ear = None

    def _begin(self, now: float) -> None:
        self._ends_at = now + STARTUP_S
        if self.kind is TrialKind.PLAYBACK:
            self._ringer.start(self.device, tune.test_tone())
        elif self.kind is TrialKind.RINGER:
            self._ringer.start(self.device, tune.bell(), self._volume)

    def _step_ear(self, connection: Connection, now: float) -> None:
        source = self._source()
        strange = self._ringer.device not in {"", self.device}
        if (self.device and strange) or (self._ear is not None and self._ear.failed):
            name = self.device or "to try"
            self.finish(f"The sound server has no device {name}; choose another.")
        elif self._ear is not None:
            self._listen(self._ear, now)
        elif source is not None:
            self._ear = CaptureStream(
                connection, RATE, PROPERTIES, source, FRAGMENT_BYTES, may_move=False
            )

    def _source(self) -> str | None:
        """What to listen to, once it is known: the monitor of where it plays, or the device."""
        if self.kind is TrialKind.CAPTURE:
            return self.device
        return f"{self._ringer.device}.monitor" if self._ringer.device else None

    def _listen(self, ear: CaptureStream, now: float) -> None:
        sound = ear.read() if ear.ready else b""
        if not sound:
            return
        if not self._heard:
            self._heard = True
            self._ends_at = now + self._seconds
        self._peak_dbfs = max(self._peak_dbfs, levels.peak_dbfs(sound))

    def _end(self, server: Server) -> None:
        if self._heard:
            self.finish(self._peak_dbfs)
        elif server.connection is None:
            self.finish(server.reason or "The sound server does not answer; try again.")
        else:
            name = self.device or "that is the default"
            self.finish(f"The device {name} delivers no sound; check that it is switched on.")


class Trials:
    """The sound tests under way."""

    def __init__(self) -> None:
        self._running: list[Trial] = []

    @property
    def wants_server(self) -> bool:
        return bool(self._running)

    def add(self, trial: Trial) -> None:
        self._running.append(trial)

    def step(self, server: Server, now: float) -> Rest:
        rests = [trial.step(server, now) for trial in self._running]
        self._running = [trial for trial in self._running if not trial.finished]
        return Rest(*(min(times) for times in zip(IDLE, *rests, strict=True)))

    def server_lost(self) -> None:
        for trial in self._running:
            trial.server_lost()

    def stop(self) -> None:
        """End all of them."""
        for trial in self._running:
            trial.finish("The sound test was ended; the phone is stopping.")
        self._running.clear()
