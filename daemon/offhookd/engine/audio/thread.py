# SPDX-License-Identifier: GPL-2.0-or-later
"""The thread that owns all sound of the engine: the calls' devices, the ringer, the sound test."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue

from offhookd.engine.audio import tune
from offhookd.engine.audio.bridge import Bridge
from offhookd.engine.audio.clock import IDLE, NEVER, Rest
from offhookd.engine.audio.errors import ServerLostError
from offhookd.engine.audio.port import ConferencePort
from offhookd.engine.audio.priority import Priority, raise_priority
from offhookd.engine.audio.ringer import Ringers
from offhookd.engine.audio.server import Server
from offhookd.engine.audio.settings import Backend, OnUnplug, Settings
from offhookd.engine.audio.trial import Trial, TrialKind, Trials
from offhookd.engine.protocol import AudioStatus

STUMBLE_S = 0.5
"""Pause after a fault of our own, which may come again at once."""

_log = logging.getLogger(__name__)


class AudioThread:
    """Sound for the conference at the address `port`, of `clock_rate` Hz in frames of `ptime_ms`.

    `media_queue`: address of the media endpoint's I/O queue, to be polled by this thread only
    (see `port`), or 0 when the SIP thread reads the calls' packets.

    All methods may be called from any thread and return at once, `stop` excepted.  `on_status` and
    the `done` of a test are called on the audio thread.  Raises `AudioError` when the pjsua2
    module is not what this one was written for.
    """

    def __init__(
        self,
        port: int,
        clock_rate: int = 16_000,
        ptime_ms: int = 20,
        *,
        on_status: Callable[[AudioStatus], None],
        media_queue: int = 0,
    ) -> None:
        self._conference = ConferencePort(port, clock_rate, ptime_ms, media_queue)
        self._server = Server()
        self._bridge = Bridge(self._conference, clock_rate, ptime_ms, on_status)
        self._ringers = Ringers()
        self._trials = Trials()
        self._parts = (self._bridge, self._ringers, self._trials)
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._wakeup_lock = threading.Lock()
        self._stopping = False
        self._turns = 0
        self._thread = threading.Thread(target=self._run, name="audio", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close everything and end the thread; when this returns, nothing touches the conference
        any more.  To be called before calls and endpoint are deleted; idempotent."""
        self._post(self._stop)
        if self._thread.is_alive():
            self._thread.join()

    def configure(
        self,
        backend: str = Backend.AUTO,
        capture: str = "",
        playback: str = "",
        on_unplug: str = OnUnplug.HOLD,
    ) -> None:
        """Devices of the call, at once also in a call; "" is the server's default device.
        Raises `ValueError` for a `backend` or `on_unplug` that does not exist."""
        settings = Settings(Backend(backend), capture, playback, OnUnplug(on_unplug))
        self._post(lambda: self._bridge.configure(settings))

    def open(self, *, devices: bool = True) -> None:
        """Open the streams, so that an answer finds them running; without `devices` the conference
        only gets its time.  Idempotent."""
        self._post(lambda: self._bridge.open(time.monotonic(), devices=devices))

    def close(self) -> None:
        """Close the streams; from then on nothing ticks.  Idempotent."""
        self._post(lambda: self._bridge.close(time.monotonic()))

    def go_live(self) -> None:
        """The call has been answered: drop what the microphone captured before."""
        self._post(self._bridge.go_live)

    def start_ringer(self, sinks: Sequence[str], sound: str, volume: float = 1.0) -> str:
        """Ring on all `sinks` ("" is the default) until `stop_ringer`, with the WAV file `sound` or
        the built-in ring, from its first sample at `volume` of the server's scale.  Returns "" or
        why the built-in ring is heard instead of the file."""
        tunes, fault = {}, ""
        for sink in sinks:
            tunes[sink], fault = tune.choose(sound)
        self._post(lambda: self._ringers.start(tunes, volume))
        return fault

    def stop_ringer(self) -> None:
        self._post(self._ringers.stop)

    def test(
        self,
        what: str,
        sink: str,
        seconds: float,
        volume: float,
        done: Callable[[float | str], None],
    ) -> None:
        """Try a device for `seconds`: "playback" and "ringer" play on `sink` and listen to what
        it plays, "capture" listens to the source `sink`.  `volume` is the ringer's.  `done` gets
        the peak in dBFS, or a sentence that says what went wrong.  Raises `ValueError` for another
        `what`."""
        trial = Trial(TrialKind(what), sink, seconds, volume, done)
        self._post(lambda: self._trials.add(trial))

    def statistics(self) -> Mapping[str, int | float]:
        """Counters since start; names carry their units."""
        return {**self._bridge.statistics(), "audio_turns": self._turns}

    def _post(self, command: Callable[[], None]) -> None:
        self._commands.put(command)
        with self._wakeup_lock:
            if self._server.loop is not None:
                self._server.loop.wakeup()

    def _stop(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        raise_priority(Priority.AUDIO)
        self._conference.register_thread()
        while not self._stopping:
            try:
                self._turn()
            except Exception:  # noqa: BLE001 - the fence: every call's sound hangs on this thread
                _log.exception("The audio thread stumbled and opens its streams again.")
                self._lose_streams()
                self._server.disconnect()
                self._next_command(time.monotonic() + STUMBLE_S)
        self._trials.stop()
        self._ringers.stop()
        self._lose_streams()
        with self._wakeup_lock:
            self._server.close()

    def _turn(self) -> None:
        """Do what has been asked for and what is due, then sleep."""
        self._turns += 1
        while (command := self._next_command(0.0)) is not None:
            command()
        rest = self._step(time.monotonic())
        loop = self._server.loop
        if loop is not None and loop.flush():
            # What came in with it has not been looked at, and will not wake us.
            rest = rest._replace(until=0.0)
        if not self._stopping:
            self._sleep(rest)

    def _sleep(self, rest: Rest) -> None:
        """Until it is time or a command comes, and after the quiet time until the server speaks."""
        quiet_until = rest.until if self._server.loop is None else rest.quiet_until
        quiet = quiet_until > time.monotonic()
        command = self._next_command(quiet_until)
        if command is not None:
            command()
        elif quiet:
            self._server.look()
        else:
            self._server.listen(rest.until, self._has_command)

    def _next_command(self, until: float) -> Callable[[], None] | None:
        """The next command, waited for until that time."""
        timeout_s = max(0.0, until - time.monotonic()) if until < NEVER else None
        with contextlib.suppress(Empty):
            return self._commands.get(timeout=timeout_s)
        return None

    def _has_command(self) -> bool:
        return not self._commands.empty()

    def _step(self, now: float) -> Rest:
        rests = [IDLE]
        if any(part.wants_server for part in self._parts):
            rests.append(self._step_server(now))
        else:
            self._server.disconnect()
        rests += (part.step(self._server, now) for part in self._parts)
        return Rest(*(min(times) for times in zip(*rests, strict=True)))

    def _step_server(self, now: float) -> Rest:
        try:
            return self._server.step(now)
        except ServerLostError as error:
            self._lose_streams()
            self._server.lose(error, now)
            return IDLE

    def _lose_streams(self) -> None:
        for part in self._parts:
            part.server_lost()
