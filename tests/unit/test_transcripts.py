# SPDX-License-Identifier: GPL-2.0-or-later
"""Every known set by the transcript of all its keys and lamps, and the transcripts by the layouts
that somebody else read from the descriptors."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from offhookd.devices.layout import layout
from offhookd.devices.quirks import Quirks
from offhookd.phone.buttons import Lamps
from tests.support.descriptors import FILE
from tests.support.telephone_set import IDLE, RINGING, SHIPPED, TALKING, Bench

ENTRIES = {
    f"{one['vendor']} {one['product']}": one for one in json.loads(FILE.read_text(encoding="utf-8"))
}
SHOWN: Mapping[str, Lamps] = {
    "rings": RINGING,
    "talks": TALKING,
    "muted": replace(TALKING, muted=True),
    "on hold": replace(TALKING, held=True),
    "idle": IDLE,
}


@dataclass
class Transcript:
    name: str
    keys: list[tuple[str, str, str]] = field(default_factory=list)
    lamps: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return self.name

    @property
    def entry(self) -> dict[str, Any]:
        found: dict[str, Any] = ENTRIES[self.name]
        return found

    @property
    def descriptor(self) -> bytes:
        return bytes.fromhex(self.entry["report_descriptor_hex"])

    @property
    def quirks(self) -> Quirks:
        vendor, product = self.entry["vid"], self.entry["pid"]
        return SHIPPED.of(int(vendor, 16), int(product, 16)) if vendor and product else Quirks()


def transcripts() -> Iterator[Transcript]:
    for part in (FILE.with_name("transcripts.txt").read_text(encoding="utf-8")).split("\n== ")[1:]:
        name, *lines = part.strip().splitlines()
        found = Transcript(name)
        for line in lines:
            said, _, meant = line[2:].partition(" : ")
            if line.startswith("> "):
                pressed, _, released = said.partition(" | ")
                found.keys.append((pressed, released, meant))
            elif line.startswith("< "):
                found.lamps.append((said, meant))
        yield found


ALL = tuple(transcripts())


def test_every_known_set_has_a_transcript() -> None:
    assert {one.name for one in ALL} == ENTRIES.keys()


@pytest.mark.parametrize("one", ALL, ids=str)
def test_every_key_is_heard(one: Transcript) -> None:
    telephone = layout(one.descriptor).telephone or one.quirks.telephone
    assert bool(one.keys) is bool(telephone)
    for pressed, released, meant in one.keys:
        bench = Bench.settled(one.descriptor, one.quirks)
        told = bench.play(pressed)
        bench.clock.advance(1)
        assert ", ".join(told + bench.play(released)) == meant.replace("-", "", meant == "-")
        assert not bench.set.ignored


@pytest.mark.parametrize("one", ALL, ids=str)
def test_every_lamp_is_lit(one: Transcript) -> None:
    if not one.lamps:
        return
    bench = Bench.settled(one.descriptor, one.quirks)
    assert [said for said, _ in one.lamps] == list(SHOWN)
    for said, meant in one.lamps:
        assert " | ".join(bench.show(SHOWN[said])) == meant.replace("-", "", meant == "-")


@pytest.mark.parametrize("one", [one for one in ALL if one.keys], ids=str)
def test_no_control_is_missing_from_the_transcript(one: Transcript) -> None:
    numbered = layout(one.descriptor).numbered
    pressed = {report for report, _, _ in one.keys}
    for name, control in one.entry["layout"]["inputs"].items():
        if control["mask"] is None:
            continue
        places = (bytes.fromhex(report) for report in pressed)
        bits = {
            (report[0] if numbered else 0, at, byte)
            for report in places
            for at, byte in enumerate(report[1:] if numbered else report)
        }
        wanted = control["report_id"], control["byte"], int(control["mask"], 16)
        assert wanted in bits, name
