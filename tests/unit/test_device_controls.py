# SPDX-License-Identifier: GPL-2.0-or-later
"""From usages to names: what counts as a control, where, and of which kind."""

from typing import Any

import pytest

from offhookd.devices.controls import MOST_CONTROLS, Control, Controls, Kind, controls
from offhookd.devices.descriptor import parse
from offhookd.devices.items import DescriptorError
from tests.support.descriptors import KNOWN, Known

PHONE = "050b 0905 a101"
CONSUMER = "050c 0901 a101"
VENDOR = "0600ff 0901 a101"
KEYBOARD = "0501 0906 a101"
BIT = "1500 2501 7501 9501"
END = "c0"


def found(*items: str) -> Controls:
    return controls(parse(bytes.fromhex("".join(items))))


def plain(named: Any) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "report_id": one.report_id,
            "byte": one.byte,
            "mask": None if one.mask is None else f"0x{one.mask:02x}",
            "kind": one.kind,
        }
        for name, one in named.items()
    }


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_the_controls_of_real_sets_are_found(known: Known) -> None:
    these = controls(parse(known.descriptor))
    assert plain(these.inputs) == known.layout["inputs"]
    assert plain(these.outputs) == known.layout["outputs"]


@pytest.mark.parametrize(
    ("flags", "logical", "kind"),
    [
        ("22", "1500 2501", Kind.STATE),
        ("23", "1500 2501", Kind.STATE),
        ("62", "1500 2501", Kind.STATE),
        ("02", "1500 2501", Kind.MOMENTARY),
        ("42", "1500 2501", Kind.MOMENTARY),
        ("06", "1500 2501", Kind.TOGGLE),
        ("07", "1500 2501", Kind.TOGGLE),
        ("26", "1500 2501", Kind.TOGGLE),
        ("22", "15ff 2501", Kind.PAIR),
        ("06", "15ff 2501", Kind.PAIR),
    ],
)
def test_flags_and_range_make_the_kind(flags: str, logical: str, kind: Kind) -> None:
    hook = found(PHONE, logical, "7502 9501 0920 81", flags, END).inputs["hook"]
    assert hook.kind == kind


def test_a_control_of_several_bits_has_no_mask() -> None:
    mute = found(PHONE, "15ff 2501 7502 9501 092f 8122", END).inputs["phone_mute"]
    assert (mute.bit, mute.size, mute.mask) == (0, 2, None)


def test_a_control_is_in_the_byte_behind_the_report_id() -> None:
    flash = found(PHONE, "8509", BIT, "950b 8103 9501 0921 8102", END).inputs["flash"]
    assert flash == Control(9, 11, 1, Kind.MOMENTARY)
    assert (flash.byte, flash.mask) == (1, 0x08)


@pytest.mark.parametrize("button", ["0907", "0509 0907", "0907 0509", "0509 0901", "0b07000900"])
def test_the_button_of_a_telephone_rejects(button: str) -> None:
    assert [*found(PHONE, BIT, button, "8102", END).inputs] == ["reject"]


def test_two_usages_for_one_bit_are_one_control() -> None:
    assert [*found(PHONE, BIT, "0907 0509 0901 8102", END).inputs] == ["reject"]


@pytest.mark.parametrize(
    "items",
    [
        CONSUMER + BIT + "0509 0907 8102",
        KEYBOARD + BIT + "0509 0901 8102",
        KEYBOARD + BIT + "050c 09e9 8102 050b 092f 8106 0508 0909 9102",
        VENDOR + BIT + "0920 050b 0920 8122 0508 0917 9102",
        VENDOR + BIT + "0630ff 0920 8122",
        PHONE + BIT + "0600ff 0920 8122 0917 9102",
        PHONE + BIT + "0509 1901 2908 9508 8102",
        PHONE + BIT + "1901 2908 0508 9508 9100",
        PHONE + BIT + "0920 b122",
        PHONE + BIT + "0508 0917 8102 050b 0920 9102 092a 9102",
        PHONE + BIT + "8103",
        CONSUMER + BIT + "09b0 09b5 09e0 9503 8102",
    ],
    ids=[
        "a numbered button elsewhere",
        "a mouse or keyboard button",
        "a keyboard",
        "standard usages in a vendor's application",
        "usages of a vendor",
        "usages of a vendor in a telephone",
        "many numbered buttons",
        "lamps as an array",
        "a feature",
        "keys that are written and lamps that are read",
        "padding",
        "keys for music",
    ],
)
def test_what_is_no_control_of_a_telephone_is_left_out(items: str) -> None:
    these = found(items, END)
    assert (these.inputs, these.outputs, these.selectors) == ({}, {}, ())


@pytest.mark.parametrize("inner", ["0906 a102", "a101", "0600ff 0901 a102", "050c 0901 a102"])
def test_a_collection_in_a_telephone_belongs_to_it(inner: str) -> None:
    assert [*found(PHONE, inner, "050b", BIT, "0907 8102", END, END).inputs] == ["reject"]


def test_telephony_counts_in_a_consumer_application_and_the_other_way_round() -> None:
    assert [*found(CONSUMER, BIT, "050b 0920 8102", END).inputs] == ["hook"]
    assert [*found(PHONE, BIT, "050c 09ea 8102", END).inputs] == ["volume_down"]


def test_pages_of_one_item_may_differ() -> None:
    these = found(CONSUMER, BIT, "09e9 09ea 050b 092f 9503 8102", END)
    assert [*these.inputs] == ["volume_up", "volume_down", "phone_mute"]


def test_the_first_alternative_that_has_a_name_counts() -> None:
    assert [*found(PHONE, BIT, "a901 0901 0920 a900 8122", END).inputs] == ["hook"]


def test_a_second_control_of_a_name_gets_a_number() -> None:
    these = found(PHONE, BIT, "092f 092f 092f 9503 8106", END)
    assert [*these.inputs] == ["phone_mute", "phone_mute_2", "phone_mute_3"]


def test_the_last_usage_is_that_of_all_that_are_left() -> None:
    assert [*found(PHONE, BIT, "0920 0921 9503 8106", END).inputs] == ["hook", "flash", "flash_2"]


def test_the_consumer_double_of_a_telephone_key_says_so() -> None:
    volume = BIT + "050c 09e9 8102"
    phone, consumer = PHONE + "8501" + volume + END, CONSUMER + "8502" + volume + END
    assert [*found(phone, consumer).inputs] == ["volume_up", "volume_up_consumer"]
    assert [*found(consumer, phone).inputs] == ["volume_up", "volume_up_2"]
    assert [*found(consumer, consumer).inputs] == ["volume_up", "volume_up_2"]


def test_values_of_a_keypad_are_its_digits_in_order_and_zero_is_none() -> None:
    (keypad,) = found(PHONE, "8502 1500 250c 7504 9501 19b0 29bb 8140", END).selectors
    assert (keypad.report_id, keypad.bit, keypad.size, keypad.count) == (2, 0, 4, 1)
    assert keypad.keys == dict(enumerate("0123456789*#", start=1))


def test_values_of_a_keypad_begin_at_its_minimum() -> None:
    (keypad,) = found(PHONE, "1503 250e 7504 9501 19b0 29bb 8140", END).selectors
    assert keypad.keys == dict(enumerate("0123456789*#", start=3))


@pytest.mark.parametrize(
    "usages",
    [
        "1500 26ff03 1900 2aff03 7510 9501",
        "1500 2502 0900 0920 092f 7508 9501",
    ],
    ids=["all of a page", "none comes first"],
)
def test_values_of_an_array_begin_at_zero_where_that_is_a_usage_of_no_key(usages: str) -> None:
    (selector,) = found(PHONE, usages, "8100", END).selectors
    hook, mute = (value for value, name in selector.keys.items() if name in {"hook", "phone_mute"})
    assert (hook, mute) in {(0x20, 0x2F), (1, 2)}


def test_zero_is_a_key_where_something_else_can_say_that_there_is_none() -> None:
    (keypad,) = found(PHONE, "1500 250b 7504 9501 19b0 29bb 8140", END).selectors
    assert keypad.keys == dict(enumerate("0123456789*#"))


def test_an_array_of_bits_is_a_row_of_buttons() -> None:
    these = found(PHONE, "1500 2501 7501 9504 0920 0926 0923 092f 8140", END)
    assert [(name, one.bit) for name, one in these.inputs.items()] == [
        ("hook", 0),
        ("drop", 1),
        ("hold", 2),
        ("phone_mute", 3),
    ]
    assert these.selectors == ()


def test_lamps_may_have_an_application_of_their_own() -> None:
    lamps = found(PHONE, BIT, "092f 8106", END, "0508 0909 a101", BIT, "0909 9102", END)
    assert [*lamps.outputs] == ["mute"]


def test_a_selector_has_no_keys_that_do_not_fit_its_bits() -> None:
    (selector,) = found(PHONE, BIT, "0907 0509 0901 8140", END).selectors
    assert selector.keys == {1: "reject"}


def test_digits_with_a_bit_each_are_selectors_of_one() -> None:
    these = found(PHONE, BIT, "09b4 09bb 9502 8102", END)
    assert these.inputs == {}
    assert [(one.bit, one.keys) for one in these.selectors] == [(0, {1: "4"}), (1, {1: "#"})]


def test_absurdly_many_controls_are_refused() -> None:
    many = f"96{(MOST_CONTROLS + 1).to_bytes(2, 'little').hex()}"
    with pytest.raises(DescriptorError, match="more than 256 controls"):
        found(PHONE, BIT, "0920", many, "8102", END)
