# SPDX-License-Identifier: GPL-2.0-or-later
"""The lamps of a set: one shadow of every report, always written whole.

Lamps share reports, and a report cut short is another report (Anker PowerConf), so each is sent
with all its bits and at its full length.  The off-hook bit gates the microphone of some sets and
therefore changes by itself alone: never together with the end of the ringing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from offhookd.devices.layout import Layout, light
from offhookd.devices.quirks import Lamp, Quirks
from offhookd.phone.buttons import Lamps

_OUTPUTS = {
    "off_hook": Lamp.OFF_HOOK,
    "ring": Lamp.RINGING,
    "ringer": Lamp.RINGER,
    "mute": Lamp.MUTED,
    "microphone": Lamp.MUTED,  # half of all sets show it here, older Jabra only here
    "hold": Lamp.HELD,
    "message_waiting": Lamp.MESSAGE_WAITING,
}

_NUMBER = re.compile(r"_\d+$")


class Indicators:
    """Turns `Lamps` into reports for `send`, each with its id, 0 where there are no ids."""

    def __init__(self, layout: Layout, quirks: Quirks, send: Callable[[bytes], None]) -> None:
        self.lamps = Lamps()
        self._quirks = quirks
        self._send = send
        self._outputs = {
            lamp: [
                control
                for name, control in layout.outputs.items()
                if _OUTPUTS.get(_NUMBER.sub("", name)) is lamp
            ]
            for lamp in Lamp
        }
        used = {one.report_id for controls in self._outputs.values() for one in controls}
        self._shadow = {number: bytearray(layout.output_bytes[number]) for number in sorted(used)}

    @property
    def off_hook(self) -> bool:
        """Whether the set can be told that it is off-hook."""
        return self.has(Lamp.OFF_HOOK)

    def has(self, lamp: Lamp) -> bool:
        return bool(self._outputs[lamp]) or lamp in self._quirks.commands

    def show(self, lamps: Lamps) -> None:
        """Send what differs from what the set was told."""
        for step in _steps(self.lamps, lamps):
            changed = [
                lamp for lamp in Lamp if getattr(step, lamp) is not getattr(self.lamps, lamp)
            ]
            self.lamps = step
            self._apply(changed)

    def rewrite(self) -> None:
        """Tell a set that knows nothing everything."""
        self._apply(list(Lamp))

    def _apply(self, changed: list[Lamp]) -> None:
        again = [lamp for lamp in changed if lamp in self._quirks.rewrite]
        if again:
            self._write(changed, opposite=again)
        self._write(changed, opposite=[])

    def _write(self, changed: list[Lamp], opposite: list[Lamp]) -> None:
        """Reports with off-hook go first, so that it is never lit later than the ringing ends."""
        touched: dict[int, None] = {}
        for lamp in changed:
            for control in self._outputs[lamp]:
                on = getattr(self.lamps, lamp) is not (lamp in opposite)
                light(control, self._shadow[control.report_id], on)
                touched[control.report_id] = None
        for number in {**touched, **self._spoken_anew(changed)}:
            self._send(bytes([number]) + self._shadow[number])
        for lamp in () if opposite else changed:
            self._command(lamp)

    def _spoken_anew(self, changed: list[Lamp]) -> dict[int, None]:
        """A call begins: what the set believes of its mute cannot be read, so it is told."""
        if Lamp.OFF_HOOK not in changed or not self.lamps.off_hook:
            return {}
        return dict.fromkeys(control.report_id for control in self._outputs[Lamp.MUTED])

    def _command(self, lamp: Lamp) -> None:
        command = self._quirks.commands.get(lamp)
        if command:
            report = command.on if getattr(self.lamps, lamp) else command.off
            self._send(report.ljust(1 + self._quirks.output_bytes, b"\0"))


def _steps(old: Lamps, new: Lamps) -> Iterator[Lamps]:
    """The way from `old` to `new`: both calls of a set may end at once, but not in one write."""
    if old.off_hook and not new.off_hook and old.ringing and not new.ringing:
        yield replace(old, ringing=False, ringer=False)
    if old != new:
        yield new
