# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``presence`` table of an account."""

from pathlib import Path

import pytest

from offhookd.config.load import load
from offhookd.config.problems import ConfigError
from offhookd.config.schema import PresenceConfig
from offhookd.phone.values import AccountId
from tests.support.config_file import write

ACCOUNT = "accounts: {{work: {{uri: 'sip:1001@pbx', presence: {}}}}}\n"


def read(directory: Path, table: str) -> PresenceConfig:
    config = load([write(directory / "offhook.yaml", ACCOUNT.format(table))])
    return config.accounts[AccountId("work")].presence


def complaint(directory: Path, table: str) -> str:
    with pytest.raises(ConfigError) as refused:
        read(directory, table)
    return str(refused.value)


def test_nothing_is_told_or_watched_by_default(tmp_path: Path) -> None:
    config = read(tmp_path, "{}")
    assert config == PresenceConfig()
    assert (config.publish, config.serve, config.watch) == (False, False, ())


def test_every_key_arrives(tmp_path: Path) -> None:
    table = (
        "{publish: yes, publish_seconds: 600, serve: yes, subscribe: [dialog],"
        " watch: [1002, 'Bob <sip:1003@pbx>', 1002], pickup: '*8{extension}'}"
    )
    assert read(tmp_path, table) == PresenceConfig(
        publish=True,
        publish_seconds=600,
        serve=True,
        subscribe=("dialog",),
        watch=("1002", "Bob <sip:1003@pbx>"),
        pickup="*8{extension}",
    )


def test_nobody_is_asked_about_when_the_list_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path, "{subscribe: []}").subscribe == ()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("{publsh: yes}", ("presence.publsh", "did you mean publish")),
        ("{publish: perhaps}", ("presence.publish", "true or false")),
        ("{publish_seconds: 5}", ("presence.publish_seconds", "60")),
        ("{subscribe: [mwi]}", ("presence.subscribe", "presence and dialog")),
        ("{watch: {a: b}}", ("presence.watch",)),
        ("yes", ("presence", "table")),
    ],
)
def test_mistakes_are_named(tmp_path: Path, table: str, words: tuple[str, ...]) -> None:
    said = complaint(tmp_path, table)
    assert all(word in said for word in words), said
