# SPDX-License-Identifier: GPL-2.0-or-later
"""What the display of a telephone set says; how it is drawn is the device's business."""

from dataclasses import dataclass
from datetime import datetime

from .call import Call
from .values import Direction

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for the user: missed calls that were not looked at, new messages."""

    missed: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Screen:
    """`number` and `name` of the other end, or the digits keyed in so far.  `talked_s`: how long a
    call lasts already, None where none does; `now` is shown then where there is room for one."""

    number: str = ""
    name: str = ""
    incoming: bool = False
    talked_s: int | None = None
    now: datetime | None = None
    counts: Counts = Counts()

    @property
    def next_s(self) -> float:
        """After so long it must be drawn again, though nothing happens."""
        if self.talked_s is not None:
            return 1.0
        return 60.0 - self.now.second if self.now else 60.0


def screen(call: Call | None, digits: str, now_us: int, now: datetime, counts: Counts) -> Screen:
    """`call`: the one that rings, or that the set speaks on.  `now`: the same moment by the wall
    clock."""
    if call is None:
        return Screen(number=digits, now=now, counts=counts)
    talked = (now_us - call.answered_us) // _SECOND_US if call.answered_us else None
    return Screen(
        number=_number(call.far_uri),
        name=call.far_name,
        incoming=call.direction is Direction.INCOMING,
        talked_s=talked if talked is None else max(0, talked),
        now=now,
        counts=counts,
    )


def _number(uri: str) -> str:
    """The user part: what a person would dial."""
    address = uri.partition(":")[2] or uri
    return address.partition("@")[0].partition(";")[0]
