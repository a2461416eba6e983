# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever bytes a device has for a descriptor: controls or DescriptorError, soon and small."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhookd.devices.controls import Controls, controls
from offhookd.devices.descriptor import parse
from offhookd.devices.items import LONGEST_DESCRIPTOR, DescriptorError, Tag
from tests.support.descriptors import KNOWN

# Generous on a machine that is shared: what hangs, hangs for minutes.
quick = settings(deadline=2000, max_examples=400)
LIMIT_S = 3.0
LIMIT_BYTES = 16 << 20

real = st.sampled_from([known.descriptor for known in KNOWN])
short_items = st.builds(
    lambda tag, data: (
        bytes([tag | (0, 1, 2, 3)[len(data)]]) + data.ljust(4 * (len(data) == 3), b"\0")
    ),
    st.sampled_from(Tag) | st.integers(0, 0x3F).map(lambda number: number << 2),
    st.binary(max_size=3).map(lambda data: data[:3]),
)
"""Well-formed ones of every size, with small values mostly."""


def outcome(descriptor: bytes) -> Controls | None:
    try:
        return controls(parse(descriptor))
    except DescriptorError as error:
        return None if str(error).isprintable() else pytest.fail(repr(error))


@quick
@given(st.binary(max_size=300))
def test_random_bytes(descriptor: bytes) -> None:
    outcome(descriptor)


@quick
@given(st.lists(short_items, max_size=200).map(b"".join))
def test_random_items(descriptor: bytes) -> None:
    outcome(descriptor)


@quick
@given(real, st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 255)), max_size=8))
def test_real_descriptors_with_bytes_changed(
    descriptor: bytes, changes: list[tuple[int, int]]
) -> None:
    changed = bytearray(descriptor)
    for place, value in changes:
        changed[place % len(changed)] = value
    outcome(bytes(changed))


@quick
@given(real, real, st.integers(0, 1000), st.integers(0, 1000))
def test_pieces_of_real_descriptors(first: bytes, second: bytes, end: int, begin: int) -> None:
    outcome(first[: end % len(first)] + second[begin % len(second) :])


def filled(*head: str, repeat: str) -> bytes:
    """The longest descriptor that begins and goes on like this."""
    start, item = bytes.fromhex("".join(head)), bytes.fromhex(repeat)
    room = LONGEST_DESCRIPTOR - len(start) - 64
    return start + item * (room // len(item))


PHONE = "050b 0905 a101 1500 2501 7501 9501"
WORST = {
    "pushes": filled(repeat="a4"),
    "usages": filled(PHONE, repeat="0920") + bytes.fromhex("96ffff 8102 c0"),
    "empty usages": filled(PHONE, repeat="08") + bytes.fromhex("8102 c0"),
    "runs": filled(PHONE, repeat="1a0000 2affff") + bytes.fromhex("96ffff 8102 c0"),
    "arrays": filled(PHONE, repeat="19 00 2a ff ff 81 00") + bytes.fromhex("c0"),
    "inputs": filled(PHONE, repeat="8102") + bytes.fromhex("c0"),
    "inputs without bits": filled(PHONE, "97ffffffff 7500", repeat="8102") + bytes.fromhex("c0"),
    "long inputs": filled(PHONE, "96ff0f", repeat="0920 8102") + bytes.fromhex("c0"),
    "digits": filled(PHONE, repeat="09b1 8102") + bytes.fromhex("c0"),
    "many runs of digits": filled(PHONE, "9510", repeat="19b0 29bf 8102") + bytes.fromhex("c0"),
    "collections": filled(repeat="a101"),
    "usages of a collection": filled(repeat="0905") + bytes.fromhex("a101 7501 9501 8102 c0"),
    "delimiters": filled(PHONE, "a901", repeat="0920") + bytes.fromhex("a900 8102 c0"),
    "delimited runs": filled(PHONE, "a901", repeat="1a0000 2affff") + bytes.fromhex("a900 8102 c0"),
    "long items": filled(repeat="fe0000"),
}


@pytest.mark.parametrize("descriptor", WORST.values(), ids=WORST)
def test_the_worst_of_full_length_takes_little_time_and_memory(descriptor: bytes) -> None:
    assert len(descriptor) <= LONGEST_DESCRIPTOR
    begin = time.process_time()
    outcome(descriptor)
    assert time.process_time() - begin < LIMIT_S
    tracemalloc.start()
    try:
        outcome(descriptor)
        assert tracemalloc.get_traced_memory()[1] < LIMIT_BYTES
    finally:
        tracemalloc.stop()
