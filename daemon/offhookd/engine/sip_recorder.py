# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings: what a leg says and hears, sent to the daemon piece by piece.

The daemon writes the files; this process may open none.
"""

from base64 import b64encode
from typing import Any

from .memory_ports import Tape
from .pjlib import PjlibError
from .protocol import Recorded, StartRecording
from .refusal import Refused
from .schedule import Alarm
from .sip_call import Leg
from .sip_endpoint import CLOCK_RATE
from .sip_mixer import Mixer
from .sip_thread import SipThread
from .sip_tones import new_generator, start_beeps
from .wiring import Insertion, Taping

READ_S = 0.18
"""Nine frames: what they weigh fits into one message, and a crash loses no more than this."""

PIECE_BYTES = 6_000
"""8,000 characters in base64; a message has room for 8,192."""

MOST_RECORDINGS = 8
"""Twice the calls there can be."""


class _Recording:
    """One leg on one tape, or on two for stereo (left is what was sent)."""

    def __init__(self, number: int, leg: int, sent: Tape, received: Tape) -> None:
        self.number = number
        self.leg = leg
        self.tapes = (sent,) if sent is received else (sent, received)
        self.taping = Taping(leg, sent.slot, received.slot)
        self.beeper: Any = None
        self._rests = [b""] * len(self.tapes)

    @property
    def beeps(self) -> Insertion:
        return Insertion(self.leg, int(self.beeper.getPortId()))

    def read(self) -> bytes:
        """Samples since the last call, interleaved for stereo."""
        heard = [rest + tape.read() for rest, tape in zip(self._rests, self.tapes, strict=True)]
        even = min(map(len, heard))
        self._rests = [one[even:] for one in heard]
        return _interleave(*(one[:even] for one in heard))


class Recorder:
    """All recordings; `mixer` is told what they listen to."""

    def __init__(self, thread: SipThread, mixer: Mixer) -> None:
        self._thread = thread
        self._mixer = mixer
        self._recordings: dict[int, _Recording] = {}
        self._free: list[Tape] = []
        self._tapes: list[Tape] = []
        self._reading: Alarm | None = None

    def start(self, command: StartRecording, leg: Leg) -> int:
        """Record `leg` from now on; the clock rate.  Raises `Refused`."""
        number = command.recording
        if number in self._recordings:
            raise Refused(f"Recording {number} is running already.")
        if len(self._recordings) >= MOST_RECORDINGS:
            raise Refused("There are too many recordings; end one first.")
        sent = self._take()
        recording = _Recording(number, leg.number, sent, self._take() if command.stereo else sent)
        self._recordings[number] = recording
        self._mixer.tape(recording.taping)
        if command.beep:
            recording.beeper = new_generator()
            start_beeps(recording.beeper)
            self._mixer.insert(recording.beeps)
        if self._reading is None:
            self._reading = self._thread.schedule.after(READ_S, self._read)
        return CLOCK_RATE

    def stop(self, number: int) -> None:
        """End it and send what is left; one that is over already is no error."""
        recording = self._recordings.pop(number, None)
        if recording is None:
            return
        self._mixer.untape(recording.taping)
        if recording.beeper:
            self._mixer.withdraw(recording.beeps)
        self._send(recording)
        self._thread.send(Recorded(recording=number, samples="", last=True))
        self._free += recording.tapes

    def forget(self, leg: Leg) -> None:
        """`leg` is over, and so are its recordings."""
        for recording in tuple(self._recordings.values()):
            if recording.leg == leg.number:
                self.stop(recording.number)

    def release(self) -> None:
        """Let go of every port; before the stack is destroyed."""
        for number in tuple(self._recordings):
            self.stop(number)
        if self._reading:
            self._reading.cancel()
        for tape in self._tapes:
            tape.remove()

    def _take(self) -> Tape:
        """A tape that nobody uses.  They stay in the mixer, which may be about to write on one."""
        if not self._free:
            try:
                self._free = [Tape(CLOCK_RATE)]
            except PjlibError as error:
                raise Refused(f"The call cannot be recorded: {error}.") from None
            self._tapes += self._free
        tape = self._free.pop()
        tape.rewind()
        return tape

    def _read(self) -> None:
        self._reading = None
        if not self._thread.congested:  # then the tapes keep it
            for recording in self._recordings.values():
                self._send(recording)
        if self._recordings:
            self._reading = self._thread.schedule.after(READ_S, self._read)

    def _send(self, recording: _Recording) -> None:
        samples = recording.read()
        for start in range(0, len(samples), PIECE_BYTES):
            text = b64encode(samples[start : start + PIECE_BYTES]).decode()
            self._thread.send(Recorded(recording=recording.number, samples=text, last=False))


def _interleave(*channels: bytes) -> bytes:
    if len(channels) == 1:
        return channels[0]
    left, right = (memoryview(one).cast("h") for one in channels)
    both = memoryview(bytearray(len(channels[0]) * 2)).cast("h")
    both[0::2], both[1::2] = left, right
    return both.tobytes()
