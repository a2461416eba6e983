# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/devices.md names every device that is known, and says the truth of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from offhookd.devices import quirks
from offhookd.devices.layout import control_names, layout, mended
from offhookd.devices.quirks import Quirks
from offhookd.devices.udev import PHONE_DRIVERS
from tests.support.descriptors import FILE
from tests.support.telephone_set import SHIPPED

DOCUMENT = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
ROWS = {
    (model, has, by)
    for model, has, by in re.findall(
        r"^\| [^|]+ \| ([^|]*) \| ([^|]+) \| (\w+) \|$", DOCUMENT, re.MULTILINE
    )
}
ENTRIES: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
MODEL = re.compile(r'^"([0-9a-f]{4}:[0-9a-f]{4})":', re.MULTILINE)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: one["product"])
def test_what_a_device_has_is_documented(entry: dict[str, Any]) -> None:
    numbers = [int(entry[key], 16) for key in ("vid", "pid") if entry[key]]
    known = SHIPPED.of(*numbers) if len(numbers) == len(("vid", "pid")) else Quirks()
    declared = layout(bytes.fromhex(entry["report_descriptor_hex"]))
    if declared.telephone or known.telephone:
        model = ":".join(f"{one:04x}" for one in numbers) if len(numbers) > 1 else ""
        has = ", ".join(control_names(mended(declared, known), known))
        assert (model, has, "descriptor" if known == Quirks() else "entry") in ROWS


def test_every_entry_is_documented() -> None:
    shipped = quirks.SHIPPED_FILE.read_text(encoding="utf-8")
    assert set(MODEL.findall(shipped)) == {model for model, _, by in ROWS if by == "entry"}


def test_every_driver_is_documented() -> None:
    assert all(f"driver {name}" in DOCUMENT for name in PHONE_DRIVERS)
