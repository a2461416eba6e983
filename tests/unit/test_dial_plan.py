# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server is sent for the number that a person entered."""

import pytest

from offhookd.phone.dial_plan import DialPlan, NumberFormat, Rewrite
from offhookd.phone.numbering import Numbering

GERMANY = Numbering("de")
OFFICE = DialPlan(outside_prefix="0", extension_digits=4)


@pytest.mark.parametrize(
    ("entered", "sent"),
    [
        ("1001", "1001"),
        ("+4930123456", "0030123456"),
        ("+442079460000", "000442079460000"),
        ("0030123456", "0030123456"),
        ("*97", "*97"),
        ("*30#0123456", "*30#0123456"),
    ],
)
def test_full_numbers_leave_the_house_by_the_outside_line(entered: str, sent: str) -> None:
    assert OFFICE.apply(entered, GERMANY) == sent


@pytest.mark.parametrize("entered", ["1001", "030123456", "+4930123456", "*97"])
def test_without_rules_a_number_goes_out_as_it_was_entered(entered: str) -> None:
    assert DialPlan().apply(entered, GERMANY) == entered


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        (NumberFormat.E164, "+4930123456"),
        (NumberFormat.INTERNATIONAL, "004930123456"),
        (NumberFormat.NATIONAL, "030123456"),
    ],
)
@pytest.mark.parametrize("entered", ["030123456", "+4930123456", "004930123456"])
def test_a_server_gets_numbers_in_its_form(form: NumberFormat, sent: str, entered: str) -> None:
    assert DialPlan(number_format=form).apply(entered, GERMANY) == sent


def test_a_foreign_number_in_national_form_keeps_its_country() -> None:
    plan = DialPlan(number_format=NumberFormat.NATIONAL)
    assert plan.apply("+442079460000", GERMANY) == "00442079460000"


def test_applying_a_plan_to_its_own_result_changes_nothing() -> None:
    plan = DialPlan(outside_prefix="0", number_format=NumberFormat.E164)
    once = plan.apply("030123456", GERMANY)
    assert plan.apply(once, GERMANY) == once == "+4930123456"


def test_the_first_rewrite_rule_that_fits_decides() -> None:
    plan = DialPlan(
        rewrite=(Rewrite(r"8(\d{3})", r"+49308\1"), Rewrite(r"8.*", "1"), Rewrite("x", "y")),
        outside_prefix="0",
    )
    assert plan.apply("8123", GERMANY) == "+49308123"
    assert plan.apply("81234", GERMANY) == "1"
    assert plan.apply("9", GERMANY) == "9"


def test_a_number_that_cannot_be_read_goes_out_as_it_was_entered() -> None:
    assert DialPlan(number_format=NumberFormat.E164).apply("99999999999999999", GERMANY) == (
        "99999999999999999"
    )
