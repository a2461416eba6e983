# SPDX-License-Identifier: GPL-2.0-or-later
"""What the bits of a report are for: usages of a Main item (HID 1.11, section 6.2.2.8)."""

from dataclasses import dataclass

from .items import DescriptorError, Item, Tag

PAGE_SHIFT = 16
LOW = 0xFFFF


def page(usage: int) -> int:
    return usage >> PAGE_SHIFT


@dataclass(frozen=True, slots=True)
class Reading:
    """A run of usages, each with its page in the upper 16 bits."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def holds(self, usage: int) -> bool:
        return self.first <= usage <= self.last


Slot = tuple[Reading, ...]
"""The same controls as different readers take them, most likely first.

There are several where a delimiter gave alternatives, and where the page changed between a usage
and its Main item: HID 1.11 and Linux bind the last page, Windows and macOS the one in force at the
usage, and descriptors were written for either.
"""


@dataclass(frozen=True, slots=True)
class _Run:
    first: Item
    last: Item
    page: int
    """In force when it was read."""

    def bound(self, page: int) -> Reading | None:
        """The run on a page, unless it names its own; None if it runs backwards."""
        own = next((one.unsigned >> PAGE_SHIFT for one in self._ends() if one.extended), page)
        first, last = ((own << PAGE_SHIFT) | (one.unsigned & LOW) for one in self._ends())
        return Reading(first, last) if first <= last else None

    def _ends(self) -> tuple[Item, Item]:
        return self.first, self.last


class Usages:
    """Collects the usages between two Main items."""

    def __init__(self) -> None:
        self._slots: list[list[_Run]] = []
        self._ends: dict[Tag, Item] = {}
        self._in_set = False
        self._set_is_new = False

    def add(self, item: Item, page: int) -> None:
        """Take in a Usage, Usage Minimum or Usage Maximum, read while `page` was in force."""
        if item.tag is Tag.USAGE:
            self._add(_Run(item, item, page))
            return
        self._ends[item.tag] = item
        if len(self._ends) == len((Tag.USAGE_MINIMUM, Tag.USAGE_MAXIMUM)):
            first, last = self._ends[Tag.USAGE_MINIMUM], self._ends[Tag.USAGE_MAXIMUM]
            self._add(_Run(first, last, page))
            self._ends = {}

    def delimit(self, item: Item) -> None:
        """Open or close a set of alternatives; DescriptorError if that is not possible."""
        if self._in_set == bool(item.unsigned):
            raise DescriptorError("its delimiters do not match")
        self._in_set = self._set_is_new = bool(item.unsigned)

    def bound(self, page: int) -> tuple[Slot, ...]:
        """What was collected, for a Main item that is read while `page` is in force."""
        slots = (_readings(runs, page) for runs in self._slots)
        return tuple(slot for slot in slots if slot)

    def _add(self, run: _Run) -> None:
        if self._in_set and not self._set_is_new:
            self._slots[-1].append(run)
        else:
            self._slots.append([run])
        self._set_is_new = False


def _readings(runs: list[_Run], page: int) -> Slot:
    late = (run.bound(page) for run in runs)
    early = (run.bound(run.page) for run in runs)
    return tuple(dict.fromkeys(reading for reading in (*late, *early) if reading))
