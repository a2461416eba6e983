# SPDX-License-Identifier: GPL-2.0-or-later
"""TURN messages: the specimen of RFC 5769, and what may come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.engine.stun import Mapped, RefusedError, StunError, attribute, message
from offhookd.engine.turn import (
    ALLOCATE,
    Login,
    allocation,
    challenged,
    relayed_address,
    release,
    signed,
)
from tests.support import stun

TRANSACTION = bytes(range(1, 13))

# RFC 5769, 2.4; the password is what SASLprep leaves of the one that stands there.
LOGIN = Login(
    "\u30de\u30c8\u30ea\u30c3\u30af\u30b9",
    "TheMatrIX",
    b"example.org",
    b"f//499k954d6OL34oL9FSTvy64sA",
)
SPECIMEN_TRANSACTION = bytes.fromhex("78ad3433c6ad72c029da412e")
SPECIMEN = bytes.fromhex(
    "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b90000"
    "0015001c662f2f3439396b393534643 64f4c33346f4c39465354767936347341".replace(" ", "")
    + "0014000b6578616d706c652e6f726700"
    "00080014f67024656dd64a3e02b8e0712e85c9a28ca89666"
)


def test_a_message_is_signed_as_the_specimen_of_the_rfc() -> None:
    attributes = (
        attribute(0x06, LOGIN.username.encode())
        + attribute(0x15, LOGIN.nonce)
        + attribute(0x14, LOGIN.realm)
    )
    assert signed(0x0001, SPECIMEN_TRANSACTION, attributes, LOGIN.key) == SPECIMEN


def test_the_first_question_names_nobody_and_what_is_to_be_relayed() -> None:
    asked = allocation(TRANSACTION)
    assert asked == message(ALLOCATE, TRANSACTION, bytes.fromhex("0019000411000000"))


@pytest.mark.parametrize("asked", [allocation(TRANSACTION, LOGIN), release(TRANSACTION, LOGIN)])
def test_with_a_login_the_integrity_comes_last(asked: bytes) -> None:
    assert int.from_bytes(asked[2:4], "big") == len(asked) - 20
    assert asked[-24:-20] == bytes.fromhex("00080014")


def refusal(code: int, *attributes: bytes) -> RefusedError:
    reason = stun.attribute(stun.ERROR_CODE, bytes([0, 0, code // 100, code % 100]))
    with pytest.raises(RefusedError) as caught:
        relayed_address(stun.message(0x0113, TRANSACTION, reason, *attributes), TRANSACTION)
    return caught.value


REALM, NONCE = stun.attribute(0x14, b"example.org"), stun.attribute(0x15, b"n")


@pytest.mark.parametrize("code", [401, 438])
def test_a_challenge_is_answered_with_what_it_says(code: int) -> None:
    found = challenged(refusal(code, REALM, NONCE), "ada", "secret")
    assert found == Login("ada", "secret", b"example.org", b"n")


@pytest.mark.parametrize(
    ("code", "attributes"), [(401, [REALM]), (401, [NONCE]), (486, [REALM, NONCE]), (403, [])]
)
def test_other_refusals_are_no_challenge(code: int, attributes: list[bytes]) -> None:
    refused = refusal(code, *attributes)
    assert challenged(refused, "ada", "secret") is None
    assert str(refused) == f"the server refused with {code}"


def test_the_address_that_relays_is_read() -> None:
    mapped = stun.xor_mapped(Mapped("192.0.2.1", 32853), TRANSACTION)
    answer = stun.message(0x0103, TRANSACTION, b"\0\x16" + mapped[2:])
    assert relayed_address(answer, TRANSACTION) == Mapped("192.0.2.1", 32853)
    with pytest.raises(StunError, match="no address that relays"):
        relayed_address(stun.message(0x0103, TRANSACTION, mapped), TRANSACTION)
    with pytest.raises(StunError, match="this kind of question"):
        relayed_address(stun.message(0x0101, TRANSACTION, mapped), TRANSACTION)


@given(st.binary(max_size=600))
def test_nothing_that_arrives_does_harm(answer: bytes) -> None:
    with pytest.raises(StunError):
        relayed_address(answer, TRANSACTION)


def test_no_password_is_shown() -> None:
    assert "TheMatrIX" not in repr(LOGIN)
