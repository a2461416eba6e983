# SPDX-License-Identifier: GPL-2.0-or-later
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.phone.errors import InvalidTargetError
from offhookd.phone.numbers import domain_of, parse_target


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:bob@example.com", "sip:bob@example.com"),
        ("SIP:bob@example.com", "sip:bob@example.com"),
        ("sips:bob@example.com:5061", "sips:bob@example.com:5061"),
        ("sip:bob@[2001:db8::1]:5062;transport=tcp", "sip:bob@[2001:db8::1]:5062;transport=tcp"),
        ("sip:127.0.0.1:5070", "sip:127.0.0.1:5070"),
        ("bob@example.com", "sip:bob@example.com"),
        ("1001", "sip:1001@pbx.test:5070"),
        ("+49 (30) 123-456", "sip:+4930123456@pbx.test:5070"),
        ("030/12 34 56", "sip:030123456@pbx.test:5070"),
        ("*72#", "sip:*72%23@pbx.test:5070"),
        ("tel:+1-212-555-0100;phone-context=x", "sip:+12125550100@pbx.test:5070"),
        ("tel:%2B491", "sip:+491@pbx.test:5070"),
        ("callto:1001", "sip:1001@pbx.test:5070"),
        ("callto://bob@example.com", "sip:bob@example.com"),
        ("reception", "sip:reception@pbx.test:5070"),
        ('"Bob B." <sip:bob@example.com>', "sip:bob@example.com"),
    ],
)
def test_what_people_dial(text: str, uri: str) -> None:
    assert parse_target(text, "pbx.test:5070").uri == uri


def test_the_display_name_comes_along() -> None:
    assert parse_target('"Bob B." <sip:bob@example.com>', "x").display_name == "Bob B."
    assert parse_target("Bob <1001>", "x.test").display_name == "Bob"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "sip:",
        "sip:bob@",
        "sip:bob@exa mple.com",
        "sip:bob@example.com:99999",
        "sip:bob@example.com\r\nRoute: <sip:evil>",
        "sip:bob@example.com?Replaces=abc",
        "sip:bob@example.com;x=<y>",
        "http://example.com/",
        "1" * 600,
        'two words "',
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidTargetError) as raised:
        parse_target(text, "pbx.test")
    assert len(str(raised.value)) > 10


def test_a_number_needs_an_account() -> None:
    with pytest.raises(InvalidTargetError, match="account"):
        parse_target("1001", "")


@pytest.mark.parametrize(
    ("uri", "domain"),
    [
        ("sip:1@example.com", "example.com"),
        ("sip:1@example.com:5070;transport=tcp", "example.com:5070"),
        ("sips:example.com", "example.com"),
    ],
)
def test_the_domain_of_an_account(uri: str, domain: str) -> None:
    assert domain_of(uri) == domain


@given(st.text(max_size=600))
def test_any_text_is_a_target_or_a_sentence(text: str) -> None:
    try:
        target = parse_target(text, "pbx.test")
    except InvalidTargetError:
        return
    assert target.uri.startswith(("sip:", "sips:"))
    assert not set(target.uri) & set(' <>"\r\n\t')
