# SPDX-License-Identifier: GPL-2.0-or-later
"""Report descriptors of real sets, with what a careful reader found in each (tests/data)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "data" / "descriptors.json"


@dataclass(frozen=True)
class Known:
    """One set; `layout` has its inputs, outputs and report lengths."""

    name: str
    descriptor: bytes
    layout: dict[str, Any]

    def __str__(self) -> str:
        return self.name


def _known(entry: dict[str, Any]) -> Known:
    name = f"{entry['vendor']} {entry['product']}"
    return Known(name, bytes.fromhex(entry["report_descriptor_hex"]), entry["layout"])


KNOWN = [_known(entry) for entry in json.loads(FILE.read_text(encoding="utf-8"))]
