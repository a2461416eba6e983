# SPDX-License-Identifier: GPL-2.0-or-later
"""Report descriptors: every item of HID 1.11, and the limits."""

import pytest

from offhookd.devices.descriptor import (
    LONGEST_REPORTS,
    Field,
    Flags,
    ReportType,
    parse,
    report_bytes,
)
from offhookd.devices.items import LONGEST_DESCRIPTOR, DescriptorError
from tests.support.descriptors import KNOWN, Known

PHONE = "050b 0905 a101"
"""Opens Telephony/Headset."""
BIT = "1500 2501 7501 9501"
END = "c0"

CUT_STEP = 7
"""Bytes; falls on every place in an item soon."""


def fields(*items: str) -> tuple[Field, ...]:
    return parse(bytes.fromhex("".join(items)))


def one(*items: str) -> Field:
    (field,) = fields(PHONE, *items, END)
    return field


def usages(field: Field) -> list[list[int]]:
    """First usage of each reading of each slot."""
    return [[reading.first for reading in slot] for slot in field.usages]


def test_a_variable_has_its_place_its_flags_and_its_range() -> None:
    field = one("8507", BIT, "0920 0997 9502 8122")
    assert (field.type, field.report_id, field.bit) == (ReportType.INPUT, 7, 0)
    assert (field.size, field.count, field.end) == (1, 2, 2)
    assert field.flags == Flags.VARIABLE | Flags.NO_PREFERRED
    assert (field.minimum, field.maximum) == (0, 1)
    assert usages(field) == [[0x0B0020], [0x0B0097]]


def test_an_array_has_a_run_of_usages() -> None:
    field = one("19b0 29bb 1500 250c 7504 9501 8140")
    assert field.flags == Flags.NULL_STATE
    ((reading,),) = field.usages
    assert (reading.first, reading.last, len(reading)) == (0x0B00B0, 0x0B00BB, 12)


def test_a_run_may_give_its_end_first() -> None:
    assert usages(one("29bb 19b0 7504 9501 8100")) == [[0x0B00B0]]


def test_a_run_that_goes_backwards_is_none() -> None:
    assert usages(one("19bb 29b0 7504 9501 8100")) == []


def test_a_run_of_every_usage_takes_no_room() -> None:
    ((reading,),) = one("1a0000 2affff 7510 9501 8100").usages
    assert len(reading) == 1 << 16


@pytest.mark.parametrize("run", ["1bb0000b00 29bb", "19b0 2bbb000b00", "1bb0000b00 2bbb000b00"])
def test_a_run_with_a_page_of_its_own_stays_on_it(run: str) -> None:
    ((reading,),) = one("050c", run, BIT, "8102").usages
    assert (reading.first, reading.last) == (0x0B00B0, 0x0B00BB)


def test_a_usage_of_four_bytes_has_its_page_in_it() -> None:
    assert usages(one("050c 0b20000b00", BIT, "8102")) == [[0x0B0020]]


def test_a_usage_without_data_is_zero() -> None:
    assert usages(one("08", BIT, "8102")) == [[0x0B0000]]


def test_a_page_that_comes_after_its_usage_leaves_two_readings() -> None:
    assert usages(one("0907 0509", BIT, "8102")) == [[0x090007, 0x0B0007]]


def test_a_page_that_comes_after_the_main_item_changes_nothing() -> None:
    assert usages(one(BIT, "0920 8102 0508")) == [[0x0B0020]]


def test_delimited_usages_are_alternatives_for_one_control() -> None:
    field = one("a901 0920 0b09000800 a900 0921", BIT, "9502 8102")
    assert usages(field) == [[0x0B0020, 0x080009], [0x0B0021]]


@pytest.mark.parametrize("delimiters", ["a901 a901", "a900"])
def test_delimiters_that_do_not_match_are_an_error(delimiters: str) -> None:
    with pytest.raises(DescriptorError, match="delimiters"):
        one(delimiters, BIT, "8102")


def test_usages_end_with_their_main_item() -> None:
    assert usages(fields(PHONE, BIT, "0920 8102 8103", END)[1]) == []


def test_usages_before_a_collection_belong_to_it() -> None:
    field = one("0906 a102", BIT, "09b0 8102", END)
    path = [reading.first for one in field.path for reading in one.usage]
    assert path == [0x0B0005, 0x0B0006]
    assert usages(field) == [[0x0B00B0]]


def test_a_collection_may_have_no_usage() -> None:
    assert one("a101", BIT, "09b0 8102", END).path[1].usage == ()


def test_several_applications_share_one_device() -> None:
    phone, consumer = fields(
        PHONE, "8501", BIT, "0920 8102", END, "050c 0901 a101 8502 09e9 8102", END
    )
    assert (phone.report_id, consumer.report_id) == (1, 2)
    assert len(consumer.path) == 1


def test_each_report_counts_its_own_bits() -> None:
    found = fields(
        *(PHONE, BIT, "8501 0920 8102 8502 0920 8102"),
        *("8501 0921 8102 0508 0917 9102 0917 b102", END),
    )
    assert [(one.type, one.report_id, one.bit) for one in found] == [
        ("input", 1, 0),
        ("input", 2, 0),
        ("input", 1, 1),
        ("output", 1, 0),
        ("feature", 1, 0),
    ]


def test_reports_without_ids_have_id_zero_and_begin_at_bit_zero() -> None:
    assert (one(BIT, "0920 8102").report_id, one(BIT, "0920 8102").bit) == (0, 0)


def test_pop_brings_back_all_that_push_saved() -> None:
    saved = "8503 1500 2501 7501 9501"
    field = one(saved, "a4 050c 8504 15ff 257f 7508 9502 b4 0920 8102")
    assert (field.report_id, field.size, field.count) == (3, 1, 1)
    assert (field.minimum, field.maximum) == (0, 1)
    assert usages(field) == [[0x0B0020]]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("1500 2501", (0, 1)),
        ("15ff 2501", (-1, 1)),
        ("15ff 25ff", (-1, -1)),
        ("1500 25ff", (0, 255)),
        ("25ff 1500", (0, 255)),
        ("1500 26ffff", (0, 65535)),
        ("160080 26ff7f", (-32768, 32767)),
        ("1700000080 27ffffff7f", (-(1 << 31), (1 << 31) - 1)),
        ("1500 27ffffffff", (0, (1 << 32) - 1)),
        ("14 24", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_a_maximum_is_signed_where_the_minimum_is(items: str, expected: tuple[int, int]) -> None:
    field = one(items, "7508 9501 0920 8102")
    assert (field.minimum, field.maximum) == expected


@pytest.mark.parametrize(
    "ignored",
    [
        "3500 4501 5500 6500",  # physical range, unit exponent and unit
        "3901 4901 5901 7901 8901 9901",  # designators and strings
        "00 f0 fc bc c8",  # reserved
        "fe0000",  # long items, empty and full
        "fe05f0a101c00981",
    ],
)
def test_items_that_do_not_place_a_control_are_skipped(ignored: str) -> None:
    assert one(BIT, "0920", ignored, "8102") == one(BIT, "0920 8102")


def test_flags_of_more_than_one_byte_are_read() -> None:
    assert one(BIT, "0920 822201").flags == Flags.VARIABLE | Flags.NO_PREFERRED


def test_fields_without_bits_are_none() -> None:
    assert len(fields(PHONE, "7500 95ff 0920 8102 7501 9500 8102", BIT, "8102", END)) == 1


@pytest.mark.parametrize(
    ("descriptor", "reason"),
    [
        ("", "empty"),
        ("00", "no reports"),
        (PHONE + END, "no reports"),
        ("05", "inside the item at byte 0"),
        ("0901 270000", "inside the item at byte 2"),
        ("fe", "inside the item at byte 0"),
        ("fe05f0 0000", "inside the item at byte 0"),
        (PHONE, "not closed"),
        (PHONE + END + END, "did not open"),
        ("b4", "Pop without a Push"),
        ("8500", "report id 0"),
        ("860001", "report id 256"),
        ("a100" * 33, "32 deep"),
        (PHONE + "7501 97ffffffff 8102", "too long"),
        (PHONE + "77ffffffff 97ffffffff 8102", "too long"),
        (PHONE + "760101 9501 8102", "too long"),
        (PHONE + "7501" + "960040 8102" * 17, "too long"),
    ],
)
def test_what_is_no_descriptor_is_refused(descriptor: str, reason: str) -> None:
    with pytest.raises(DescriptorError, match=reason):
        fields(descriptor)


def test_a_descriptor_has_a_longest_length() -> None:
    start = bytes.fromhex(PHONE + BIT + "0920 8102" + END)
    assert parse(start.ljust(LONGEST_DESCRIPTOR, b"\0"))
    with pytest.raises(DescriptorError, match="longer than 4096"):
        parse(start.ljust(LONGEST_DESCRIPTOR + 1, b"\0"))


def test_all_reports_together_have_a_longest_length() -> None:
    assert report_bytes(fields(PHONE, "7508 960080 8102", END)) == {("input", 0): LONGEST_REPORTS}


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_a_cut_of_a_real_descriptor_is_refused_or_read(known: Known) -> None:
    for length in range(1, len(known.descriptor), CUT_STEP):
        try:
            assert parse(known.descriptor[:length])
        except DescriptorError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_reports_are_as_long_as_the_device_makes_them(known: Known) -> None:
    lengths = report_bytes(parse(known.descriptor)).items()
    found = {f"{kind}:{number}": length for (kind, number), length in lengths}
    assert found == known.layout["payload_bytes_without_report_id"]
