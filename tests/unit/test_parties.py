# SPDX-License-Identifier: GPL-2.0-or-later
"""Patterns that say whom a rule is about."""

import pytest

from offhookd.phone.numbering import Numbering
from offhookd.phone.parties import ByParty, Parties, user_and_host


@pytest.mark.parametrize(
    ("pattern", "uri", "fits"),
    [
        ("+4930123456", "sip:030123456@pbx.test", True),
        ("+4930123456", "sip:004930123456@pbx.test;user=phone", True),
        ("030 123 456", "tel:+49-30-123456", True),
        ("+4930123456", "sip:1001@pbx.test", False),
        ("+4930*", "sip:030999999@pbx.test", True),
        ("0900*", "sip:+49900123456@pbx.test", True),
        ("2???", "sip:2001@pbx.test", True),
        ("2???", "sip:20011@pbx.test", False),
        ("@example.com", "sip:anybody@EXAMPLE.com:5070", True),
        ("@example.com", "sip:anybody@sub.example.com", False),
        ("bob@example.com", "sip:Bob@example.com", True),
        ("bob@example.com", "sip:bob@other.com", False),
        ("sip:bob@example.com", "sips:bob@example.com", True),
        ("b*@example.com", "sip:bob@example.com", True),
        ("bob", "sip:bob@anywhere.test", True),
        ("*", "sip:@", True),
        ("1001", "", False),
    ],
)
def test_a_pattern_fits_whom_it_means(pattern: str, uri: str, fits: bool) -> None:
    assert (uri in Parties([pattern], Numbering("de"))) is fits


def test_the_first_pattern_that_fits_has_the_value() -> None:
    values = ByParty({"2001": "a", "2*": "b"}, Numbering())
    assert values.get("sip:2001@x", "-") == "a"
    assert values.get("sip:2002@x", "-") == "b"
    assert values.get("sip:3@x", "-") == "-"


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("sip:bob@Host.test:5070;lr", ("bob", "host.test")),
        ("sip:%2B49;isub=1@h", ("+49", "h")),
        ("sip:host.test", ("", "host.test")),
        ("sip:a@[2001:db8::1]:5060", ("a", "[2001:db8::1]")),
        ("tel:+1-201-555;x=y", ("+1201555", "")),
    ],
)
def test_user_and_host_of_an_address(uri: str, parts: tuple[str, str]) -> None:
    assert user_and_host(uri) == parts
