# SPDX-License-Identifier: GPL-2.0-or-later
"""A tune on a device of its own, whatever the call's devices do meanwhile."""

from collections.abc import Mapping

from offhookd.engine.audio.clock import IDLE, NEVER, Rest
from offhookd.engine.audio.pulse import Connection, PlaybackStream
from offhookd.engine.audio.server import Server
from offhookd.engine.audio.tune import Tune

TARGET_MS = 300
REQUEST_MS = 150
"""A ring may start a little late and need not be followed closely: seven wake-ups a second."""
QUIET_S = 0.05
RETRY_S = 0.5
FULL = 1.0

PROPERTIES = {"media.role": "event", "media.name": "ringer"}


class Ringer:
    """Plays until stopped.  A ring must be heard: where the device does not exist, the default
    one rings.  Belongs to the audio thread."""

    def __init__(self, properties: Mapping[str, str] = PROPERTIES) -> None:
        self._properties = properties
        self._tune: Tune | None = None
        self._stream: PlaybackStream | None = None
        self._sink = ""
        self._volume = FULL
        self._playing = False
        self._retry_at = 0.0

    @property
    def wants_server(self) -> bool:
        return self._tune is not None

    @property
    def device(self) -> str:
        """Where it rings, "" while it does not."""
        return self._stream.device if self._stream is not None and self._playing else ""

    def start(self, sink: str, tune: Tune, volume: float = FULL) -> None:
        """Ring with `tune` on `sink` ("" is the default); what rang before ends.  `volume` as in
        `PlaybackStream`."""
        self.stop()
        self._sink, self._tune, self._volume = sink, tune, volume

    def stop(self) -> None:
        """Silence, at once."""
        self.server_lost()
        if self._tune is not None:
            self._tune.close()
        self._tune = None

    def server_lost(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None
        self._playing = False
        self._retry_at = 0.0

    def step(self, server: Server, now: float) -> Rest:
        if self._tune is None or server.connection is None:
            return IDLE
        if self._stream is None:
            if now < self._retry_at:
                return Rest(self._retry_at, self._retry_at)
            self._stream = self._connect(server.connection, self._tune)
        elif self._stream.failed:
            self._stream.close()
            self._stream, self._sink = None, ""
            self._retry_at = now + RETRY_S
            return Rest(self._retry_at, self._retry_at)
        elif self._stream.ready and self._stream.has_volume():
            _fill(self._stream, self._tune)
            if not self._playing:
                self._stream.uncork()
                self._playing = True
            return Rest(now + QUIET_S, NEVER)
        return Rest(now, NEVER)

    def _connect(self, connection: Connection, tune: Tune) -> PlaybackStream:
        byte_rate = tune.rate * tune.channels * 2
        return PlaybackStream(
            connection,
            tune.rate,
            self._properties,
            self._sink,
            target_bytes=byte_rate * TARGET_MS // 1000,
            request_bytes=byte_rate * REQUEST_MS // 1000,
            may_move=True,
            channels=tune.channels,
            volume=self._volume,
        )


class Ringers:
    """One ringer for each device that rings.  Belongs to the audio thread."""

    def __init__(self) -> None:
        self._ringers: tuple[Ringer, ...] = ()

    @property
    def wants_server(self) -> bool:
        return bool(self._ringers)

    def start(self, tunes: Mapping[str, Tune], volume: float) -> None:
        """Ring on these sinks and on no other ones."""
        self.stop()
        self._ringers = tuple(Ringer() for _ in tunes)
        for ringer, (sink, tune) in zip(self._ringers, tunes.items(), strict=True):
            ringer.start(sink, tune, volume)

    def stop(self) -> None:
        """Silence, at once."""
        for ringer in self._ringers:
            ringer.stop()
        self._ringers = ()

    def server_lost(self) -> None:
        for ringer in self._ringers:
            ringer.server_lost()

    def step(self, server: Server, now: float) -> Rest:
        rests = (IDLE, *(ringer.step(server, now) for ringer in self._ringers))
        return Rest(*(min(times) for times in zip(*rests, strict=True)))


def _fill(stream: PlaybackStream, tune: Tune) -> None:
    wanted = stream.writable_bytes
    while wanted > 0:
        sound = tune.take(wanted)
        if not sound:
            return
        stream.write(sound)
        wanted -= len(sound)
