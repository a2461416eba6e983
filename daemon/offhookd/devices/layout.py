# SPDX-License-Identifier: GPL-2.0-or-later
"""The reports of one hidraw node: what is where, how long they are, what makes it a phone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from offhookd.devices.controls import Control, Controls, Kind, Page, Selector, controls
from offhookd.devices.descriptor import ReportType, parse, report_bytes
from offhookd.devices.quirks import DeviceKind, Lamp, Quirks
from offhookd.devices.usages import page

PHONE_INPUTS = frozenset(
    {"hook", "phone_mute", "flash", "redial", "reject", "drop", "hold", "line_busy_tone"}
)
"""Inputs that make a telephone set of a device; volume keys alone do not."""

DIGITS = frozenset("0123456789*#")

_LAMP_OUTPUTS = {
    Lamp.OFF_HOOK: "off_hook",
    Lamp.RINGING: "ring",
    Lamp.RINGER: "ringer",
    Lamp.MUTED: "mute",
    Lamp.HELD: "hold",
    Lamp.MESSAGE_WAITING: "message_waiting",
}

_KINDS = {
    0x0B0001: DeviceKind.HANDSET,
    0x0B0004: DeviceKind.HANDSET,
    0x0B0005: DeviceKind.HEADSET,
    0x0B0006: DeviceKind.KEYPAD,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """`input_bytes` and `output_bytes`: the payload of each report, without its id.  Reports of a
    device that does not number them have the id 0, which is written but never read."""

    inputs: Mapping[str, Control] = field(default_factory=lambda: MappingProxyType({}))
    outputs: Mapping[str, Control] = field(default_factory=lambda: MappingProxyType({}))
    selectors: tuple[Selector, ...] = ()
    input_bytes: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    output_bytes: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    kind: DeviceKind | None = None

    @property
    def numbered(self) -> bool:
        """Whether reports begin with their id.  What is declared before the first id is in a
        report that never comes."""
        return any(self.input_bytes) or not (self.input_bytes or 0 in self.output_bytes)

    @property
    def keypad(self) -> bool:
        return any(DIGITS & set(selector.keys.values()) for selector in self.selectors)

    @property
    def telephone(self) -> bool:
        """Whether a person can telephone with it."""
        return self.keypad or bool(PHONE_INPUTS & self.names)

    @property
    def has_hook(self) -> bool:
        return "hook" in self.names

    @property
    def names(self) -> frozenset[str]:
        """Of all inputs, those in arrays too."""
        keys = {name for selector in self.selectors for name in selector.keys.values()}
        return frozenset(self.inputs.keys() | keys)

    def split(self, report: bytes) -> tuple[int, bytes] | None:
        """Id and payload of an input report; None unless the device has declared it.  Bytes behind
        what was declared fill the packet and say nothing, as for Linux."""
        report_id = report[0] if self.numbered and report else 0
        payload = report[1:] if self.numbered else report
        length = self.input_bytes.get(report_id)
        return None if length is None or len(payload) < length else (report_id, payload[:length])


def layout(descriptor: bytes) -> Layout:
    """Read a report descriptor; `DescriptorError` if that is not possible."""
    fields = parse(descriptor)
    found: Controls = controls(fields)
    sizes = report_bytes(fields)
    usages = (
        reading.first
        for one in fields
        for collection in one.path
        for reading in collection.usage
        if page(reading.first) == Page.TELEPHONY
    )
    return Layout(
        found.inputs,
        found.outputs,
        found.selectors,
        {number: size for (type_, number), size in sizes.items() if type_ is ReportType.INPUT},
        {number: size for (type_, number), size in sizes.items() if type_ is ReportType.OUTPUT},
        next((_KINDS[usage] for usage in usages if usage in _KINDS), None),
    )


def mended(declared: Layout, quirks: Quirks) -> Layout:
    """The layout as it really is."""
    inputs = {**declared.inputs, **quirks.inputs}
    for name, kind in (("hook", quirks.hook), ("phone_mute", quirks.mute)):
        if kind and name in inputs:
            inputs[name] = replace(inputs[name], kind=kind)
    outputs = {**declared.outputs, **quirks.outputs}
    return replace(
        declared,
        inputs={name: inputs[name] for name in sorted(inputs) if name not in quirks.ignore},
        outputs={name: one for name, one in outputs.items() if name not in quirks.ignore},
        output_bytes=_long_enough(declared.output_bytes, quirks.outputs),
        kind=quirks.kind or declared.kind,
    )


def control_names(layout: Layout, quirks: Quirks) -> tuple[str, ...]:
    """What the set has, in the words of the D-Bus contract."""
    meant = (quirks.buttons.get(name, name) for name in layout.names)
    has = {*meant, *map(str, quirks.codes)}
    lit = layout.outputs.keys() | {_LAMP_OUTPUTS[lamp] for lamp in quirks.commands}
    words = {
        "hook": has & {"hook", "off-hook", "send"},
        "mute": has & {"phone_mute", "mute"},
        "volume": has & {"volume_up", "volume-up"},
        "keypad": has & DIGITS,
        "redial": has & {"redial"},
        "ring": lit & {"ringer"},
        "led-offhook": lit & {"off_hook"},
        "led-mute": lit & {"mute", "microphone"},
        "led-ring": lit & {"ring"},
        "led-hold": lit & {"hold"},
    }
    return tuple(word for word, found in words.items() if found)


def _long_enough(declared: Mapping[int, int], outputs: Mapping[str, Control]) -> Mapping[int, int]:
    """Reports are as long as their last control needs, whatever the descriptor says of them."""
    lengths = dict(declared)
    for control in outputs.values():
        lengths[control.report_id] = max(lengths.get(control.report_id, 0), control.byte + 1)
    return lengths


def value(control: Control, payload: bytes) -> int:
    """1 or 0; -1 too where the control is a pair."""
    raw = _bits(payload, control.bit, control.size)
    if control.kind is Kind.PAIR:
        return raw if raw <= 1 else -1
    return int(raw != 0)


def pressed(selector: Selector, payload: bytes) -> frozenset[str]:
    """The keys of `selector` that are held."""
    places = range(selector.bit, selector.bit + selector.size * selector.count, selector.size)
    values = (_bits(payload, place, selector.size) for place in places)
    return frozenset(selector.keys[one] for one in values if one in selector.keys)


def light(control: Control, payload: bytearray, on: bool) -> None:
    """Switch the lamp at its place and nothing else."""
    mask = 1 << control.bit % 8
    if on:
        payload[control.byte] |= mask
    else:
        payload[control.byte] &= ~mask


def _bits(payload: bytes, bit: int, size: int) -> int:
    return int.from_bytes(payload, "little") >> bit & ((1 << size) - 1)
