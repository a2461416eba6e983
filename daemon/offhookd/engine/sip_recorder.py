# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings: what a leg says and hears, sent to the daemon piece by piece.

The daemon writes the files; this process may open none.
"""

from base64 import b64encode
from typing import Any

from .pjlib import PjlibError
from .protocol import Recorded, StartRecording
from .refusal import Refused
from .schedule import Alarm
from .sip_call import Leg
from .sip_endpoint import CLOCK_RATE
from .sip_mixer import Mixer
from .sip_thread import SipThread
from .sip_tones import new_generator, start_beeps
from .wav_ports import Tape
from .wiring import Insertion, Taping

READ_S = 0.18
"""Nine frames: what they weigh fits into one message, and a crash loses little more than this."""

PIECE_BYTES = 6_000
"""8,000 characters in base64; a message has room for 8,192."""

MOST_RECORDINGS = 8
"""Twice the calls there can be."""

MOST_LAST_READS = 5
"""The mixer closes a tape at its next frame, if there is one."""


class _Recording:
    """One leg on one tape, or on two for stereo: left is what was sent, right what was received."""

    def __init__(self, number: int, leg: int, *tapes: Tape) -> None:
        self.number = number
        self.leg = leg
        self.taping = Taping(leg, tapes[0].slot, tapes[-1].slot)
        self.stopped = False
        self.last_reads = 0
        self._tapes = tapes
        self._rests = [b""] * len(tapes)
        self.beeps: Insertion | None = None
        self._beeper: Any = None

    @property
    def crowded(self) -> bool:
        return any(tape.crowded for tape in self._tapes)

    @property
    def ended(self) -> bool:
        """Whether everything has been read that there will ever be."""
        return all(tape.ended for tape in self._tapes) or self.last_reads >= MOST_LAST_READS

    def beep(self) -> Insertion:
        """The warning tone, from now on."""
        self._beeper = new_generator()
        start_beeps(self._beeper)
        self.beeps = Insertion(self.leg, int(self._beeper.getPortId()))
        return self.beeps

    def read(self) -> bytes:
        """Samples since the last call, interleaved for stereo."""
        self.last_reads += self.stopped
        heard = [rest + tape.read() for rest, tape in zip(self._rests, self._tapes, strict=True)]
        even = min(map(len, heard)) // 2 * 2
        self._rests = [one[even:] for one in heard]
        return _interleave([one[:even] for one in heard])

    def remove(self) -> None:
        self.stopped = True
        self._beeper = None
        for tape in self._tapes:
            tape.remove()

    def close(self) -> None:
        for tape in self._tapes:
            tape.close()


class Recorder:
    """All recordings; `mixer` is told what they listen to."""

    def __init__(self, thread: SipThread, mixer: Mixer) -> None:
        self._thread = thread
        self._mixer = mixer
        self._recordings: dict[int, _Recording] = {}
        self._reading: Alarm | None = None

    def start(self, command: StartRecording, leg: Leg) -> int:
        """Record `leg` from now on; the clock rate.  Raises `Refused`."""
        if command.recording in self._recordings:
            raise Refused(f"Recording {command.recording} is running already.")
        if len(self._recordings) >= MOST_RECORDINGS:
            raise Refused("There are too many recordings; end one first.")
        try:
            tapes = [Tape(CLOCK_RATE) for _ in range(1 + command.stereo)]
        except (OSError, PjlibError) as error:
            raise Refused(f"The call cannot be recorded: {error}.") from None
        recording = _Recording(command.recording, leg.number, *tapes)
        self._recordings[command.recording] = recording
        self._mixer.tape(recording.taping)
        if command.beep:
            self._mixer.insert(recording.beep())
        if self._reading is None:
            self._reading = self._thread.schedule.after(READ_S, self._read)
        return CLOCK_RATE

    def stop(self, number: int) -> None:
        """End it; what is left is sent soon.  One that is over already is no error."""
        recording = self._recordings.get(number)
        if recording is None or recording.stopped:
            return
        self._mixer.untape(recording.taping)
        if recording.beeps:
            self._mixer.withdraw(recording.beeps)
        recording.remove()

    def forget(self, leg: Leg) -> None:
        """`leg` is over, and so are its recordings."""
        for recording in self._recordings.values():
            if recording.leg == leg.number:
                self.stop(recording.number)

    def release(self) -> None:
        """Let go of every port; before the stack is destroyed."""
        for recording in self._recordings.values():
            self.stop(recording.number)
            recording.close()
        self._recordings.clear()
        if self._reading:
            self._reading.cancel()

    def _read(self) -> None:
        self._reading = None
        for recording in tuple(self._recordings.values()):
            if not self._thread.congested:  # else the pipe keeps it
                self._send(recording)
            elif recording.crowded:
                recording.read()
        if self._recordings:
            self._reading = self._thread.schedule.after(READ_S, self._read)

    def _send(self, recording: _Recording) -> None:
        samples = recording.read()
        for start in range(0, len(samples), PIECE_BYTES):
            text = b64encode(samples[start : start + PIECE_BYTES]).decode()
            self._thread.send(Recorded(recording=recording.number, samples=text, last=False))
        if recording.stopped and recording.ended:
            recording.close()
            del self._recordings[recording.number]
            self._thread.send(Recorded(recording=recording.number, samples="", last=True))


def _interleave(channels: list[bytes]) -> bytes:
    if len(channels) == 1:
        return channels[0]
    both = memoryview(bytearray(len(channels[0]) * len(channels))).cast("h")
    for number, samples in enumerate(channels):
        both[number :: len(channels)] = memoryview(samples).cast("h")
    return both.tobytes()
