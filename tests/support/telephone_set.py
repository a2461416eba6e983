# SPDX-License-Identifier: GPL-2.0-or-later
"""A telephone set on the bench: reports in by hand, presses and reports out as text."""

from offhookd.devices import quirks
from offhookd.devices.layout import layout, mended
from offhookd.devices.quirks import QuirkBook, Quirks
from offhookd.devices.set import SETTLE_S, TelephoneSet
from offhookd.phone.buttons import Button, DeviceId, Lamps, Press
from tests.support.descriptors import KNOWN
from tests.support.fakes import FakeClock

SHIPPED: QuirkBook = quirks.load([quirks.SHIPPED_FILE])

IDLE = Lamps()
RINGING = Lamps(ringing=True, ringer=True)
TALKING = Lamps(off_hook=True)


def descriptor(name: str) -> bytes:
    """Of the known set that is called `name`, or else something with it."""
    found = [one for one in KNOWN if one.name.endswith(name)]
    (only,) = found or [one for one in KNOWN if name in one.name]
    return only.descriptor


def unnumbered(inputs: int, outputs: int) -> bytes:
    """The descriptor of a vendor's reports of so many bytes, which have no ids and no meaning."""
    return bytes.fromhex(
        f"0600ff0901a101150026ff007508 95{inputs:02x}0901 8102 95{outputs:02x}0902 9102 c0"
    )


class Bench:
    """`told`: what the person did ("hook+", "hook-", "mute", "digit 5"); `sent`: the reports the
    set got, in hexadecimal digits.  Both are emptied by reading them."""

    def __init__(self, raw: bytes, quirks: Quirks | None = None) -> None:
        self.clock = FakeClock()
        self._told: list[str] = []
        self._sent: list[str] = []
        quirks = quirks or Quirks()
        declared = mended(layout(raw), quirks)
        self.set = TelephoneSet(DeviceId("it"), declared, quirks, self.clock, self._send)
        self.set.pressed.connect(self._press)
        self.answers: Lamps | None = None
        """What is shown at once when the person moves the hook."""
        self.set.open()

    @classmethod
    def settled(cls, raw: bytes, quirks: Quirks | None = None) -> "Bench":
        bench = cls(raw, quirks)
        bench.clock.advance(SETTLE_S)
        bench._sent.clear()
        return bench

    def play(self, *reports: str) -> list[str]:
        """What came of the reports."""
        for report in reports:
            self.set.receive(bytes.fromhex(report))
        return self.told

    def show(self, lamps: Lamps) -> list[str]:
        self.set.show(lamps)
        return self.sent

    @property
    def told(self) -> list[str]:
        told, self._told = self._told, []
        return told

    @property
    def sent(self) -> list[str]:
        sent, self._sent = self._sent, []
        return sent

    def _send(self, report: bytes) -> None:
        self._sent.append(report.hex(" "))

    def _press(self, press: Press) -> None:
        sign = "+" if press.down else "-"
        two_way = press.button in {Button.HOOK, Button.LINE_BUSY}
        self._told.append(" ".join(filter(None, [press.button + sign * two_way, press.text])))
        if press.button is Button.HOOK and self.answers is not None:
            self.set.show(self.answers)
