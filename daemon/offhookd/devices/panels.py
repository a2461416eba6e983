# SPDX-License-Identifier: GPL-2.0-or-later
"""The display of the `yealink` driver and the buzzer of `cm109`."""

import logging
from collections.abc import Callable
from pathlib import Path

from offhookd.devices.keyphone import Panel
from offhookd.devices.window import Window
from offhookd.phone.buttons import Lamps
from offhookd.phone.display import Screen
from offhookd.phone.ports import Clock

NUMBER_CHARS = 12
"""Places of the third line."""

MOST_MISSED = 199
MOST_MINUTES = 59
"""Of the places that show hours and minutes; a longer call is shown in these."""
KEEP = "\t\t\t"
"""Leaves the icons IN, OUT and STORE as they are."""

BELL_ON_S, BELL_OFF_S = 1.0, 4.0
"""The ringing of most of Europe (ETSI TR 101 041); a buzzer has no other."""

logger = logging.getLogger(__name__)


class YealinkDisplay(Panel):
    """Written in `directory`, the USB interface in sysfs (Documentation/input/devices/yealink.rst).
    The driver takes what is shown only while the event node is open.

    Three lines: two numbers of two digits for the date, two for the time or the length of the call,
    and one up to 199 for the missed calls; icons; the number of the other end.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._icons: frozenset[str] = frozenset()
        self._lamps = Lamps()
        self._screen = Screen()
        self._lines: dict[str, str] = {}
        self._told = False

    def show(self, lamps: Lamps) -> None:
        self._lamps = lamps
        self._show_icons()

    def draw(self, screen: Screen) -> None:
        self._screen = screen
        lines = {"line1": _upper_line(screen), "line3": _number_line(screen.number)}
        for name, text in lines.items():
            if self._lines.get(name) != text:
                self._lines[name] = text
                self._put(name, text)
        self._show_icons()

    def _show_icons(self) -> None:
        lamps, counts = self._lamps, self._screen.counts
        wanted = {
            "RINGTONE": lamps.ringer,
            "IN": lamps.ringing or bool(counts.missed),
            "OUT": lamps.off_hook and not self._screen.incoming and bool(self._screen.number),
            "NEW": lamps.message_waiting or bool(counts.messages),
            "STORE": lamps.held,
        }
        icons = frozenset(icon for icon, on in wanted.items() if on)
        for icon in sorted(self._icons - icons):
            self._put("hide_icon", icon)
        for icon in sorted(icons - self._icons):
            self._put("show_icon", icon)
        self._icons = icons

    def _put(self, name: str, text: str) -> None:
        try:
            self._directory.joinpath(name).write_text(text, encoding="ascii")
        except OSError as error:
            level = logging.DEBUG if self._told else logging.WARNING
            self._told = True
            logger.log(level, "the display of the phone stays dark: %s", error)


def _upper_line(screen: Screen) -> str:
    """ "18.e8.M8.88...188": month, day, time, missed calls; icons between them stay as they are."""
    missed = str(min(screen.counts.missed, MOST_MISSED) or "").rjust(3)
    if screen.now is None:
        return " " * 11 + KEEP + missed
    date = f"{screen.now.month:2}M{screen.now.day:2}D"
    left, right = screen.now.hour, screen.now.minute
    if screen.talked_s is not None:
        left, right = divmod(screen.talked_s, 60)
        if left > MOST_MINUTES:
            left, right = divmod(left, 60)
    return f"{date}{left:2}:{right:02}{KEEP}{missed}"


def _number_line(number: str) -> str:
    digits = "".join(char for char in number if char in "0123456789*#-")
    return digits[-NUMBER_CHARS:].ljust(NUMBER_CHARS)


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

    def draw(self, screen: Screen) -> None:
        """It has no display."""

    def _ring(self) -> None:
        self._sound(True)
        self._on.open()

    def _rest(self) -> None:
        self._sound(False)
        self._off.open()
