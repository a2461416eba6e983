# SPDX-License-Identifier: GPL-2.0-or-later
"""Who hears whom: the wiring of the conference, and when sound devices are needed."""

from collections.abc import Callable
from typing import Any, Protocol

from .pjlib import PjlibError
from .refusal import Refused
from .schedule import Alarm
from .sip_call import Leg
from .sip_endpoint import SipEndpoint
from .sip_media import NO_SLOT
from .sip_state import State
from .sip_thread import DEBUG, SipThread
from .sip_tones import new_generator, start_tone
from .wav_ports import connect, disconnect
from .wiring import NOTHING, Insertion, Link, Party, Scene, Taping

LINGER_S = 0.3
"""The conference carries out disconnections at its next ticks; without any they pile up, and
after 253 of them it takes no more."""


class Sound(Protocol):
    """The audio thread, as far as the mixer needs it."""

    def open(self, *, devices: bool) -> None: ...
    def close(self) -> None: ...
    def go_live(self) -> None: ...


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
        self._conferences: dict[int, frozenset[int]] = {}
        self._relays: list[frozenset[int]] = []
        self._tapings: dict[int, Taping] = {}
        self._insertions: dict[int, Insertion] = {}
        self._music = NOTHING
        self._links: frozenset[Link] = frozenset()
        self._open = self._devices = False
        self._closing: Alarm | None = None
        self._tone: Any = None
        self._tone_end: Alarm | None = None
        self._silence: Any = None
        self._digits: dict[int, Any] = {}

    # ------------------------------------------------------------ wiring

    def focus(self, number: int) -> None:
        """Only this leg (0: none), and who is in a conference with it, hear the microphone and
        are heard."""
        self._focus = number
        self._rewire()

    def confer(self, conference: int, legs: frozenset[int]) -> None:
        """Let these `legs` hear each other, in the place of those before; none ends it."""
        if legs:
            self._conferences[conference] = legs
        else:
            self._conferences.pop(conference, None)
        self._rewire()

    def relay(self, leg: Leg, caller: Leg) -> None:
        """Let the two hear each other until one of them ends, and the user neither."""
        self._relays.append(frozenset({leg.number, caller.number}))
        self.update_sound()
        self._rewire()

    def _is_relayed(self, leg: Leg) -> bool:
        return any(leg.number in pair for pair in self._relays)

    def tape(self, taping: Taping) -> None:
        """Let the ports of `taping` hear its leg, until `untape`."""
        self._tapings[taping.received] = taping
        self._rewire()

    def untape(self, taping: Taping) -> None:
        self._tapings.pop(taping.received, None)
        self._rewire()

    def insert(self, insertion: Insertion) -> None:
        """Let the leg of `insertion`, and the user in it, hear its port, until `withdraw`."""
        self._insertions[insertion.port] = insertion
        self._rewire()

    def withdraw(self, insertion: Insertion) -> None:
        self._insertions.pop(insertion.port, None)
        self._rewire()

    def music(self, port: int) -> None:
        """Let those who are on hold hear `port`, or `NOTHING`."""
        self._music = port
        self._rewire()

    def update(self, leg: Leg, *, new_media: bool = False) -> None:
        """Make the links of `leg` what its state asks for; `new_media`: its port is a new one."""
        if leg.state is State.ENDED or not leg.media.connected:
            self._digits.pop(leg.number, None)
        if leg.state is State.ENDED:
            self._relays = [pair for pair in self._relays if leg.number not in pair]
        self.update_sound()  # with ICE the answer leaves some time after it was asked for
        self._rewire(leg.media.slot if new_media else NO_SLOT)

    def _rewire(self, fresh: int = NO_SLOT) -> None:
        """Make the links what they should be; the port `fresh` has none, whatever is known."""
        scene = self._scene()
        wanted = scene.links()
        for link in self._links - wanted:
            # The library parts *everybody* from the sink when the source is about to go.
            if scene.ports.issuperset(link):
                self._switch(disconnect, link)
        for link in wanted:
            if link not in self._links or fresh in link:
                self._switch(connect, link)
        self._links = wanted

    def _scene(self) -> Scene:
        legs = (leg for leg in self._legs() if leg.state is not State.ENDED and leg.media.connected)
        return Scene(
            {leg.number: _party(leg) for leg in legs},
            self._focus,
            [*self._conferences.values(), *self._relays],
            self._tapings.values(),
            self._insertions.values(),
            self._carrier(),
            self._music,
        )

    def _switch(self, switch: Callable[[int, int], None], link: Link) -> None:
        try:
            switch(*link)
        except PjlibError as error:
            self._thread.log(DEBUG, f"{link}: {error}")

    def _carrier(self) -> int:
        if self._silence is None:
            self._silence = new_generator()
        return int(self._silence.getPortId())

    # ------------------------------------------------------------ devices

    def update_sound(self) -> None:
        """Open the devices for the first leg or tone, close them after the last.  Legs that only
        speak with each other need the clock alone: nobody's microphone is theirs."""
        legs = [leg for leg in self._legs() if _wants_sound(leg)]
        devices = self._tone_end is not None or not all(map(self._is_relayed, legs))
        if legs or devices:
            if self._closing:
                self._closing.cancel()
                self._closing = None
            if not self._open or devices is not self._devices:
                self._open, self._devices = True, devices
                self._sound.open(devices=devices)
        elif self._open and self._closing is None:
            self._closing = self._thread.schedule.after(LINGER_S, self._close)

    def go_live(self, leg: Leg) -> None:
        """Somebody speaks from now on: nothing the microphone heard before may go out."""
        if not self._is_relayed(leg):
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


def _party(leg: Leg) -> Party:
    return Party(
        leg=leg.number,
        port=leg.media.slot,
        accepted=leg.outgoing or leg.state in (State.ANSWERED, State.ACTIVE),
        muted=leg.muted,
        # On hold the stream still sends (RFC 3264, 8.4), for music.
        holds=leg.held or leg.media.local_hold,
        holds_us=leg.media.remote_hold,
        looped=leg.looped,
    )


def _wants_sound(leg: Leg) -> bool:
    return leg.state is not State.ENDED and (leg.outgoing or leg.state is not State.NEW)
