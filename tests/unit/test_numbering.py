# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers as one country writes them."""

import subprocess
import sys

import pytest

from offhookd.phone.numbering import Numbering

GERMANY = Numbering("de")


@pytest.mark.parametrize("written", ["+4930123456", "030123456", "004930123456"])
def test_every_spelling_is_the_same_number(written: str) -> None:
    assert GERMANY.e164(written) == "+4930123456"
    assert GERMANY.same(written, "+4930123456")


@pytest.mark.parametrize("written", ["", "12", "1001", "*97", "bob", "+", "+12345678901234567"])
def test_what_is_no_full_number_has_no_full_form(written: str) -> None:
    assert GERMANY.e164(written) == ""


def test_without_a_country_only_full_numbers_are_known() -> None:
    nowhere = Numbering()
    assert nowhere.e164("+4930123456") == "+4930123456"
    assert nowhere.e164("030123456") == ""
    assert nowhere.same("+4930123456", "+4930123456")
    assert not nowhere.same("030123456", "+4930123456")


def test_short_numbers_are_the_same_only_as_they_stand() -> None:
    assert GERMANY.same("1001", "1001")
    assert not GERMANY.same("1001", "1002")


def test_spellings_are_all_that_a_server_may_write() -> None:
    assert GERMANY.spellings("030123456") == (
        "030123456",
        "+4930123456",
        "4930123456",
        "004930123456",
    )
    assert GERMANY.spellings("1001") == ("1001",)


def test_foreign_numbers_keep_their_country() -> None:
    assert GERMANY.national("+442079460000") == ""
    assert GERMANY.international("+442079460000") == "00442079460000"
    assert Numbering("us").international("+442079460000") == "011442079460000"


@pytest.mark.parametrize(
    ("country", "number", "helps"),
    [
        ("", "112", True),
        ("", "999", True),
        ("", "1123", False),
        ("de", "112", True),
        ("de", "110", True),
        ("de", "999", False),
        ("de", "911", True),
        ("gb", "999", True),
        ("at", "144", True),
        ("de", "144", False),
        ("de", "112112112", False),
        ("de", "*112", False),
        ("xx", "112", True),
        ("xx", "110", False),
    ],
)
def test_numbers_for_help_are_those_of_the_country(country: str, number: str, helps: bool) -> None:
    assert Numbering(country).is_emergency(number) is helps


def test_the_library_is_not_loaded_before_a_number_needs_it() -> None:
    code = (
        "import sys; from offhookd.phone.numbering import Numbering; n = Numbering('de');"
        "n.is_emergency('112'); n.e164('1001'); n.e164('+4930123456');"
        "n.is_emergency('+4930123456');"
        "sys.exit('phonenumbers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("number", "premium"),
    [("09001234567", True), ("+18005550100", False), ("030123456", False), ("112", False)],
)
def test_numbers_that_cost_more_than_the_call_are_known(number: str, *, premium: bool) -> None:
    assert GERMANY.is_premium(number) is premium
