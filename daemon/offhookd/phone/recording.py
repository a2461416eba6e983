# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording calls into files.

    starting -> running <-> paused,  any of them -> stopping -> over

The engine sends what it hears in runs; a pause ends one, and the next one goes on in the same file.
Whatever becomes of the file, the call goes on.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from .call import Call
from .calls import Calls
from .errors import InvalidStateError, PhoneError
from .ports import CallLog, Clock, Done, ignore
from .problems import Problems
from .values import CallId, CallState

LAST_WORDS_S = 2.0
"""For the rest of a recording after its end; an engine that died sends none."""

PROBLEM = "recording-storage"


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """`stereo`: what the far end hears on the left, what it says on the right.  `beep`: both
    parties hear the recorder warning tone (Federal Standard 1037C)."""

    stereo: bool = False
    beep: bool = False


class RecordingFile(ABC):
    """One WAV file; nothing here raises or blocks."""

    path: str

    @abstractmethod
    def write(self, samples: bytes) -> None: ...

    @abstractmethod
    def close(self, done: Callable[[], None]) -> None:
        """`done` is called when everything is stored."""


class RecordingFiles(ABC):
    @abstractmethod
    def create(
        self,
        call: Call,
        channels: int,
        opened: Callable[[RecordingFile | PhoneError], None],
        failed: Callable[[PhoneError], None],
    ) -> None:
        """A new file for `call`; `failed` is called, once, when it can take no more."""


class RecordingEngine(ABC):
    """The engine as recordings see it; the samples arrive as `Recordings.heard`."""

    @abstractmethod
    def record(self, run: int, call: CallId, options: RecordingOptions, done: Done) -> None: ...

    @abstractmethod
    def stop_recording(self, run: int) -> None: ...


class _State(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"


@dataclass(eq=False, slots=True)
class _Recording:
    call: Call
    options: RecordingOptions
    waiting: list[Done]
    state: _State = _State.STARTING
    file: RecordingFile | None = None
    runs: set[int] = field(default_factory=set)
    """Those whose last samples have not come."""


class Recordings:
    """`options` are those of the configuration, asked for with every start."""

    def __init__(
        self,
        calls: Calls,
        engine: RecordingEngine,
        files: RecordingFiles,
        log: CallLog,
        problems: Problems,
        clock: Clock,
        options: Callable[[], RecordingOptions],
    ) -> None:
        self._calls = calls
        self._engine = engine
        self._files = files
        self._log = log
        self._problems = problems
        self._clock = clock
        self._options = options
        self._recordings: dict[CallId, _Recording] = {}
        self._runs: dict[int, _Recording] = {}
        self._last_run = 0
        calls.changed.connect(self._follow)

    # ------------------------------------------------------------ what people ask for

    def start(self, call: Call, done: Done) -> None:
        """Record from now on, in a new file unless it goes on already or was paused."""
        call.require(CallState.ACTIVE)
        recording = self._recordings.get(call.id)
        if recording is None:
            recording = _Recording(call, self._options(), [done])
            self._recordings[call.id] = recording
            channels = 1 + recording.options.stereo
            opened, failed = partial(self._opened, recording), partial(self._failed, recording)
            self._files.create(call, channels, opened, failed)
        elif recording.state is _State.STARTING:
            recording.waiting.append(done)
        elif recording.state is _State.STOPPING:
            raise InvalidStateError("The last recording of the call is being stored; try again")
        else:
            self.pause(call, False)
            done(None)

    def stop(self, call: Call, done: Done) -> None:
        """Done when the file is whole; a call that is not recorded is no error."""
        recording = self._recordings.get(call.id)
        if recording is None:
            done(None)
            return
        recording.waiting.append(done)
        self._stop(recording)

    def pause(self, call: Call, paused: bool) -> None:
        """Leave out what is said from now on, or go on in the same file."""
        recording = self._recordings.get(call.id)
        if recording is None or recording.state not in (_State.RUNNING, _State.PAUSED):
            raise InvalidStateError("The call is not being recorded")
        if paused is call.recording_paused:
            return
        if paused:
            self._end_runs(recording)
        else:
            self._run(recording, ignore)
        recording.state = _State.PAUSED if paused else _State.RUNNING
        call.recording_paused = paused
        self._calls.changed(call)

    # ------------------------------------------------------------ what the engine tells

    def heard(self, run: int, samples: bytes, *, last: bool) -> None:
        recording = self._runs.get(run)
        if recording is None:
            return
        if recording.file:
            recording.file.write(samples)
        if last:
            del self._runs[run]
            recording.runs.discard(run)
            if recording.state is _State.STOPPING and not recording.runs:
                self._close(recording)

    # ------------------------------------------------------------ how it is done

    def _opened(self, recording: _Recording, file: RecordingFile | PhoneError) -> None:
        if isinstance(file, PhoneError):
            self._over(recording, file)
            return
        recording.file = file
        if recording.state is _State.STOPPING or not recording.call.up:
            self._close(recording)
        else:
            self._run(recording, partial(self._running, recording))

    def _run(self, recording: _Recording, done: Done) -> None:
        self._last_run += 1
        self._runs[self._last_run] = recording
        recording.runs.add(self._last_run)
        self._engine.record(self._last_run, recording.call.id, recording.options, done)

    def _running(self, recording: _Recording, error: PhoneError | None) -> None:
        if error is not None:
            self._forget_runs(recording)
            self._close(recording, error)
        elif recording.state is _State.STARTING and recording.file:
            recording.state = _State.RUNNING
            call = recording.call
            call.recording = recording.file.path
            self._log.recorded(call.id, recording.file.path)
            self._problems.clear(PROBLEM)
            self._calls.changed(call)
            self._answer(recording, None)

    def _failed(self, recording: _Recording, error: PhoneError) -> None:
        """The file can take no more, as on a full disc."""
        self._problems.raise_(PROBLEM, str(error))
        if recording.state is not _State.STOPPING:
            self._stop(recording)

    def _stop(self, recording: _Recording) -> None:
        if recording.state is _State.STOPPING:
            return
        was, recording.state = recording.state, _State.STOPPING
        self._end_runs(recording)
        if recording.runs:
            self._clock.call_later(LAST_WORDS_S, partial(self._give_up, recording))
        elif was is not _State.STARTING:
            self._close(recording)

    def _end_runs(self, recording: _Recording) -> None:
        for run in recording.runs:
            self._engine.stop_recording(run)

    def _forget_runs(self, recording: _Recording) -> None:
        for run in recording.runs:
            self._runs.pop(run, None)
        recording.runs.clear()

    def _give_up(self, recording: _Recording) -> None:
        if recording.runs:
            self._forget_runs(recording)
            self._close(recording)

    def _close(self, recording: _Recording, error: PhoneError | None = None) -> None:
        recording.state = _State.STOPPING
        if recording.file:
            recording.file.close(partial(self._over, recording, error))

    def _over(self, recording: _Recording, error: PhoneError | None) -> None:
        call = recording.call
        self._recordings.pop(call.id, None)
        call.recording, call.recording_paused = "", False
        self._calls.changed(call)
        self._answer(recording, error)

    def _answer(self, recording: _Recording, error: PhoneError | None) -> None:
        waiting, recording.waiting = recording.waiting, []
        for done in waiting:
            done(error)

    def _follow(self, call: Call) -> None:
        """A call that is over is not recorded any more."""
        recording = self._recordings.get(call.id)
        if recording and not call.up:
            self._stop(recording)
