# SPDX-License-Identifier: GPL-2.0-or-later
"""What single models do otherwise than their descriptors say, read from ``devices.yaml``.

The file beside this one comes with the program; those of the system and of the user outweigh it
key by key.  Its head explains every key.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from offhookd.config import files, readers
from offhookd.config.files import may_exist
from offhookd.config.problems import Report, did_you_mean, shown
from offhookd.config.readers import Reader, UnfitError
from offhookd.config.sections import as_table, read_section
from offhookd.config.tree import Entry, Listing, Table, kind, parse
from offhookd.devices.controls import Control, Kind
from offhookd.devices.patterns import Pattern, Word
from offhookd.phone.buttons import Button

SHIPPED_FILE = Path(__file__).with_name("devices.yaml")
SYSTEM_FILE = Path("/etc/xdg/offhook/devices.yaml")

MAX_BYTES = 262_144
BYTE_BITS = 8
MAX_REPORT_BYTES = 4096  # HID_MAX_BUFFER_SIZE of Linux is 16384; telephone sets have up to 256

_SHORT_TIME = re.compile(r"0(\.\d{1,4})?|1(\.0{1,4})?")
_MODEL = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4}|\*)")


class DeviceKind(StrEnum):
    HANDSET = "handset"
    HEADSET = "headset"
    SPEAKERPHONE = "speakerphone"
    KEYPAD = "keypad"


class Lamp(StrEnum):
    """A field of `Lamps`."""

    OFF_HOOK = "off_hook"
    RINGING = "ringing"
    MUTED = "muted"
    HELD = "held"
    MESSAGE_WAITING = "message_waiting"
    RINGER = "ringer"


@dataclass(frozen=True, slots=True)
class Command:
    """Whole reports that switch a lamp, with the report's id."""

    on: bytes
    off: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """A report the device wants to hear again and again, `feature` report or output report."""

    report: bytes
    every_s: int
    feature: bool = False


@dataclass(frozen=True, slots=True)
class Quirks:
    """All that is known of one model; see the head of ``devices.yaml``."""

    name: str = ""
    kind: DeviceKind | None = None
    telephone: bool | None = None
    hook: Kind | None = None
    mute: Kind | None = None
    reject_by_hook: bool = False
    rewrite: frozenset[Lamp] = frozenset()
    write_gap_s: float = 0
    debounce_s: float = 0
    no_release: bool = False
    ignore: frozenset[str] = frozenset()
    buttons: Mapping[str, Button] = field(default_factory=lambda: MappingProxyType({}))
    inputs: Mapping[str, Control] = field(default_factory=lambda: MappingProxyType({}))
    outputs: Mapping[str, Control] = field(default_factory=lambda: MappingProxyType({}))
    codes: Mapping[Word, tuple[Pattern, ...]] = field(default_factory=lambda: MappingProxyType({}))
    commands: Mapping[Lamp, Command] = field(default_factory=lambda: MappingProxyType({}))
    output_bytes: int = 0
    ping: Ping | None = None


class QuirkBook:
    """Every model's quirks, by "vvvv:pppp" or "vvvv:*" in lower-case hexadecimal digits."""

    def __init__(self, models: Mapping[str, Mapping[str, Any]]) -> None:
        self._models = models

    def of(self, vendor: int, product: int) -> Quirks:
        """What the vendor's models have in common, outweighed by what this model has."""
        found = Quirks()
        for model in (f"{vendor:04x}:*", f"{vendor:04x}:{product:04x}"):
            found = replace(found, **self._models.get(model, {}))
        return found


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    base = environ.get("XDG_CONFIG_HOME", "")
    home = Path(base) if base.startswith("/") else Path(environ.get("HOME", "/")) / ".config"
    return home / "offhook" / "devices.yaml"


def search(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The files that exist, weakest first."""
    return tuple(filter(may_exist, (SHIPPED_FILE, SYSTEM_FILE, user_file(environ))))


def load(paths: Sequence[Path]) -> QuirkBook:
    """The quirks in `paths`, of which later ones outweigh earlier ones key by key; `ConfigError`
    with everything that is wrong.  Only blocks for reading those files."""
    report = Report()
    models: dict[str, dict[str, Any]] = {}
    for path in paths:
        for model, values in _read(path, report).items():
            models.setdefault(model, {}).update(values)
    report.raise_if_any()
    return QuirkBook(models)


def _read(path: Path, report: Report) -> dict[str, dict[str, Any]]:
    try:
        file = files.read(path, MAX_BYTES)
    except files.UnreadableError as error:
        report.add(path, error.line, "", str(error))
        return {}
    root = as_table("", Entry(file, 1, parse(file, report)), report)
    found = {}
    for model, entry in root.entries.items():
        if not _MODEL.fullmatch(model):
            reason = 'must be a model such as "0b0e:0412" or "0b0e:*" in lower case'
            report.add(path, entry.line, model, reason)
            continue
        table = as_table(model, entry, report)
        found[model] = read_section(model, table, READERS, report)
    return found


# ---------------------------------------------------------------- readers


def _report(entry: Entry) -> bytes:
    """Hexadecimal bytes, the report's id first."""
    written = readers.text(entry)
    try:
        found = bytes.fromhex(written)
    except ValueError:
        raise UnfitError(f"must be bytes such as 02 01 00, not {shown(written)}") from None
    if not 1 < len(found) <= MAX_REPORT_BYTES:
        raise UnfitError("must be a report's id and at least one byte")
    return found


def _words(entry: Entry) -> tuple[str, ...]:
    if isinstance(entry.node, Listing) and not entry.node.items:
        return ()
    return readers.listing(entry)


def _table(entry: Entry) -> Table:
    if not isinstance(entry.node, Table):
        raise UnfitError(f"must be a table of keys, not {kind(entry.node)}")
    return entry.node


def _values(entry: Entry, known: Mapping[str, Reader[Any]], needed: Sequence[str]) -> Any:
    """The keys of a small table, or the reason that one of them is wrong."""
    values = {}
    for name, inner in _table(entry).entries.items():
        if name not in known:
            raise UnfitError(f"unknown key {shown(name)}{did_you_mean(name, known)}")
        values[name] = _named(name, inner, known[name])
    if missing := [name for name in needed if name not in values]:
        raise UnfitError(f"needs the key {missing[0]}")
    return values


def _named(name: str, entry: Entry, read: Reader[Any]) -> Any:
    try:
        return read(entry)
    except UnfitError as error:
        raise UnfitError(f"{shown(name)} {error}") from None


def _mask(entry: Entry) -> int:
    """One bit of a byte, or neighbouring ones, as 0x.. tells them."""
    written = readers.text(entry)
    try:
        found = int(written, 16)
    except ValueError:
        found = 0
    low = found & -found
    if found.bit_length() > BYTE_BITS or found <= 0 or (found // low) & (found // low + 1):
        raise UnfitError(f"must be a mask of neighbouring bits such as 0x04, not {shown(written)}")
    return found


_CONTROL: Mapping[str, Reader[Any]] = {
    "report": readers.number(0, 255),
    "byte": readers.number(0, MAX_REPORT_BYTES - 1),
    "mask": _mask,
    "kind": readers.choice(Kind),
}


def _control(entry: Entry) -> Control:
    values = _values(entry, _CONTROL, ("report", "byte", "mask"))
    mask = values["mask"]
    bit = values["byte"] * 8 + (mask & -mask).bit_length() - 1
    return Control(values["report"], bit, mask.bit_count(), values.get("kind", Kind.STATE))


def _controls(entry: Entry) -> Mapping[str, Control]:
    return {name: _named(name, inner, _control) for name, inner in _table(entry).entries.items()}


def _buttons(entry: Entry) -> Mapping[str, Button]:
    read = readers.choice(Button)
    return {name: _named(name, inner, read) for name, inner in _table(entry).entries.items()}


def _patterns(entry: Entry) -> tuple[Pattern, ...]:
    try:
        return tuple(map(Pattern.parse, readers.listing(entry)))
    except ValueError as error:
        raise UnfitError(str(error)) from None


def _codes(entry: Entry) -> Mapping[Word, tuple[Pattern, ...]]:
    found = {}
    for name, inner in _table(entry).entries.items():
        if name not in set(Word):
            raise UnfitError(f"knows no {shown(name)}{did_you_mean(name, Word)}")
        found[Word(name)] = _named(name, inner, _patterns)
    return found


def _commands(entry: Entry) -> Mapping[Lamp, Command]:
    found = {}
    for name, inner in _table(entry).entries.items():
        if name not in set(Lamp):
            raise UnfitError(f"knows no lamp {shown(name)}{did_you_mean(name, Lamp)}")
        values = _values(inner, {"on": _report, "off": _report}, ("on", "off"))
        found[Lamp(name)] = Command(**values)
    return found


_PING: Mapping[str, Reader[Any]] = {
    "report": _report,
    "every_s": readers.number(1, 600),
    "feature": readers.flag,
}


def _ping(entry: Entry) -> Ping:
    return Ping(**_values(entry, _PING, ("report", "every_s")))


def _lamps(entry: Entry) -> frozenset[Lamp]:
    known = set(Lamp)
    for name in (names := _words(entry)):
        if name not in known:
            raise UnfitError(f"knows no lamp {shown(name)}{did_you_mean(name, Lamp)}")
    return frozenset(map(Lamp, names))


def _names(entry: Entry) -> frozenset[str]:
    return frozenset(_words(entry))


def _seconds(entry: Entry) -> float:
    """A short time, written in seconds: 0.03."""
    written = readers.text(entry)
    if not _SHORT_TIME.fullmatch(written):
        raise UnfitError(f"must be seconds such as 0.03, at most 1, not {shown(written)}")
    return float(written)


READERS: Mapping[str, Reader[Any]] = {
    "name": readers.text,
    "kind": readers.choice(DeviceKind),
    "telephone": readers.flag,
    "hook": readers.choice(Kind),
    "mute": readers.choice(Kind),
    "reject_by_hook": readers.flag,
    "rewrite": _lamps,
    "write_gap_s": _seconds,
    "debounce_s": _seconds,
    "no_release": readers.flag,
    "ignore": _names,
    "buttons": _buttons,
    "inputs": _controls,
    "outputs": _controls,
    "codes": _codes,
    "commands": _commands,
    "output_bytes": readers.number(1, MAX_REPORT_BYTES),
    "ping": _ping,
}
