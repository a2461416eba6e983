# SPDX-License-Identifier: GPL-2.0-or-later
"""The buttons, switches and lamps of a telephone set, found in its report descriptor.

A control is found by its usage (HID Usage Tables 1.4) and the collection it is in, never by the
vendor: names are those of the tables.  A usage counts inside a telephony or consumer application,
a lamp in one of lamps, too; buttons by number count inside telephony only, for elsewhere they are
anything.  Vendor pages and
applications are private, and keyboards and mice are none of ours.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import count

from .descriptor import Field, Flags, ReportType
from .items import DescriptorError
from .usages import LOW, page

MOST_CONTROLS = 256
"""Of one set; the largest known has 20."""

_BYTE = 8


class Page(IntEnum):
    LED = 0x08
    TELEPHONY = 0x0B
    CONSUMER = 0x0C


class Kind(StrEnum):
    """How the value of a control is to be understood."""

    STATE = "state"
    """It is so, or is not so, as long as the bit stands."""
    TOGGLE = "toggle"
    """Each 1 changes the state; the 0 after it says nothing."""
    MOMENTARY = "momentary"
    """1 while it is pressed."""
    PAIR = "pair"
    """1 switches on, -1 switches off."""


_TELEPHONY_KEYS = {
    0x0B0020: "hook",
    0x0B0021: "flash",
    0x0B0022: "feature",
    0x0B0023: "hold",
    0x0B0024: "redial",
    0x0B0025: "transfer",
    0x0B0026: "drop",
    0x0B0027: "park",
    0x0B0028: "forward_calls",
    0x0B0029: "alternate_function",
    0x0B002A: "line",
    0x0B002B: "speaker_phone",
    0x0B002C: "conference",
    0x0B002D: "ring_enable",
    0x0B002E: "ring_select",
    0x0B002F: "phone_mute",
    0x0B0030: "caller_id",
    0x0B0031: "send",
    0x0B0050: "speed_dial",
    0x0B0051: "store_number",
    0x0B0052: "recall_number",
    0x0B0053: "phone_directory",
    0x0B0070: "voice_mail",
    0x0B0071: "screen_calls",
    0x0B0072: "do_not_disturb",
    0x0B0073: "message",
    0x0B0074: "answer_on_off",
    0x0B0097: "line_busy_tone",
}
_CONSUMER_KEYS = {
    0x0C00CD: "play_pause",
    0x0C00E2: "consumer_mute",
    0x0C00E9: "volume_up",
    0x0C00EA: "volume_down",
}
_BUTTONS = {
    # 0x0B/0x07 is Programmable Button, a collection of buttons; sets have one, which rejects, and
    # give 0x07 now on its own page, now on that of buttons, often with Button 1 as another name.
    0x0B0007: "reject",
    0x090007: "reject",
    0x090001: "reject",
}
_LAMPS = {
    0x080009: "mute",
    0x080017: "off_hook",
    0x080018: "ring",
    0x080019: "message_waiting",
    0x08001E: "speaker",
    0x080020: "hold",
    0x080021: "microphone",
    0x08002A: "on_line",
    0x0B009E: "ringer",
}
_DIGITS = {0x0B00B0 + value: digit for value, digit in enumerate("0123456789*#ABCD")}


@dataclass(frozen=True, slots=True)
class Control:
    """A button, switch or lamp of its own."""

    report_id: int
    bit: int
    """Offset in the report, which begins behind the report id."""
    size: int
    kind: Kind

    @property
    def byte(self) -> int:
        return self.bit // _BYTE

    @property
    def mask(self) -> int | None:
        """The bit in its byte; None if there is more than one."""
        return 1 << self.bit % _BYTE if self.size == 1 else None


@dataclass(frozen=True, slots=True)
class Selector:
    """Keys of which `count` at most can be pressed at once: an array, as of a keypad."""

    report_id: int
    bit: int
    """Offset in the report, which begins behind the report id."""
    size: int
    """Bits of each of the `count` values."""
    count: int
    keys: Mapping[int, str]
    """Digit or name of a control, by the value that says it is pressed."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What a set has, by name; a second control of a name has a number after it."""

    inputs: Mapping[str, Control]
    outputs: Mapping[str, Control]
    selectors: tuple[Selector, ...]


def controls(fields: Iterable[Field]) -> Controls:
    """Find them; DescriptorError if there are absurdly many."""
    inputs, outputs, selectors = _Names(), _Names(), list[Selector]()
    for field in fields:
        match field.type, Flags.VARIABLE in field.flags:
            case ReportType.INPUT, False if not _is_bitmap(field):
                selectors += _selector(field)
            case ReportType.INPUT, _:
                inputs.add(field, _keys(field))
                selectors += _single_digits(field)
            case ReportType.OUTPUT, True:
                outputs.add(field, _LAMPS if _context(field) or _has_own_lamps(field) else {})
    return Controls(inputs.found, outputs.found, tuple(selectors))


class _Names:
    """Gives every control a name of its own."""

    def __init__(self) -> None:
        self.found: dict[str, Control] = {}
        self._context: dict[str, Page | None] = {}

    def add(self, field: Field, table: Mapping[int, str]) -> None:
        named = _named(field, table)
        last = sum(len(slot[0]) for slot in field.usages) - 1
        for index in range(field.count) if named else ():
            # The last usage is that of all controls that are left (section 6.2.2.8).
            if name := named.get(min(index, last)):
                self._add(name, field, _control(field, index))

    def _add(self, name: str, field: Field, control: Control) -> None:
        if len(self.found) == MOST_CONTROLS:
            raise DescriptorError(f"it has more than {MOST_CONTROLS} controls")
        context = _context(field)
        free = next(one for one in self._choices(name, context) if one not in self.found)
        self.found[free] = control
        self._context[free] = context

    def _choices(self, name: str, context: Page | None) -> Iterator[str]:
        yield name
        if context is Page.CONSUMER and self._context[name] is Page.TELEPHONY:
            yield f"{name}_consumer"
        yield from (f"{name}_{number}" for number in count(2))


def _context(field: Field) -> Page | None:
    """What the collections around a field make of it: telephony, consumer or nothing to us."""
    pages = {page(reading.first) for inside in field.path for reading in inside.usage}
    return next((one for one in (Page.TELEPHONY, Page.CONSUMER) if one in pages), None)


def _has_own_lamps(field: Field) -> bool:
    """Whether it is in an application of lamps, beside that of the keys."""
    usages = (one for collection in field.path[:1] for one in collection.usage)
    return any(page(one.first) == Page.LED for one in usages)


def _keys(field: Field) -> Mapping[int, str]:
    match _context(field):
        case Page.TELEPHONY:
            return {**_TELEPHONY_KEYS, **_CONSUMER_KEYS, **_BUTTONS}
        case Page.CONSUMER:
            return {**_TELEPHONY_KEYS, **_CONSUMER_KEYS}
        case _:
            return {}


def _named(field: Field, table: Mapping[int, str]) -> dict[int, str]:
    """The usages of a field that are in a table, by their position among its usages."""
    names: dict[int, str] = {}
    begin = 0
    for slot in field.usages:
        for reading in slot:
            for usage in filter(reading.holds, table):
                if usage in _BUTTONS and len(reading) > 1:
                    continue  # one of many buttons without a meaning
                names.setdefault(begin + usage - reading.first, table[usage])
        begin += len(slot[0])
    return names


def _control(field: Field, index: int) -> Control:
    return Control(field.report_id, field.bit + index * field.size, field.size, _kind(field))


def _kind(field: Field) -> Kind:
    if field.minimum < 0 < field.maximum:
        return Kind.PAIR
    if Flags.RELATIVE in field.flags:
        return Kind.TOGGLE
    return Kind.STATE if Flags.NO_PREFERRED in field.flags else Kind.MOMENTARY


def _is_bitmap(field: Field) -> bool:
    """Several values of one bit can name nothing: such an array is a row of buttons."""
    return field.size == 1 and field.count > 1


def _selector(field: Field) -> Iterator[Selector]:
    table = {**_keys(field), **(_DIGITS if _context(field) else {})}
    first = _first_value(field)
    values = {first + index: name for index, name in sorted(_named(field, table).items())}
    if keys := {value: name for value, name in values.items() if value < 1 << field.size}:
        yield Selector(field.report_id, field.bit, field.size, field.count, keys)


def _first_value(field: Field) -> int:
    """What says that the first usage is pressed: the logical minimum (section 6.2.2.5).

    But most keypads have 1 there although their minimum is 0, which is no key, and so have the
    one-bit selectors of reject keys.  They are believed where 0 is a usage that is none, and where
    all usages and something that is none of them fit the range.
    """
    if field.minimum or not field.usages:
        return max(field.minimum, 0)
    count = sum(len(slot[0]) for slot in field.usages)
    fits = Flags.NULL_STATE in field.flags and count == field.maximum + 1 < 1 << field.size
    return 0 if fits or not field.usages[0][0].first & LOW else 1


def _single_digits(field: Field) -> Iterator[Selector]:
    """Digits with a bit each."""
    for index, digit in _named(field, _DIGITS if _context(field) else {}).items():
        if index < field.count:
            at = field.bit + index * field.size
            yield Selector(field.report_id, at, field.size, 1, {1: digit})
