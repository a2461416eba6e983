# SPDX-License-Identifier: GPL-2.0-or-later
"""Real report descriptors as hid-tools, which is not ours, reads them."""

from collections.abc import Iterator
from typing import Any

import pytest

from offhookd.devices.descriptor import Field, Flags, parse
from tests.support.descriptors import KNOWN, Known

hid = pytest.importorskip("hidtools.hid", reason="hid-tools is not installed")

ID_BITS = 8
"""hid-tools counts them where there is a report id."""

Place = tuple[str, int, int]
"""Report type, report id, bit."""


def readings(field: Field, index: int) -> set[int]:
    """Every usage that control `index` of a variable may have."""
    each = [
        {one.first + offset for one in slot}
        for slot in field.usages
        for offset in range(len(slot[0]))
    ]
    return each[min(index, len(each) - 1)]


def theirs(descriptor: bytes) -> Iterator[tuple[str, int, Any]]:
    found = hid.ReportDescriptor.from_bytes(descriptor)
    for kind in ("input", "output", "feature"):
        for number, report in getattr(found, f"{kind}_reports").items():
            yield from ((kind, max(number, 0), field) for field in report)


def variables(descriptor: bytes) -> dict[Place, tuple[int, int, int, set[int]]]:
    """Bits, logical range and usages of every control we find, by its place."""
    return {
        (field.type.value, field.report_id, field.bit + index * field.size): (
            field.size,
            field.minimum,
            field.maximum,
            readings(field, index),
        )
        for field in parse(descriptor)
        if field.usages and Flags.VARIABLE in field.flags and Flags.CONSTANT not in field.flags
        for index in range(field.count)
    }


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_hid_tools_finds_the_same_controls_in_the_same_places(known: Known) -> None:
    ours = variables(known.descriptor)
    found = set()
    for kind, number, field in theirs(known.descriptor):
        if not field.is_const and not field.is_array and field.usage:
            place = (kind, number, field.start - (ID_BITS if number else 0))
            *shape, usages = ours[place]
            assert shape == [field.size, field.logical_min, field.logical_max], place
            assert field.usage in usages, place
            found.add(place)
    assert found == {place for place, (*_, usages) in ours.items() if usages != {0}}
