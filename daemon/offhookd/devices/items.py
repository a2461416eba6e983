# SPDX-License-Identifier: GPL-2.0-or-later
"""The items a HID report descriptor is made of (HID 1.11, section 6.2.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

LONGEST_DESCRIPTOR = 4096
"""Bytes; Linux reads no more (HID_MAX_DESCRIPTOR_SIZE)."""

_LONG_ITEM = 0xFE
_LONG_REST = 2
"""Bytes between the prefix of a long item and its data: size and tag."""
_SIZES = (0, 1, 2, 4)
_SIZE_BITS = 0x03


class DescriptorError(ValueError):
    """A report descriptor is not one; the message is a clause for a person."""


class Tag(IntEnum):
    """Type and tag of a short item: its prefix without the size."""

    INPUT = 0x80
    OUTPUT = 0x90
    COLLECTION = 0xA0
    FEATURE = 0xB0
    END_COLLECTION = 0xC0

    USAGE_PAGE = 0x04
    LOGICAL_MINIMUM = 0x14
    LOGICAL_MAXIMUM = 0x24
    REPORT_SIZE = 0x74
    REPORT_ID = 0x84
    REPORT_COUNT = 0x94
    PUSH = 0xA4
    POP = 0xB4

    USAGE = 0x08
    USAGE_MINIMUM = 0x18
    USAGE_MAXIMUM = 0x28
    DELIMITER = 0xA8


TAGS = frozenset(Tag)


@dataclass(frozen=True, slots=True)
class Item:
    """A short item."""

    tag: Tag
    data: bytes

    @property
    def unsigned(self) -> int:
        return int.from_bytes(self.data, "little")

    @property
    def signed(self) -> int:
        return int.from_bytes(self.data, "little", signed=True)

    @property
    def extended(self) -> bool:
        """Whether a usage carries its own page in the upper half (section 6.2.2.8)."""
        return len(self.data) == _SIZES[-1]


def items(descriptor: bytes) -> Iterator[Item]:
    """Short items that say where a control is.

    Long items are skipped, for none is defined; units, physical ranges, strings, designators and
    reserved tags, too.  DescriptorError if the last item is cut off: what follows it is missing,
    so a set would be driven by half of what it said.
    """
    position = 0
    while position < len(descriptor):
        prefix, start = descriptor[position], position + 1
        if prefix == _LONG_ITEM:
            size = _LONG_REST + int.from_bytes(descriptor[start : start + 1])
        else:
            size = _SIZES[prefix & _SIZE_BITS]
        position = start + size
        if position > len(descriptor):
            raise DescriptorError(f"it ends inside the item at byte {start - 1}")
        if prefix & ~_SIZE_BITS in TAGS:
            yield Item(Tag(prefix & ~_SIZE_BITS), descriptor[start:position])
