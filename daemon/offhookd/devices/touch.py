# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells a key from a switch that is declared as one.

A control that springs back and one that stays differ in a single flag of the report descriptor (no
preferred state), and much firmware leaves it out.  A finger lets go soon, a switch does not.
"""

from offhookd.devices.window import Window
from offhookd.phone.ports import Clock

FINGER_S = 1.0
"""What stays on longer is a switch that stands: presses last 0.1 to 0.4 s, long ones are a second
(and are other keys to most sets)."""


class Touch:
    """`stands`: when it was on last it stayed, so that on and off are states."""

    def __init__(self, clock: Clock) -> None:
        self.stands = False
        self._finger = Window(clock, FINGER_S)

    def on(self) -> None:
        self._finger.open()

    def off(self) -> bool:
        """Whether it had stood until now."""
        self.stands = not self._finger
        self._finger.close()
        return self.stands

    def found(self, on: bool) -> None:
        """The state in which it was found: nobody's finger was seen."""
        self._finger.close()
        self.stands = on

    def stop(self) -> None:
        self._finger.close()
