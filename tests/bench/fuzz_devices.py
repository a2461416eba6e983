# SPDX-License-Identifier: GPL-2.0-or-later
"""Plugs in telephone sets that do not exist: descriptors of real ones, changed by chance, and
reports of any length.

    python -m tests.bench.fuzz_devices [--sets 100000] [--seed 1]

A descriptor has to give controls or a `DescriptorError`, soon and in little memory, and whatever
such a set sends and is shown then has to stay without an exception.  Descriptors that reach a place
in the code that none before reached are changed further.
"""

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

from offhookd.devices.controls import Kind
from offhookd.devices.items import LONGEST_DESCRIPTOR, DescriptorError
from offhookd.devices.layout import Layout, control_names, layout, mended
from offhookd.devices.quirks import Lamp, Quirks
from offhookd.devices.set import SETTLE_S, TelephoneSet
from offhookd.phone.buttons import DeviceId, Lamps, Press
from tests.support.descriptors import KNOWN
from tests.support.fakes import FakeClock

SLOW_S = 2.0
"""Of one set; the worst known needs 0.3 s."""
REPORTS = 24
LONGEST_REPORT = 70
ITEMS = (
    *("a4", "b4", "c0", "a101", "a102", "a901", "a900", "08", "95ff", "97ffffffff", "96ffff"),
    *("7500", "7501", "7508", "75ff", "77ffffffff", "8500", "8501", "85ff", "86ff00", "150025ff"),
    *("15ff2501", "1500", "2501", "27ffffff7f", "1a00002affff", "1b00000b002bffff0b00", "050b"),
    *("0508", "050c", "0509", "05ff", "06a0ff", "0920", "092f", "0917", "09b0", "19b029bf"),
    *("0b20000b00", "0b20000c00", "8102", "8100", "8106", "8122", "8142", "9102", "9100", "b102"),
    *("8103", "8200ff", "fe05f0", "feff00", "090509a1", "0907", "0997", "099e0918"),
)
MEANINGFUL = bytes.fromhex("".join(ITEMS))


class Maker:
    """Descriptors by chance, most of them much like one that is known to be of interest."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.known = [known.descriptor for known in KNOWN]

    def descriptor(self) -> bytes:
        kind = self._chance.random()
        if kind < 0.03:
            return self._chance.randbytes(self._chance.randrange(400))
        if kind < 0.1:
            return b"".join(self._item() for _ in range(self._chance.randrange(1, 80)))
        made = bytearray(self._chance.choice(self.known))
        for _ in range(self._chance.choice((1, 1, 2, 4, 16))):
            self._change(made)
        return bytes(made[: LONGEST_DESCRIPTOR + 1])

    def _item(self) -> bytes:
        return bytes.fromhex(self._chance.choice(ITEMS))

    def _change(self, made: bytearray) -> None:
        place = self._chance.randrange(len(made) + 1)
        match self._chance.randrange(6):
            case 0:
                made[place:place] = self._item()
            case 1:
                del made[place : place + self._chance.randrange(1, 6)]
            case 2:
                other = self._chance.choice(self.known)
                begin = self._chance.randrange(len(other))
                made[place:place] = other[begin : begin + self._chance.randrange(60)]
            case 3:
                made[place:place] = made[place : place + self._chance.randrange(30)] * 3
            case 4:
                made[place : place + 1] = bytes([self._chance.choice(MEANINGFUL)])
            case _:
                made[place : place + 1] = self._chance.randbytes(1)


class Reach:
    """The lines of the devices' code that were run so far."""

    def __init__(self) -> None:
        self._lines: set[tuple[int, int]] = set()
        self._grew = False

    def new(self, act: Callable[[], object]) -> bool:
        """Whether `act` ran a line that never ran before."""
        self._grew = False
        sys.settrace(self._call)
        try:
            act()
        finally:
            sys.settrace(None)
        return self._grew

    def _call(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self._line if "/offhookd/devices/" in frame.f_code.co_filename else None

    def _line(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        place = id(frame.f_code), frame.f_lineno
        if place not in self._lines:
            self._lines.add(place)
            self._grew = True
        return self._line


class Desk:
    """Sets one after another on a clock of their own."""

    def __init__(self, seed: int) -> None:
        self.found: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = 0.0, b""
        self.presses = 0
        self._chance = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
        self._maker = Maker(self._chance)
        self._reach = Reach()

    def plug(self) -> None:
        raw = self._maker.descriptor()
        if self._chance.random() < 0.1:
            if self._reach.new(lambda: self._tried(raw)) and raw:
                self._maker.known.append(raw)
        else:
            self._tried(raw)

    def _tried(self, raw: bytes) -> None:
        begin = time.process_time()
        try:
            self._use(layout(raw))
            self.found["used"] += 1
        except DescriptorError:
            self.found["refused"] += 1
        except Exception:  # noqa: BLE001 - this is what is looked for
            self.faults.append(f"{raw.hex()}\n{traceback.format_exc()}")
        self.slowest = max(self.slowest, (time.process_time() - begin, raw))

    def _use(self, declared: Layout) -> None:
        quirks = self._quirks()
        real = mended(declared, quirks)
        control_names(real, quirks)
        clock = FakeClock()
        sent: list[bytes] = []
        phone = TelephoneSet(DeviceId("it"), real, quirks, clock, sent.append)

        def pressed(press: Press) -> None:
            self.presses += 1
            if self._chance.random() < 0.5:
                phone.show(Lamps(off_hook=press.down, ringing=False))

        phone.pressed.connect(pressed)
        phone.open()
        for _ in range(REPORTS if real.telephone else 4):
            match self._chance.randrange(4):
                case 0:
                    clock.advance(self._chance.choice((0.01, SETTLE_S, 0.6, 3.0)))
                case 1:
                    phone.show(Lamps(*(self._chance.random() < 0.5 for _ in Lamps.__slots__)))
                case _:
                    phone.receive(self._report(real))
        phone.close()
        assert all(len(one) > 1 for one in sent), "a report without a byte"

    def _report(self, real: Layout) -> bytes:
        """Mostly one that the set has declared."""
        if self._chance.random() < 0.3 or not real.input_bytes:
            return self._chance.randbytes(self._chance.randrange(LONGEST_REPORT))
        number, length = self._chance.choice(list(real.input_bytes.items()))
        bits = self._chance.choice((b"\0", b"\1", b"\xff", self._chance.randbytes(length)))
        payload = bits * length if len(bits) == 1 else bits
        return (bytes([number]) if real.numbered else b"") + payload[:length]

    def _quirks(self) -> Quirks:
        if self._chance.random() < 0.7:
            return Quirks()
        return Quirks(
            hook=self._chance.choice(list(Kind)),
            mute=self._chance.choice(list(Kind)),
            reject_by_hook=True,
            rewrite=frozenset(Lamp),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    desk = Desk(options.seed)
    for _ in range(options.sets):
        desk.plug()
    print(f"sets      {dict(desk.found)}, {desk.presses} presses")
    print(f"slowest   {desk.slowest[0]:.3f} s: {desk.slowest[1].hex()[:200]}")
    print(f"faults    {len(desk.faults)}")
    for fault in desk.faults[:10]:
        print(fault)
    sys.exit(1 if desk.faults or desk.slowest[0] > SLOW_S else 0)


if __name__ == "__main__":
    main()
