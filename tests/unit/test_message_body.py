# SPDX-License-Identifier: GPL-2.0-or-later
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.engine.message_body import TEXT_CHARS, text_of
from offhookd.engine.message_summary import Summary, parse_summary

CPIM = (
    b"From: Ada <im:ada@pbx>\r\nTo: <im:bob@pbx>\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
    b"imdn.Message-ID: 34jk324j\r\n\r\nContent-type: text/plain; charset=utf-8\r\n"
    b"Content-length: 6\r\n\r\nT\xc3\xa9a?\r\n\r\nNow?"
)
IMDN = (
    b"From: <im:ada@pbx>\r\nTo: <im:bob@pbx>\r\n\r\n"
    b"Content-type: message/imdn+xml\r\n\r\n<imdn><message-id>1</message-id></imdn>"
)


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain", b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        ("text/plain;charset=ISO-8859-1", b"Gr\xfc\xdfe", "Grüße"),
        ('Text/Plain; charset="utf-16-le"', "Grüße".encode("utf-16-le"), "Grüße"),
        ("text/plain; charset=klingon", b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        ("text/plain; charset=base64", b"R3Lg", "R3Lg"),
        ("text/plain", b"\xff", "\ufffd"),
        ("", b"no type", "no type"),
        ("message/cpim", CPIM, "Téa?\r\n\r\nNow?"),
        ("message/cpim", CPIM.replace(b"\r\n", b"\n"), "Téa?\n\nNow?"),
        ("message/cpim", IMDN, ""),
        ("message/cpim", b"nothing", ""),
        ("text/html", b"<b>", ""),
    ],
)
def test_the_text_is_found_in_its_wrapping(content_type: str, body: bytes, text: str) -> None:
    assert text_of(content_type, body) == text


@given(st.text(), st.binary())
def test_no_body_is_an_exception(content_type: str, body: bytes) -> None:
    for kind in (content_type, f"text/plain;charset={content_type}", "message/cpim"):
        assert len(text_of(kind, body)) <= TEXT_CHARS


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        (
            "Messages-Waiting: yes\r\nMessage-Account: sip:*97@pbx\r\nVoice-Message: 2/8 (0/2)\r\n",
            Summary(True, 2, 8, "sip:*97@pbx"),
        ),
        ("messages-waiting:no\nvoice-message: 0 / 3\n", Summary(False, 0, 3)),
        ("Messages-Waiting: yes", Summary(True)),
        ("Messages-Waiting: yes\r\nVoice-Message: many", Summary(True)),
        ("Message-Account: <sip:v@pbx>\r\nMessages-Waiting: no", Summary(account="sip:v@pbx")),
        ("Voice-Message: 2/8", None),
        ("", None),
    ],
)
def test_a_summary_is_read_as_servers_write_it(body: str, summary: Summary | None) -> None:
    assert parse_summary(body) == summary


@given(st.text())
def test_no_summary_is_an_exception(body: str) -> None:
    parse_summary(body)
    parse_summary(f"Messages-Waiting: yes\nVoice-Message: {body}")
