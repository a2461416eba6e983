# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads HID report descriptors (HID 1.11, section 6.2.2): which bit of which report is what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntFlag, StrEnum
from typing import Self

from .items import LONGEST_DESCRIPTOR, DescriptorError, Item, Tag, items
from .usages import LOW, Slot, Usages

LONGEST_REPORTS = 1 << 15
"""Bytes of all reports together; those of the wordiest set known are 730."""
WIDEST_FIELD = 256
"""Bits of one control; Linux takes no more."""
DEEPEST_NESTING = 32
"""Collections in one another; real descriptors have three."""
HIGHEST_REPORT_ID = 255

_BYTE = 8


class ReportType(StrEnum):
    INPUT = "input"
    OUTPUT = "output"
    FEATURE = "feature"


class Flags(IntFlag):
    """Data of Input, Output and Feature items (section 6.2.2.5)."""

    CONSTANT = 0x01
    VARIABLE = 0x02
    RELATIVE = 0x04
    NO_PREFERRED = 0x20
    NULL_STATE = 0x40

    @classmethod
    def of(cls, item: Item) -> Self:
        """Those known here: others would be kept by the enumeration for ever."""
        return cls(item.unsigned & sum(cls))


@dataclass(frozen=True, slots=True)
class Collection:
    usage: Slot
    """Readings of the one usage it has; empty if it has none."""


@dataclass(frozen=True, slots=True)
class Field:
    """Controls of one kind beside one another in a report."""

    type: ReportType
    report_id: int
    """0: the reports of this device have none."""
    bit: int
    """Offset in the report, which begins behind the report id."""
    size: int
    """Bits of one control."""
    count: int
    flags: Flags
    minimum: int
    maximum: int
    usages: tuple[Slot, ...]
    path: tuple[Collection, ...]
    """The collections it is in, outermost first."""

    @property
    def end(self) -> int:
        """The first bit behind it."""
        return self.bit + self.size * self.count


@dataclass(frozen=True, slots=True)
class _Globals:
    page: int = 0
    minimum: Item | None = None
    maximum: Item | None = None
    size: int = 0
    count: int = 0
    report_id: int = 0

    def range(self) -> tuple[int, int]:
        """A maximum is signed only where the minimum is negative, as Linux reads it: many
        devices say 25 FF and mean 255."""
        minimum = self.minimum.signed if self.minimum else 0
        if not self.maximum:
            return minimum, 0
        return minimum, self.maximum.signed if minimum < 0 else self.maximum.unsigned


def parse(descriptor: bytes) -> tuple[Field, ...]:
    """All fields of all reports, in their order; padding without usages included.

    DescriptorError for what Linux would not take as a HID device either: truncated items,
    unbalanced collections, a Pop without a Push, report ids out of range; and for no report at
    all, or more than the limits above.  Values that merely make no sense are left out.
    """
    if not descriptor:
        raise DescriptorError("it is empty")
    if len(descriptor) > LONGEST_DESCRIPTOR:
        raise DescriptorError(f"it is longer than {LONGEST_DESCRIPTOR} bytes")
    parser = _Parser()
    for item in items(descriptor):
        parser.take(item)
    return parser.fields()


def report_bytes(fields: Iterable[Field]) -> Mapping[tuple[ReportType, int], int]:
    """Length of each report without its id, by type and id."""
    bits: dict[tuple[ReportType, int], int] = {}
    for field in fields:
        key = (field.type, field.report_id)
        bits[key] = max(bits.get(key, 0), field.end)
    return {key: -(-length // _BYTE) for key, length in bits.items()}


class _Parser:
    def __init__(self) -> None:
        self._fields: list[Field] = []
        self._globals = _Globals()
        self._saved: list[_Globals] = []
        self._usages = Usages()
        self._path: tuple[Collection, ...] = ()
        self._ends: dict[tuple[ReportType, int], int] = {}
        self._total = 0
        self._handlers: Mapping[Tag, Callable[[Item], None]] = {
            **dict.fromkeys((Tag.INPUT, Tag.OUTPUT, Tag.FEATURE), self._add_field),
            **dict.fromkeys((Tag.USAGE, Tag.USAGE_MINIMUM, Tag.USAGE_MAXIMUM), self._add_usage),
            Tag.DELIMITER: self._delimit,
            Tag.COLLECTION: self._open,
            Tag.END_COLLECTION: self._close,
            Tag.PUSH: self._push,
            Tag.POP: self._pop,
        }

    def take(self, item: Item) -> None:
        self._handlers.get(item.tag, self._set_global)(item)

    def fields(self) -> tuple[Field, ...]:
        if self._path:
            raise DescriptorError("a collection is not closed")
        if not self._fields:
            raise DescriptorError("it declares no reports")
        return tuple(self._fields)

    def _set_global(self, item: Item) -> None:
        state, value = self._globals, item.unsigned
        match item.tag:
            case Tag.USAGE_PAGE:
                self._globals = replace(state, page=value & LOW)
            case Tag.LOGICAL_MINIMUM:
                self._globals = replace(state, minimum=item)
            case Tag.LOGICAL_MAXIMUM:
                self._globals = replace(state, maximum=item)
            case Tag.REPORT_SIZE:
                self._globals = replace(state, size=value)
            case Tag.REPORT_COUNT:
                self._globals = replace(state, count=value)
            case Tag.REPORT_ID:
                if not 1 <= value <= HIGHEST_REPORT_ID:
                    raise DescriptorError(f"it has a report id {value}")
                self._globals = replace(state, report_id=value)

    def _push(self, _item: Item) -> None:
        self._saved.append(self._globals)

    def _pop(self, _item: Item) -> None:
        if not self._saved:
            raise DescriptorError("it has a Pop without a Push")
        self._globals = self._saved.pop()

    def _add_usage(self, item: Item) -> None:
        self._usages.add(item, self._globals.page)

    def _delimit(self, item: Item) -> None:
        self._usages.delimit(item)

    def _taken_usages(self) -> tuple[Slot, ...]:
        """The usages before a Main item: they end with it."""
        usages, self._usages = self._usages, Usages()
        return usages.bound(self._globals.page)

    def _open(self, _item: Item) -> None:
        if len(self._path) == DEEPEST_NESTING:
            raise DescriptorError(f"its collections are more than {DEEPEST_NESTING} deep")
        self._path = (*self._path, Collection(next(iter(self._taken_usages()), ())))

    def _close(self, _item: Item) -> None:
        if not self._path:
            raise DescriptorError("it closes a collection that it did not open")
        self._path = self._path[:-1]
        self._taken_usages()

    def _add_field(self, item: Item) -> None:
        state, usages = self._globals, self._taken_usages()
        kind = ReportType[item.tag.name]
        length = state.size * state.count
        if not length:
            return
        self._total += length
        if state.size > WIDEST_FIELD or self._total > LONGEST_REPORTS * _BYTE:
            raise DescriptorError(
                f"its reports are too long ({state.count} times {state.size} bits)"
            )
        begin = self._ends.get((kind, state.report_id), 0)
        self._ends[kind, state.report_id] = begin + length
        self._fields.append(
            Field(
                kind,
                state.report_id,
                begin,
                state.size,
                state.count,
                Flags.of(item),
                *state.range(),
                usages,
                self._path,
            )
        )
