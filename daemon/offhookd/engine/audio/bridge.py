# SPDX-License-Identifier: GPL-2.0-or-later
"""The sound of calls: microphone to conference to loudspeaker, one frame at a time.

The microphone is the clock: for each captured frame one goes to the conference, one comes from it
and is played.  Where no microphone delivers, a clock of our own goes on, so that calls, tones and
timers in the conference live.
"""

from collections.abc import Callable

from offhookd.engine.audio.capture import Capture
from offhookd.engine.audio.clock import IDLE, FrameClock, Pacer, Rest
from offhookd.engine.audio.device import Place
from offhookd.engine.audio.playback import Playback
from offhookd.engine.audio.port import ConferencePort
from offhookd.engine.audio.server import Server
from offhookd.engine.audio.settings import Backend, Settings
from offhookd.engine.protocol import AudioStatus

STALL_S = 0.25
"""Without a captured frame for so long, our own clock takes over.  Less, 60 ms, takes frames from
the jitter buffer that the late microphone asks for again."""

LINGER_FRAMES = 5
"""Ticks after the last call: removing a port from the conference waits for the next tick."""


class Bridge:
    """`announce` is called when the status changes.  Belongs to the audio thread."""

    def __init__(
        self,
        conference: ConferencePort,
        rate: int,
        ptime_ms: int,
        announce: Callable[[AudioStatus], None],
    ) -> None:
        self.exchanged_frames = 0
        self.own_clock_frames = 0
        self._conference, self._rate = conference, rate
        self._announce = announce
        self._settings = Settings()
        self._period_s = ptime_ms / 1000
        self._clock = FrameClock(self._period_s)
        self._pacer = Pacer(self._period_s)
        self._capture, self._playback = self._devices()
        self._is_open = False
        self._devices_wanted = True
        self._linger = 0
        self._stalled_at = 0.0
        self._status = AudioStatus(state="closed", capture="", playback="", reason="")

    @property
    def wants_server(self) -> bool:
        return self._is_open and self._devices_wanted and not self._silent

    @property
    def _silent(self) -> bool:
        return self._settings.backend is Backend.SILENT

    def configure(self, settings: Settings) -> None:
        if settings != self._settings:
            self._close_devices()
            self._settings = settings
            live = self._playback.live
            self._capture, self._playback = self._devices()
            if live:
                self._playback.go_live()

    def open(self, now: float, *, devices: bool) -> None:
        """Without `devices` calls speak with each other, and nobody here."""
        if self._devices_wanted and not devices:
            self._close_devices()
        self._devices_wanted = devices
        if not self._is_open:
            self._is_open = True
            self._clock.restart(now)
            self._stalled_at = now

    def close(self, now: float) -> None:
        if self._is_open:
            self._is_open = False
            self._playback.rest()
            self._linger = LINGER_FRAMES
            self._clock.restart(now)
            self._close_devices()

    def go_live(self) -> None:
        """What the microphone heard before now is not for the far end, and what has piled up for
        the loudspeaker would be delay."""
        self._capture.discard()
        self._playback.go_live()

    def server_lost(self) -> None:
        self._close_devices()

    def step(self, server: Server, now: float) -> Rest:
        """Everything that is due; returns when to come again."""
        if self._is_open:
            self._step_devices(server, now)
            rest = self._step_frames(server, now)
        else:
            rest = self._step_linger(now)
        self._tell(server)
        return rest

    def statistics(self) -> dict[str, int | float]:
        return {
            "audio_frames": self.exchanged_frames,
            "audio_frames_own_clock": self.own_clock_frames,
            "audio_capture_frames_dropped": self._capture.dropped_frames,
            "audio_playback_underruns": self._playback.underruns,
            "audio_playback_splices": self._playback.splices,
            "audio_playback_queued_ms": self._playback.queued_ms,
            "audio_playback_reserve_ms": self._playback.reserve.target_ms,
        }

    def _devices(self) -> tuple[Capture, Playback]:
        size, wanted = self._conference.frame_bytes, self._settings
        return (
            Capture(self._rate, size, wanted.capture, wanted.may_move),
            Playback(self._rate, size, wanted.playback, wanted.may_move),
        )

    def _close_devices(self) -> None:
        self._capture.close()
        self._playback.close()

    def _step_devices(self, server: Server, now: float) -> None:
        if self.wants_server and server.connection is not None:
            self._playback.step(server.connection, now)
            self._capture.step(server.connection, now)

    def _step_frames(self, server: Server, now: float) -> Rest:
        frames = self._capture.frames()
        for frame in frames:
            self._exchange(frame, now)
        if frames:
            self._stalled_at = now + STALL_S
            self._clock.restart(now)
            self._pacer.arrived(now, server.had_to_listen)
        elif now >= self._stalled_at and self._clock.tick(now):
            self.own_clock_frames += 1
            self._exchange(None, now)
        if now < self._stalled_at:
            return Rest(self._pacer.look_at, self._stalled_at)
        return Rest(now if self.wants_server else self._clock.due, self._clock.due)

    def _step_linger(self, now: float) -> Rest:
        if not self._linger:
            return IDLE
        if self._clock.tick(now):
            self._linger -= 1
            self._conference.exchange(None)
        return Rest(self._clock.due, self._clock.due)

    def _exchange(self, captured: bytes | None, now: float) -> None:
        self.exchanged_frames += 1
        self._playback.write(self._conference.exchange(captured), now)

    def _tell(self, server: Server) -> None:
        status = self._current(server)
        being_opened = status.state == "waiting" and not status.reason
        if status != self._status and not being_opened:
            self._status = status
            self._announce(status)

    def _current(self, server: Server) -> AudioStatus:
        state, reason = self._state(server)
        return AudioStatus(
            state=state,
            capture=self._capture.name,
            playback=self._playback.name,
            reason=reason,
        )

    def _state(self, server: Server) -> tuple[str, str]:
        if not (self._is_open and self._devices_wanted):
            return "closed", ""
        if not self.wants_server:
            return "silent", ""
        if server.connection is None:
            return "waiting", server.reason
        places = self._capture.place, self._playback.place
        reason = self._capture.reason or self._playback.reason
        if Place.LOST in places or Place.ASTRAY in places:
            return "moved", reason
        return ("waiting", reason) if Place.NOWHERE in places else ("open", "")
