# SPDX-License-Identifier: GPL-2.0-or-later
"""STUN Binding messages: the specimens of RFC 5769, and what no server would send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.engine.stun import (
    MAX_ANSWER_BYTES,
    Mapped,
    RefusedError,
    StunError,
    indication,
    mapped_address,
    request,
)
from tests.support import stun

TRANSACTION = bytes(range(1, 13))
HERE = Mapped("192.0.2.1", 32853)

# RFC 5769, 2.2 and 2.3: answers with SOFTWARE, MESSAGE-INTEGRITY and FINGERPRINT.
SPECIMEN_TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
IPV4_SPECIMEN = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147"
    "e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
IPV6_SPECIMEN = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a147"
    "0113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)


def test_a_question_is_a_header_with_the_transaction() -> None:
    assert request(TRANSACTION) == bytes.fromhex("000100002112a442") + TRANSACTION
    assert indication(TRANSACTION) == bytes.fromhex("001100002112a442") + TRANSACTION


def test_the_specimen_of_the_rfc_is_read() -> None:
    assert mapped_address(IPV4_SPECIMEN, SPECIMEN_TRANSACTION) == HERE


def test_the_specimen_with_an_address_of_ipv6_is_of_no_use() -> None:
    with pytest.raises(StunError, match="IPv4"):
        mapped_address(IPV6_SPECIMEN, SPECIMEN_TRANSACTION)


def test_an_address_prints_as_in_a_uri() -> None:
    assert str(HERE) == "192.0.2.1:32853"


def test_a_server_of_rfc_3489_tells_the_address_in_plain() -> None:
    plain = stun.attribute(stun.MAPPED_ADDRESS, bytes.fromhex("00018055c0000201"))
    assert mapped_address(stun.message(stun.SUCCESS, TRANSACTION, plain), TRANSACTION) == HERE


def test_the_masked_address_counts_before_the_plain_one_and_the_first_before_the_second() -> None:
    wrong = Mapped("203.0.113.9", 9)
    answer = stun.message(
        stun.SUCCESS,
        TRANSACTION,
        stun.attribute(stun.MAPPED_ADDRESS, bytes.fromhex("00010009cb007109")),
        stun.xor_mapped(HERE, TRANSACTION),
        stun.xor_mapped(wrong, TRANSACTION),
    )
    assert mapped_address(answer, TRANSACTION) == HERE


def test_a_refusal_is_told_with_its_code() -> None:
    refusal = stun.attribute(stun.ERROR_CODE, bytes([0, 0, 4, 20]) + b"Unknown Attribute")
    with pytest.raises(RefusedError, match="420"):
        mapped_address(stun.message(stun.ERROR, TRANSACTION, refusal), TRANSACTION)


GOOD = stun.success(TRANSACTION, HERE)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        GOOD[:-1],
        GOOD + b"\0",
        GOOD + bytes(4),
        b"\x80" + GOOD[1:],
        GOOD[:4] + bytes(4) + GOOD[8:],
        request(TRANSACTION),
        indication(TRANSACTION),
        stun.success(TRANSACTION[::-1], HERE),
        stun.message(stun.SUCCESS, TRANSACTION),
        stun.success(TRANSACTION, Mapped("0.0.0.0", 5)),  # noqa: S104 - an answer
        stun.success(TRANSACTION, Mapped("224.0.0.1", 5)),
        stun.success(TRANSACTION, Mapped("255.255.255.255", 5)),
        stun.success(TRANSACTION, Mapped("2001:db8::1", 5)),
        stun.success(TRANSACTION, Mapped("192.0.2.1", 0)),
        stun.message(stun.SUCCESS, TRANSACTION, stun.attribute(0x0020, b"")),
        stun.message(stun.SUCCESS, TRANSACTION, stun.attribute(0x0020, bytes(8))),
        stun.message(stun.SUCCESS, TRANSACTION, stun.attribute(0x0020, b"\0\2" + bytes(6))),
        stun.message(stun.SUCCESS, TRANSACTION, b"\0\x20\xff\xff" + bytes(8)),
        stun.message(stun.SUCCESS, TRANSACTION, *[stun.attribute(0x8022, bytes(64))] * 20),
        stun.message(
            stun.SUCCESS,
            TRANSACTION,
            *[stun.attribute(0x8022, bytes(MAX_ANSWER_BYTES))],
            stun.xor_mapped(HERE, TRANSACTION),
        ),
    ],
)
def test_what_is_no_answer_is_passed_over(answer: bytes) -> None:
    with pytest.raises(StunError):
        mapped_address(answer, TRANSACTION)


def read(answer: bytes) -> None:
    """Whatever it is: an address of somebody, or the one kind of error."""
    try:
        mapped = mapped_address(answer, TRANSACTION)
    except StunError:
        return
    assert 0 < mapped.port <= 0xFFFF


@given(st.binary(max_size=MAX_ANSWER_BYTES + 100))
def test_nothing_that_arrives_does_harm(answer: bytes) -> None:
    read(answer)


@given(
    st.sampled_from([stun.SUCCESS, stun.ERROR]),
    st.lists(
        st.tuples(
            st.sampled_from([0x0001, 0x0009, 0x0020, 0x8022]),
            st.binary(max_size=24),
            st.integers(-4, 4),
        ),
        max_size=6,
    ),
)
def test_nothing_that_looks_like_an_answer_does_harm(
    kind: int, parts: list[tuple[int, bytes, int]]
) -> None:
    body = b""
    for number, value, lie in parts:
        part = stun.attribute(number, value)
        body += part[:2] + max(0, len(value) + lie).to_bytes(2, "big") + part[4:]
    read(stun.message(kind, TRANSACTION, body))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_wrong_byte_does_no_harm(at: int, change: int) -> None:
    read(GOOD[:at] + bytes([GOOD[at] ^ change]) + GOOD[at + 1 :])
