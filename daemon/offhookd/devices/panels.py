# SPDX-License-Identifier: GPL-2.0-or-later
"""The display of the `yealink` driver and the buzzer of `cm109`."""

import logging
from collections.abc import Callable
from pathlib import Path

from offhookd.devices.keyphone import Panel
from offhookd.devices.window import Window
from offhookd.phone.buttons import Lamps
from offhookd.phone.ports import Clock

NUMBER_CHARS = 12
"""Places of the third line."""

BELL_ON_S, BELL_OFF_S = 1.0, 4.0
"""The ringing of most of Europe (ETSI TR 101 041); a buzzer has no other."""

logger = logging.getLogger(__name__)


class YealinkDisplay(Panel):
    """Written in `directory`, the USB interface in sysfs (Documentation/input/devices/yealink.rst).
    The driver takes what is shown only while the event node is open."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._shown: frozenset[str] = frozenset()
        self._told = False

    def show(self, lamps: Lamps) -> None:
        wanted = {"RINGTONE": lamps.ringer, "IN": lamps.ringing, "NEW": lamps.message_waiting}
        icons = frozenset(icon for icon, on in wanted.items() if on)
        for icon in sorted(self._shown - icons):
            self._put("hide_icon", icon)
        for icon in sorted(icons - self._shown):
            self._put("show_icon", icon)
        self._shown = icons

    def write(self, number: str) -> None:
        digits = "".join(char for char in number if char in "0123456789*#-")
        self._put("line3", digits[-NUMBER_CHARS:].ljust(NUMBER_CHARS))

    def _put(self, name: str, text: str) -> None:
        try:
            self._directory.joinpath(name).write_text(text, encoding="ascii")
        except OSError as error:
            level = logging.DEBUG if self._told else logging.WARNING
            self._told = True
            logger.log(level, "the display of the phone stays dark: %s", error)


class Buzzer(Panel):
    """`sound` switches the buzzer; it rings in the rhythm of a telephone."""

    def __init__(self, clock: Clock, sound: Callable[[bool], None]) -> None:
        self._sound = sound
        self._on = Window(clock, BELL_ON_S, self._rest)
        self._off = Window(clock, BELL_OFF_S, self._ring)

    def show(self, lamps: Lamps) -> None:
        ringing = bool(self._on or self._off)
        if lamps.ringer and not ringing:
            self._ring()
        elif ringing and not lamps.ringer:
            self._on.close()
            self._off.close()
            self._sound(False)

    def write(self, number: str) -> None:
        """It has no display."""

    def _ring(self) -> None:
        self._sound(True)
        self._on.open()

    def _rest(self) -> None:
        self._sound(False)
        self._off.open()
