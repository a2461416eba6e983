# SPDX-License-Identifier: GPL-2.0-or-later
"""The key ``stun`` of an account."""

from pathlib import Path

import pytest

from offhookd.config.load import load
from offhookd.config.problems import ConfigError
from offhookd.phone.values import AccountId


def stun(tmp_path: Path, value: str) -> str:
    file = tmp_path / "offhook.yaml"
    file.write_text(f"accounts:\n  work:\n    uri: sip:1@example.com\n    stun: {value}\n")
    return load([file]).accounts[AccountId("work")].stun


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("stun.example.com", "stun.example.com"),
        ("Stun.Example.com:19302", "stun.example.com:19302"),
        ("192.0.2.1:3478", "192.0.2.1:3478"),
        ("stun:stun.example.com", "stun.example.com"),
        ("none", ""),
        ("off", ""),
    ],
)
def test_a_server_is_a_host_perhaps_with_a_port(tmp_path: Path, written: str, read: str) -> None:
    assert stun(tmp_path, written) == read


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("a b", "without spaces"),
        ("stun.example.com:0", "port"),
        ("stun.example.com:x", "port"),
        ("ada@stun.example.com", "did you mean stun.example.com"),
        ("stun.example.com;transport=tcp", "did you mean stun.example.com"),
        ("300.1.2.3", "neither a name nor"),
        ("'http://stun.example.com'", "stun.example.com"),
        ("[a, b]", "must be text"),
    ],
)
def test_what_is_none_is_told(tmp_path: Path, written: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        stun(tmp_path, written)
