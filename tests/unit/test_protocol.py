# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines between daemon and engine: what fits comes through whole, everything else is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.engine import protocol as p

DIAL = p.Dial(
    request=3,
    leg=1,
    account="work",
    target="sip:bob@example.com",
    headers={"Alert-Info": "x"},
    anonymous=False,
    muted=True,
)


def test_a_command_comes_back_as_it_was() -> None:
    assert p.decode(p.encode(DIAL), p.Command) == DIAL


def test_reply_data_keeps_its_types() -> None:
    reply = p.Reply(request=1, data={"a": 1, "b": 1.5, "c": True, "d": "x", "e": ("x", "y")})
    assert p.decode(p.encode(reply), p.Event) == reply


def test_a_password_is_not_printed() -> None:
    command = p.SetAccount(
        account="a",
        uri="sip:1@x",
        display_name="",
        username="1",
        password="secret-word",
        registrar="",
        proxy="",
        transport="udp",
        srtp="disabled",
        codecs=(),
        register_seconds=1,
        keepalive_seconds=0,
        servers=(),
        accept_anyone=False,
    )
    assert "secret-word" not in repr(command)


def variant(**changes: object) -> bytes:
    return json.dumps({**json.loads(p.encode(DIAL)), **changes}).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"is":"dial"}',
        b'{"is":7}',
        b'{"is":"reply"}',
        b"\xff\xfe",
        b"[" * 100_000,
        variant(leg="1"),
        variant(leg=True),
        variant(leg=2**70),
        variant(leg=None),
        variant(more=1),
        variant(headers=[]),
        variant(headers={"a": 1}),
        variant(headers={str(n): "" for n in range(p.MAX_ITEMS + 1)}),
        variant(target="x" * (p.MAX_TEXT_CHARS + 1)),
        variant(anonymous=0),
    ],
)
def test_what_does_not_fit_is_refused(line: bytes) -> None:
    with pytest.raises(p.ProtocolError):
        p.decode(line, p.Command)


def test_an_event_is_no_command() -> None:
    with pytest.raises(p.ProtocolError, match="unknown message"):
        p.decode(p.encode(p.Reply(request=1)), p.Command)


def test_not_a_number_is_no_level() -> None:
    line = b'{"is":"levels","leg":1,"sent_dbfs":NaN,"received_dbfs":0}'
    with pytest.raises(p.ProtocolError):
        p.decode(line, p.Event)


def test_a_line_that_is_too_long_is_not_sent() -> None:
    data = {str(n): "x" * 8000 for n in range(10)}
    with pytest.raises(p.ProtocolError, match="too many"):
        p.encode(p.Reply(request=1, data=data))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(line: bytes) -> None:
    with pytest.raises(p.ProtocolError):
        p.decode(line, p.Event)


@given(
    st.dictionaries(
        st.text(max_size=10), st.one_of(st.none(), st.booleans(), st.integers(), st.text())
    )
)
def test_any_object_is_a_message_or_refused(body: dict[str, object]) -> None:
    with pytest.raises(p.ProtocolError):
        p.decode(json.dumps({"is": "dial", **body}).encode(), p.Command)
