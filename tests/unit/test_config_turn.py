# SPDX-License-Identifier: GPL-2.0-or-later
"""The table ``turn`` of an account."""

from pathlib import Path

import pytest

from offhookd.config.load import load
from offhookd.config.problems import ConfigError
from offhookd.config.schema import AccountConfig, Secret, TurnConfig
from offhookd.phone.values import AccountId


def account(tmp_path: Path, turn: str, *others: str) -> AccountConfig:
    file = tmp_path / "offhook.yaml"
    lines = ["accounts:", "  work:", "    uri: sip:1@example.com", f"    turn: {turn}"]
    file.write_text("\n".join([*lines, *(f"    {one}" for one in others), ""]))
    file.chmod(0o600)
    return load([file]).accounts[AccountId("work")]


def test_a_server_and_a_user_are_enough_and_ice_comes_along(tmp_path: Path) -> None:
    found = account(tmp_path, "{server: Turn.example.com, username: ada}", "ice: false")
    assert found.turn == TurnConfig(server="turn.example.com", username="ada")
    assert found.ice


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("password: s", {"password": Secret("s")}),
        ("password_command: pass show turn", {"password_command": ("pass", "show", "turn")}),
    ],
)
def test_the_password_is_given_as_that_of_an_account(
    tmp_path: Path, written: str, keys: dict[str, object]
) -> None:
    found = account(tmp_path, f"{{server: 192.0.2.1:3479, username: '1:ada', {written}}}")
    assert found.turn == TurnConfig(server="192.0.2.1:3479", username="1:ada", **keys)  # type: ignore[arg-type]  # as parametrized


@pytest.mark.parametrize("written", ["", "{server: none, username: ada}"])
def test_without_a_server_there_is_none(tmp_path: Path, written: str) -> None:
    found = account(tmp_path, written)
    assert found.turn is None
    assert not found.ice


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("turn.example.com", "accounts.work.turn: must be a table of keys"),
        ("{server: t.example.com}", "turn.username: is missing; write username: ada"),
        ("{username: ada}", "turn.server: is missing; write server: turn.example.com"),
        ("{server: 'turn:t.example.com;transport=tcp', username: a}", "did you mean t.example"),
        ("{server: t.example.com, username: a, transport: tcp}", "turn.transport: unknown key"),
        ("{server: t, username: a, password: s, password_file: f}", "already given by password"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, written: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint.replace(".", r"\.")):
        account(tmp_path, written)
