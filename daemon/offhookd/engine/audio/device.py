# SPDX-License-Identifier: GPL-2.0-or-later
"""One side of a call's sound: a stream on the device the user named, kept there.

When a device disappears, sound servers silently move its streams to the default device, and a
private talk would come out of the loudspeakers.  So a stream on a named device is made immovable:
the server ends it instead, and it is made again when the device is back.  Where the user allows
the move (`may_move`), it is asked back to its device until it is there.
"""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Generic, TypeVar

from offhookd.engine.audio.pulse import Connection, Stream

RETRY_S = 0.5
"""How often an absent device is tried: one message there, one back."""

PROPERTIES = {"media.role": "phone", "media.name": "call"}

S = TypeVar("S", bound=Stream)


class Place(StrEnum):
    """Where a stream is."""

    NOWHERE = "nowhere"
    HOME = "home"
    """On the wanted device."""
    LOST = "lost"
    """It was at home; now the device is gone and nothing is played or captured."""
    ASTRAY = "astray"
    """On another device, as the user allows."""


class Device(ABC, Generic[S]):
    """`wanted` is a name of the server, "" its default.  `reason` is a sentence unless at home."""

    title = ""

    def __init__(self, wanted: str = "", may_move: bool = True) -> None:
        self.wanted = wanted
        self.may_move = may_move or not wanted
        self.place = Place.NOWHERE
        self.reason = ""
        self._stream: S | None = None
        self._retry_at = 0.0

    @property
    def stream(self) -> S | None:
        """The stream if sound flows through it now."""
        return self._stream if self.place in {Place.HOME, Place.ASTRAY} else None

    @property
    def name(self) -> str:
        """The device in use, "" while there is none."""
        stream = self.stream
        return "" if stream is None else stream.device

    def step(self, connection: Connection, now: float) -> None:
        """Make the stream, watch over it."""
        stream = self._stream
        if stream is None:
            if now >= self._retry_at:
                self._stream = self._connect(connection, self._target())
        elif stream.failed:
            self._failed(connection, now)
        elif stream.ready:
            self._watch(stream, now)

    def close(self) -> None:
        """End the stream at once; `step` makes a new one."""
        self._end()
        self.place, self.reason, self._retry_at = Place.NOWHERE, "", 0.0

    @abstractmethod
    def _connect(self, connection: Connection, device: str) -> S: ...

    def _started(self, stream: S, now: float) -> None:
        """The stream is ready; called once for each."""

    def _target(self) -> str:
        return "" if self.place is Place.LOST and self.may_move else self.wanted

    def _watch(self, stream: S, now: float) -> None:
        device, started = stream.device, self.stream is not None
        at_home = device == self.wanted or not self.wanted
        if not at_home and not self.may_move:
            self._lose(now, f"has disappeared, and the call must not go on through {device}")
            return
        if not started:
            self._started(stream, now)
        if at_home:
            self.place, self.reason = Place.HOME, ""
            return
        self.place = Place.ASTRAY
        self.reason = self._sentence(f"has disappeared; the call is on {device}")
        if now >= self._retry_at:
            stream.move(self.wanted)
            self._retry_at = now + RETRY_S

    def _failed(self, connection: Connection, now: float) -> None:
        if self.place is not Place.NOWHERE:
            what = "has disappeared; plug it in or choose another"
        elif connection.no_entity():
            what = "does not exist; plug it in or choose another"
        else:
            what = f"cannot be used ({connection.error()})"
        self._lose(now, what)

    def _lose(self, now: float, what: str) -> None:
        if self.place is not Place.NOWHERE or self.may_move:
            self.place = Place.LOST
        self.reason = self._sentence(what)
        self._end()
        self._retry_at = now + RETRY_S

    def _end(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def _sentence(self, what: str) -> str:
        return f"The {self.title} {self.wanted or 'of the sound server'} {what}."
