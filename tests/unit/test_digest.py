# SPDX-License-Identifier: GPL-2.0-or-later
"""Digest answers, against the examples of the standards."""

import os

import pytest

from offhookd.engine.digest import Credentials, answer, best, read_challenges

MUFASA = Credentials("Mufasa", "Circle of Life")
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


class Hex(bytes):
    """Random bytes that spell the example's client nonce."""

    def hex(self, *_: object) -> str:
        return CNONCE


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(
    monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str
) -> None:
    """Section 3.9.1."""
    monkeypatch.setattr(os, "urandom", lambda _: Hex())
    value = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},'
        f' nonce="{NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    challenge = best(read_challenges([value]))
    assert challenge
    assert f'response="{response}"' in answer(challenge, MUFASA, "GET", "/dir/index.html")


def test_the_stronger_of_two_challenges_is_answered() -> None:
    values = [f'Digest realm="r", nonce="n", algorithm={name}' for name in ("MD5", "SHA-256")]
    chosen = best(read_challenges(values))
    assert chosen
    assert chosen.algorithm == "SHA-256"


@pytest.mark.parametrize(
    "value",
    [
        'Basic realm="r"',
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r\x07", nonce="n"',
        "",
    ],
)
def test_what_cannot_be_answered_is_not(value: str) -> None:
    assert best(read_challenges([value])) is None


def test_quotes_in_a_realm_stay_inside_it() -> None:
    challenge = best(read_challenges(['Digest realm="a\\"b", nonce="n"']))
    assert challenge
    assert challenge.realm == 'a"b'
    assert 'realm="a\\"b"' in answer(challenge, MUFASA, "SUBSCRIBE", "sip:x")
