# SPDX-License-Identifier: GPL-2.0-or-later
"""Who hears whom: the wiring of the conference, and when sound devices are needed."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

import pjsua2 as pj

from .refusal import Refused
from .schedule import Alarm
from .sip_call import Leg, State
from .sip_endpoint import SipEndpoint
from .sip_headers import clean
from .sip_thread import DEBUG, SipThread
from .sip_tones import new_generator, start_tone

LINGER_S = 0.3
"""The conference carries out disconnections at its next ticks; without any they pile up, and
after 253 of them it takes no more."""


class Sound(Protocol):
    """The audio thread, as far as the mixer needs it."""

    def open(self) -> None: ...
    def close(self) -> None: ...
    def go_live(self) -> None: ...


class Wire(StrEnum):
    MICROPHONE = "microphone"
    LOUDSPEAKER = "loudspeaker"
    ECHO = "echo"
    CARRIER = "carrier"
    """Silence.  Without any source the stream sends no packets: DTMF events would stay queued
    while the leg is muted, and a NAT on the way would forget it."""


class Mixer:
    """`legs` gives all legs there are, at any time."""

    def __init__(
        self,
        thread: SipThread,
        endpoint: SipEndpoint,
        sound: Sound,
        country: str,
        legs: Callable[[], list[Leg]],
    ) -> None:
        self._thread = thread
        self._endpoint = endpoint
        self._sound = sound
        self._country = country
        self._legs = legs
        self._focus = 0
        self._wires: dict[int, set[Wire]] = {}
        self._open = False
        self._closing: Alarm | None = None
        self._tone: Any = None
        self._tone_end: Alarm | None = None
        self._silence: Any = None
        self._digits: dict[int, Any] = {}

    # ------------------------------------------------------------ legs

    def focus(self, number: int) -> None:
        """Only this leg (0: none) hears the microphone and is heard."""
        self._focus = number
        for leg in self._legs():
            self.update(leg)

    def update(self, leg: Leg, *, new_media: bool = False) -> None:
        """Make the wires of `leg` what its state asks for; `new_media`: none of them exists."""
        if leg.state is State.ENDED or not leg.media.connected:
            self._wires.pop(leg.number, None)
            self._digits.pop(leg.number, None)
            self.update_sound()
            return
        wanted = self._wanted(leg)
        have = self._wires.get(leg.number, set())
        changes = set(Wire) if new_media else wanted ^ have
        self._wires[leg.number] = wanted
        if changes:
            media = leg.call.getAudioMedia(leg.media.index)
            for wire in changes:
                self._switch(media, wire, on=wire in wanted)

    def _wanted(self, leg: Leg) -> set[Wire]:
        wanted = {Wire.CARRIER}
        if leg.held or leg.media.local_hold:
            # On hold the stream still sends (RFC 3264, 8.4), for music.
            return wanted
        focused = leg.number == self._focus
        accepted = leg.outgoing or leg.state in (State.ANSWERED, State.ACTIVE)
        if focused and accepted and not leg.muted:
            wanted.add(Wire.MICROPHONE)
        if focused:
            wanted.add(Wire.LOUDSPEAKER)
        if leg.looped:
            wanted.add(Wire.ECHO)
        return wanted

    def _switch(self, media: Any, wire: Wire, *, on: bool) -> None:
        source, sink = self._ends(wire, media)
        try:
            if on:
                source.startTransmit(sink)
            else:
                source.stopTransmit(sink)
        except pj.Error as error:
            self._thread.log(DEBUG, f"wire {wire}: {clean(error.reason)}")

    def _ends(self, wire: Wire, media: Any) -> tuple[Any, Any]:
        match wire:
            case Wire.MICROPHONE:
                return self._endpoint.capture(), media
            case Wire.LOUDSPEAKER:
                return media, self._endpoint.playback()
            case Wire.ECHO:
                return media, media
            case Wire.CARRIER:
                return self._carrier(), media

    def _carrier(self) -> Any:
        if self._silence is None:
            self._silence = new_generator()
        return self._silence

    # ------------------------------------------------------------ devices

    def update_sound(self) -> None:
        """Open the devices for the first leg or tone, close them after the last."""
        if self._tone_end is not None or any(_wants_sound(leg) for leg in self._legs()):
            if self._closing:
                self._closing.cancel()
                self._closing = None
            if not self._open:
                self._open = True
                self._sound.open()
        elif self._open and self._closing is None:
            self._closing = self._thread.schedule.after(LINGER_S, self._close)

    def go_live(self) -> None:
        """Somebody speaks from now on: nothing the microphone heard before may go out."""
        self._sound.go_live()

    def _close(self) -> None:
        self._closing = None
        self._open = False
        self._sound.close()

    # ------------------------------------------------------------ tones

    def play_tone(self, tone: str, seconds: float) -> None:
        """Call progress on the loudspeaker; "" stops, 0 seconds is for ever."""
        self.stop_tone()
        if not tone:
            return
        if self._tone is None:
            self._tone = new_generator()
        try:
            start_tone(self._tone, tone, self._country)
        except ValueError:
            raise Refused(f"There is no tone called {tone[:20]!r}.") from None
        self._tone.startTransmit(self._endpoint.playback())
        self._tone_end = self._thread.schedule.after(seconds or FOR_EVER_S, self.stop_tone)
        self.update_sound()

    def stop_tone(self) -> None:
        if self._tone_end is None:
            return
        self._tone_end.cancel()
        self._tone_end = None
        self._tone.stopTransmit(self._endpoint.playback())
        self._tone.stop()
        self.update_sound()

    def digits(self, leg: Leg) -> Any:
        """A tone generator that is heard by the far end of `leg`."""
        if leg.number not in self._digits:
            self._digits[leg.number] = new_generator()
        generator = self._digits[leg.number]
        generator.startTransmit(leg.call.getAudioMedia(leg.media.index))
        return generator

    def release(self) -> None:
        """Delete every port of the conference that is ours; before libDestroy."""
        if self._tone_end:
            self._tone_end.cancel()
        self._tone = self._silence = None
        self._digits.clear()


FOR_EVER_S = 10 * 365 * 86_400.0


def _wants_sound(leg: Leg) -> bool:
    return leg.state is not State.ENDED and (leg.outgoing or leg.state is not State.NEW)
