# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.engine.sip_headers import Headers, clean, diversions, host_of, name_addr, user_of

CHALLENGE = (
    "SIP/2.0 401 Unauthorized\r\n"
    'WWW-Authenticate: Digest algorithm=MD5, realm="pbx \\"one\\"", nonce="x"\r\n'
    'Proxy-Authenticate: Digest realm="two"\r\n'
    'WWW-Authenticate: Basic realm="three"\r\n'
    "Retry-After: 120 (maintenance);duration=3600\r\n\r\nrealm: body"
)


def test_headers_are_found_by_any_case_and_their_compact_form() -> None:
    headers = Headers(
        "INVITE sip:x SIP/2.0\r\nF: <sip:a@b>\r\nCALL-id : 7\r\nv: one\r\nVia: two\r\n"
    )
    assert headers.start_line == "INVITE sip:x SIP/2.0"
    assert headers.first("From") == "<sip:a@b>"
    assert headers.first("Call-ID") == "7"
    assert headers.all("Via") == ["one", "two"]
    assert headers.first("To") == ""


def test_folded_header_is_one_line() -> None:
    assert (
        Headers("X y\r\nSubject: one\r\n  two\r\n\tthree\r\n").first("Subject") == "one two three"
    )


def test_body_is_no_header() -> None:
    assert Headers("X y\r\nA: 1\r\n\r\nB: 2\r\n").first("B") == ""


def test_realms_of_digest_challenges_only() -> None:
    assert Headers(CHALLENGE).realms() == [r"pbx \"one\"", "two"]


def test_seconds_are_the_leading_number_or_nothing() -> None:
    assert Headers(CHALLENGE).seconds("Retry-After") == 120
    assert Headers("X y\r\nRetry-After: soon\r\n").seconds("Retry-After") == 0
    assert Headers("X y\r\nRetry-After: 99999999999999\r\n").seconds("Retry-After") == 999_999_999


@pytest.mark.parametrize(
    ("value", "name", "uri"),
    [
        ('"Ada \\"L\\"" <sip:1@x;user=phone>;tag=7', 'Ada "L"', "sip:1@x;user=phone"),
        ("Ada Lovelace <sip:1@x>", "Ada Lovelace", "sip:1@x"),
        ("<tel:+49>", "", "tel:+49"),
        ("sip:1@x;tag=7", "", "sip:1@x"),
        ('"Ada\u202e\x07" <sip:1@x>', "Ada", "sip:1@x"),
        ("", "", ""),
        ('"open <sip:1@x>', "", '"open'),
    ],
)
def test_name_and_address(value: str, name: str, uri: str) -> None:
    assert name_addr(value) == (name, uri)


def test_text_is_cleaned_of_what_deceives_and_capped() -> None:
    assert clean("a\x00b\r\nc\u202ed\u200be\ue000f") == "abcdef"
    assert clean("\udcff") == "\ufffd"
    assert clean("Zo\u00eb \U0001f4de") == "Zo\u00eb \U0001f4de"
    assert clean("x" * 1000) == "x" * 256
    assert clean("\u00e9" * 1000, 10) == "\u00e9" * 10


@pytest.mark.parametrize(
    ("uri", "user", "host"),
    [
        ("sip:1001@PBX.example.com:5070;lr", "1001", "pbx.example.com"),
        ("sips:a:secret@[2001:db8::1]:5061", "a", "2001:db8::1"),
        ("<sip:192.0.2.1>", "", "192.0.2.1"),
        ("sip:host?Subject=x", "", "host"),
        ("tel:+49", "", ""),
        ("sip:", "", ""),
        ("sip:a@b c", "a", ""),
        ("sip:a@x@y", "a", ""),
    ],
)
def test_user_and_host_of_an_address(uri: str, user: str, host: str) -> None:
    assert host_of(uri) == host
    assert user_of(uri) == user


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Diversion: <sip:a@x>;reason=user-busy", ("sip:a@x",)),
        (
            'Diversion: "A, <b>" <sip:a@x>;reason="no, b", <sip:b@x>\r\nDiversion: <sip:c@x>',
            ("sip:a@x", "sip:b@x", "sip:c@x"),
        ),
        (
            "History-Info: <sip:a@x?Reason=SIP%3Bcause%3D302>;index=1, <sip:b@x>;index=1.1",
            ("sip:a@x",),
        ),
        (
            "History-Info: <sip:a@x;cause=480>;index=1, <sip:b@x;cause=302>;index=1.1, <sip:c@x>",
            ("sip:b@x;cause=302", "sip:a@x;cause=480"),
        ),
        ("Diversion: nonsense", ()),
        ("Subject: none", ()),
        ("Diversion: " + "<sip:a@x>, " * 50, ("sip:a@x",) * 10),
    ],
)
def test_who_sent_a_call_on_is_found_latest_first(header: str, found: tuple[str, ...]) -> None:
    assert diversions(Headers(f"INVITE sip:x SIP/2.0\r\n{header}\r\n")) == found
