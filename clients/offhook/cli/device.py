# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook device describe``: what a report descriptor says, without device or daemon."""

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from offhookd.devices.controls import Control, Controls, controls
from offhookd.devices.descriptor import parse
from offhookd.devices.items import DescriptorError

from .output import print_json, print_table
from .refusal import RefusedError

LONGEST_FILE = 1 << 16
"""Bytes; a whole descriptor written as `0x05, 0x0b, ...` has less than half of it."""

_HEX = re.compile(rb"(?:(?:0x)?[0-9a-f]{2}|[\s,])+", re.IGNORECASE)
_HEX_BYTE = re.compile(rb"(?:0x)?([0-9a-f]{2})", re.IGNORECASE)


def run(options: argparse.Namespace) -> int:
    found = _described(Path(options.descriptor))
    if options.json:
        print_json({"inputs": _plain(found.inputs), "outputs": _plain(found.outputs)})
    elif rows := [*_rows(found)]:
        print_table(("", "NAME", "REPORT", "BYTE", "MASK", "KIND"), rows)
    else:
        print("No buttons and no lamps of a telephone.")
    return 0


def _described(path: Path) -> Controls:
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE)
        return controls(parse(_binary(content)))
    except OSError as error:
        raise RefusedError(f"Cannot read {path}: {error.strerror}") from error
    except DescriptorError as error:
        raise RefusedError(f"{path} holds no usable report descriptor: {error}") from error


def _binary(content: bytes) -> bytes:
    """As it is, or from hexadecimal digits; no descriptor consists of these characters alone."""
    if not _HEX.fullmatch(content):
        return content
    return bytes.fromhex(b"".join(_HEX_BYTE.findall(content)).decode())


def _plain(named: Mapping[str, Control]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "report_id": control.report_id,
            "byte": control.byte,
            "mask": _mask(control),
            "kind": control.kind,
        }
        for name, control in named.items()
    }


def _mask(control: Control) -> str | None:
    return None if control.mask is None else f"0x{control.mask:02x}"


def _rows(found: Controls) -> Iterator[tuple[str, ...]]:
    for direction, named in (("in", found.inputs), ("out", found.outputs)):
        for name, one in named.items():
            where = (str(one.report_id), str(one.byte), _mask(one) or f"{one.size} bits")
            yield (direction, name, *where, one.kind)
    for selector in found.selectors:
        keys = " ".join(selector.keys.values())
        where = (str(selector.report_id), str(selector.bit // 8), f"{selector.size} bits")
        yield ("in", keys, *where, "keys")
