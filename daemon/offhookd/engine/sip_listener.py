# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys heard in the sound of far ends that have no other way to send them.

A far end that offers RFC 4733 events sends none as sound; nobody listens there, and it costs
nothing.
"""

from .audio.dtmf import RATE, DtmfDetector
from .pjlib import PjlibError
from .schedule import Alarm
from .sip_call import Leg
from .sip_mixer import Mixer
from .sip_state import State
from .sip_thread import INFO, SipThread
from .wav_ports import Tape
from .wiring import NOTHING, Taping

READ_S = 0.1
"""A key is told so much later at most; its length is counted in samples."""

ECHO_S = 0.5
"""Tones of ours come back from the far end's analogue line, this long after they went out."""


class _Ear:
    """One leg that is listened to."""

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self._tape = Tape(RATE)
        self.taping = Taping(leg.number, NOTHING, self._tape.slot)
        self._detector = DtmfDetector(leg.dtmf.heard)
        self._deaf: Alarm | None = None

    def deafen(self, until: Alarm) -> None:
        if self._deaf:
            self._deaf.cancel()
        self._deaf = until

    def hear(self) -> None:
        samples = self._tape.read()
        if self._deaf and self._deaf.pending:
            self._detector = DtmfDetector(self.leg.dtmf.heard)
        else:
            self._detector.feed(samples)

    def close(self) -> None:
        self._tape.remove()
        self._tape.close()


class Listener:
    """Listens to every leg that needs it; `mixer` is told to whom."""

    def __init__(self, thread: SipThread, mixer: Mixer) -> None:
        self._thread = thread
        self._mixer = mixer
        self._ears: dict[int, _Ear] = {}
        self._hearing: Alarm | None = None

    def update(self, leg: Leg) -> None:
        """`leg` has another state or other media."""
        wanted = leg.state is State.ACTIVE and leg.media.connected and not leg.media.can_rfc4733
        if wanted and leg.number not in self._ears:
            self._begin(leg)
        elif not wanted:
            self.forget(leg)

    def deafen(self, leg: Leg, seconds: float) -> None:
        """Tones are sent to `leg` for so long, as sound."""
        if ear := self._ears.get(leg.number):
            ear.deafen(self._thread.schedule.after(seconds + ECHO_S, lambda: None))

    def forget(self, leg: Leg) -> None:
        if ear := self._ears.pop(leg.number, None):
            self._mixer.untape(ear.taping)
            ear.close()

    def release(self) -> None:
        """Let go of every port; before the stack is destroyed."""
        for ear in tuple(self._ears.values()):
            self.forget(ear.leg)
        if self._hearing:
            self._hearing.cancel()

    def _begin(self, leg: Leg) -> None:
        try:
            ear = self._ears[leg.number] = _Ear(leg)
        except (OSError, PjlibError) as error:
            self._thread.log(INFO, f"No keys are heard in call {leg.number}: {error}.")
            return
        self._mixer.tape(ear.taping)
        if self._hearing is None:
            self._hearing = self._thread.schedule.after(READ_S, self._hear)

    def _hear(self) -> None:
        self._hearing = None
        for ear in tuple(self._ears.values()):
            ear.hear()
        if self._ears:
            self._hearing = self._thread.schedule.after(READ_S, self._hear)
