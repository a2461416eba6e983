# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.engine.refusal import Refused, check_header, check_range, check_text, check_uri


@pytest.mark.parametrize("value", [10, 10.0, 20])
def test_ends_of_a_range_belong_to_it(value: float) -> None:
    check_range("x", value, 10, 20)


@pytest.mark.parametrize("value", [9.99, 21, float("nan"), float("inf")])
def test_what_is_out_of_range_is_named_with_the_range(value: float) -> None:
    with pytest.raises(Refused, match="x must be between 10 and 20, not"):
        check_range("x", value, 10, 20)


@pytest.mark.parametrize("text", ["a\r\nb", "a\0b", "\x7f", "a\u2028b", "x" * 11])
def test_text_that_would_break_a_header_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        check_text("name", text, 10)


@pytest.mark.parametrize(
    "uri", ["sip:a@b", "sips:a@b:5061;transport=tls", "sip:%20@192.0.2.1?X=y", "sip:[2001:db8::1]"]
)
def test_addresses_pass(uri: str) -> None:
    assert check_uri("target", uri) == uri


@pytest.mark.parametrize(
    "uri",
    ["", "a@b", "tel:1", "sip:", "sip:a b@c", "sip:a@b>;x=<", 'sip:"@b', "sip:a@b\n", "sip:é@b"],
)
def test_what_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(Refused, match="target is no SIP address"):
        check_uri("target", uri)


@pytest.mark.parametrize("name", ["X-Test", "Subject", "P-Foo"])
def test_headers_of_ones_own_pass(name: str) -> None:
    check_header(name, "value")


@pytest.mark.parametrize("name", ["Via", "VIA", "f", "Content-Length", "X Y", "", "X:", "Ä"])
def test_headers_of_the_stack_and_broken_names_are_refused(name: str) -> None:
    with pytest.raises(Refused, match="cannot be set"):
        check_header(name, "value")
