# SPDX-License-Identifier: GPL-2.0-or-later
from dataclasses import replace

import pytest

from offhookd.config.changes import difference
from offhookd.config.schema import AccountConfig, Config, LogConfig, LogLevel, Secret, SipConfig
from offhookd.phone.values import AccountId


def account(name: str) -> AccountConfig:
    return AccountConfig(
        id=AccountId(name), uri=f"sip:{name}@x.org", username=name, label=name, registrar="sip:x"
    )


def config(*accounts: AccountConfig) -> Config:
    return Config(accounts={account.id: account for account in accounts})


A, B, C = account("a"), account("b"), account("c")


def test_equal_configurations_do_not_differ() -> None:
    assert not difference(config(A, B), config(replace(A), B))


def test_accounts_are_added_removed_and_changed() -> None:
    found = difference(config(A, B), config(replace(B, label="B"), C))
    assert (found.added, found.removed, found.changed) == (("c",), ("a",), ("b",))
    assert not found.reordered
    assert not found.sections


def test_a_new_password_is_a_change() -> None:
    old, new = replace(A, password=Secret("x")), replace(A, password=Secret("y"))
    assert difference(config(old), config(new)).changed == ("a",)


def test_another_order_of_preference_is_a_difference() -> None:
    assert difference(config(A, B), config(B, A)).reordered
    assert not difference(config(A, B), config(C, A, B)).reordered


@pytest.mark.parametrize(
    ("new", "section"),
    [
        (Config(sip=SipConfig(port=5060)), "sip"),
        (Config(log=LogConfig(level=LogLevel.DEBUG)), "log"),
    ],
)
def test_a_changed_section_is_named(new: Config, section: str) -> None:
    found = difference(Config(), new)
    assert found
    assert found.sections == {section}
