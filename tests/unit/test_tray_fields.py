# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings beside the daemon that reads what they write."""

from collections.abc import Mapping
from enum import StrEnum
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from offhook.settings.text import with_value
from offhook.tray.fields import Field, Kind, account_fields, pages
from offhookd.config.load import load, validate
from tests.support.config_file import write

ACCOUNT = "accounts:\n  work: {uri: sip:1001@pbx}\n"
FIELDS = [*account_fields("work"), *(field for page in pages() for field in page.fields)]


@pytest.fixture(autouse=True)
def nothing_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def values(field: Field) -> list[str]:
    """Some that the field can write."""
    return [value for value, _ in field.choices] or [str(field.limits[1])]


@pytest.mark.parametrize(
    "field",
    [one for one in FIELDS if one.kind in (Kind.CHOICE, Kind.SUGGESTION, Kind.NUMBER)],
    ids=lambda field: field.key,
)
def test_the_daemon_takes_every_choice(field: Field, tmp_path: Path) -> None:
    for value in values(field):
        text = with_value(ACCOUNT, field.path, field.written(value))
        assert validate([write(tmp_path / "offhook.yaml", text)]) == ()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_every_key_is_known(field: Field, tmp_path: Path) -> None:
    text = with_value(ACCOUNT, field.path, "x")
    reasons = [one.reason for one in validate([write(tmp_path / "offhook.yaml", text)])]
    assert not [one for one in reasons if "unknown key" in one]


@pytest.mark.parametrize("field", [one for one in FIELDS if one.usual], ids=lambda field: field.key)
def test_what_is_shown_as_usual_is_so(field: Field, tmp_path: Path) -> None:
    config = load([write(tmp_path / "offhook.yaml", ACCOUNT)])
    found = reduce(below, field.path, config)
    assert (str(found).lower() if not isinstance(found, StrEnum) else found.value) == field.usual


def below(found: Any, name: str) -> Any:
    return found[name] if isinstance(found, Mapping) else getattr(found, name)
