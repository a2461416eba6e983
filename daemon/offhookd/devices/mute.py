# SPDX-License-Identifier: GPL-2.0-or-later
"""The mute button of a set: a pulse, a key or a switch, which may answer the mute lamp."""

from collections.abc import Callable

from offhookd.devices.controls import Kind
from offhookd.devices.touch import Touch
from offhookd.devices.window import Window
from offhookd.phone.ports import Clock

BURST_S = 0.1
"""Pulses of the mute button within this are one press."""

ECHO_S = 0.3
"""What the set says so soon after its lamp changed it says because of the lamp: nobody changes
his mind as fast, once somebody else had muted."""

LONGEST_RUN = 3
"""Presses so soon after one another's lamps; a set that goes on answers its lamp.  Odd, so that
the first one counts in the end."""


class Mute:
    """`lit` is the lamp as it was shown last; `pressed` is told when that is to be turned over."""

    def __init__(self, clock: Clock, pressed: Callable[[], None]) -> None:
        self.lit = False
        self._pressed = pressed
        self._touch = Touch(clock)
        self._burst = Window(clock, BURST_S)
        self._echo = Window(clock, ECHO_S, self._settle)
        self._asked = Window(clock, ECHO_S)
        self._ours = False
        self._level: bool | None = None
        self._late = False
        self._echoes = False
        self._run = 0

    def show(self, lit: bool) -> None:
        """The lamp is about to say this."""
        if lit is not self.lit:
            self.lit = lit
            self._late = False
            self._ours = bool(self._asked)
            self._asked.close()
            if self._ours and self._level is lit:
                self._echo.close()
            else:
                self._echo.open()

    def take(self, kind: Kind, now: int) -> None:
        """The control changed to `now`."""
        if kind is Kind.STATE or (kind is Kind.PAIR and now):
            self._stand(now > 0)
        elif kind is Kind.MOMENTARY:
            self._hold(now > 0)
        elif now > 0:
            self.push()

    def push(self) -> None:
        """It was pressed.  A set that answers its lamp with a press does so when others light it,
        or on and on; one whose microphone is folded away refuses by a press that the lamp goes
        out."""
        self._run = self._run + 1 if self._echo else 1
        if self._echo:
            self._echoes |= (self.lit and not self._ours) or self._run > LONGEST_RUN
            if self._echoes:
                return
        self._tell()

    def found(self, kind: Kind, now: int) -> None:
        """The state in which the set was found."""
        if kind is Kind.MOMENTARY:
            self._touch.found(now > 0)

    def stop(self) -> None:
        self._touch.stop()
        for window in (self._burst, self._echo, self._asked):
            window.close()

    def _hold(self, on: bool) -> None:
        if on:
            stood = self._touch.stands
            self._touch.on()
            if not (stood and self.lit):
                self.push()
        elif self._touch.off() and self.lit and not self._echo:
            self._tell()

    def _stand(self, muted: bool) -> None:
        """A level that agrees with the lamp is its echo, and the last one."""
        self._level = muted
        if muted is self.lit:
            self._late = False
            self._echo.close()
        elif self._echo:
            self._late = not self._burst
        else:
            self._tell()

    def _settle(self) -> None:
        """What stands after the echoes is meant."""
        late, self._late = self._late, False
        if late:
            self._tell()

    def _tell(self) -> None:
        if not self._burst:
            self._burst.open()
            self._asked.open()
            self._pressed()
