# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone sets in the guest's USB ports, with the report descriptors of real ones."""

from dataclasses import dataclass
from typing import Any

from tests.support.descriptors import KNOWN
from tests.vm.channel import Guest

LAMP_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Model:
    """`descriptor` is the name in tests/data/descriptors.json."""

    vendor: int
    product: int
    serial: str
    name: str
    descriptor: str

    @property
    def id(self) -> str:
        return f"{self.vendor:04x}:{self.product:04x}:{self.serial}"

    @property
    def card(self) -> str:
        """In the names of its sink and source."""
        return f"Offhook_Tests_{self.name.replace(' ', '_')}_{self.serial}"

    @property
    def identity(self) -> dict[str, Any]:
        (known,) = (one for one in KNOWN if one.name.endswith(self.descriptor))
        return {
            "vendor": self.vendor,
            "product": self.product,
            "serial": self.serial,
            "name": self.name,
            "report_descriptor": known.descriptor.hex(),
        }


HEADSET = Model(0x0B0E, 0x0307, "A1", "Test Headset", "EVOLVE LINK MS")
OTHER = Model(0x0B0E, 0x2453, "B2", "Other Headset", "BIZ 2400 II")


class UsbPhone:
    """Reports are written in hexadecimal digits, as transcripts have them."""

    def __init__(self, guest: Guest, model: Model) -> None:
        self.model = model
        self._guest = guest

    def plug(self) -> None:
        self._guest.ask("plug", name=self.model.id, identity=self.model.identity)

    def unplug(self) -> None:
        self._guest.ask("unplug", name=self.model.id)

    def report(self, *reports: str) -> None:
        for one in reports:
            self._guest.ask("report", name=self.model.id, report=one)

    @property
    def lamps(self) -> list[str]:
        """Every report the host has sent since it was plugged in."""
        return [report for _, report in self._look()["lamps"]]

    def wait_for_lamps(self, report: str) -> None:
        """The host's last word."""
        self._guest.ask("await_lamps", name=self.model.id, report=report, limit_s=LAMP_LIMIT_S)
        lamps = self.lamps
        assert lamps[-1:] == [report], f"waited {LAMP_LIMIT_S} s for {report}, not {lamps}"

    def take_peak(self) -> int:
        """The loudest sample that its loudspeaker was sent since the last time."""
        peak: int = self._look()["peak"]
        return peak

    def _look(self) -> Any:
        return self._guest.ask("look", name=self.model.id)
