# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook switch, which is a hand-shake and no key press.

A set that goes off-hook asks the host to agree by its off-hook lamp, and takes it back otherwise
(Jabra Engage after 2 s); a host that lights that lamp is answered with the same report a person
would have caused.  So only what disagrees with what was commanded is a person's doing.
"""

from collections.abc import Callable

from offhookd.devices.controls import Kind
from offhookd.devices.touch import Touch
from offhookd.devices.window import Window
from offhookd.phone.ports import Clock

ACK_S = 2.5
"""Within this the set answers a command; the slowest known needs 2 s."""

ECHO_S = 0.5
"""What disagrees sooner after a command or its answer is late news of what was before it."""

PULSE_S = 0.1
"""A hand needs longer to lift and put down; what returns sooner is a switch that reports pulses
(Polycom CX300: 50 ms), and it stays as it was."""


class Hook:
    """`moved` is told what a person did: True is off-hook.  `level` is what the set says, None
    before it said anything.  `answers`: the set has an off-hook lamp, so that it can answer."""

    def __init__(
        self, kind: Kind, answers: bool, clock: Clock, moved: Callable[[bool], None]
    ) -> None:
        self.level: bool | None = None
        self._kind = kind
        self._answers = answers
        self._moved = moved
        self._commanded = False
        self._held = False
        self._ack = Window(clock, ACK_S)
        self._echo = Window(clock, ECHO_S, self._settle)
        self._pulse = Window(clock, PULSE_S)
        self._late: bool | None = None
        self._touch = Touch(clock)
        self._pushed = Window(clock, ACK_S)

    def command(self, off_hook: bool, held: bool) -> None:
        """The lamps are about to say this."""
        if off_hook is not self._commanded or held is not self._held:
            self._commanded, self._held = off_hook, held
            self._late = None
            if self._answers:
                self._expect()

    def take(self, value: int) -> None:
        """The control changed to `value`."""
        if self._kind is Kind.STATE or (self._kind is Kind.PAIR and value):
            self.stand(value > 0)
        elif self._kind is Kind.MOMENTARY:
            self._hold(value > 0)
        elif value > 0:
            self.push()

    def stand(self, off_hook: bool) -> None:
        """The switch stands off-hook or on-hook now."""
        if off_hook is self.level:
            return
        self.level = off_hook
        if off_hook is self._commanded:
            self._late = None
            if self._ack:
                self._ack.close()
                self._listen()
        else:
            self._differ(off_hook)

    def confirm(self) -> None:
        """The set said once more what it had said: the switch lies where it is, and is no pulse."""
        self._pulse.close()

    def push(self) -> None:
        """A switch that is a button was pressed: it turns over what was commanded."""
        if not self._echo:
            self._pushed.open()
            self._moved(not self._commanded)

    def baseline(self, value: int) -> None:
        """The state in which the set was found."""
        if self._kind in {Kind.STATE, Kind.PAIR}:
            self.level = value > 0
        self._touch.found(value > 0)

    def stop(self) -> None:
        self._touch.stop()
        for window in (self._ack, self._echo, self._pulse, self._pushed):
            window.close()

    def _hold(self, on: bool) -> None:
        """A button, unless it stays: then it is a switch (`Touch`), and may answer a command."""
        if not on:
            if self._touch.off() and self._commanded:
                self._differ(False)
            return
        known = self._touch.stands
        self._touch.on()
        if self._commanded and (known or self._ack):
            self._ack.close()
        else:
            self.push()

    def _differ(self, off_hook: bool) -> None:
        """The switch stands otherwise than commanded."""
        if not self._echo:
            self._moved(off_hook)
        elif not self._pulse and not self._held:
            self._late = off_hook

    def _expect(self) -> None:
        if self.level is self._commanded or self._pushed:
            self._ack.close()
        else:
            self._ack.open()
        self._listen()

    def _listen(self) -> None:
        """Take nothing that disagrees for a person's doing for a while."""
        self._echo.open()
        self._pulse.open()

    def _settle(self) -> None:
        """A person may have been quick: what stands after the echoes is meant."""
        late, self._late = self._late, None
        if late is not None and late is not self._commanded:
            self._moved(late)
