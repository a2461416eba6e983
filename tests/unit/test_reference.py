# SPDX-License-Identifier: GPL-2.0-or-later
"""The reference that is made from the contract, the explained configuration and the parsers."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from offhookd.bus.contract import CONTRACT_FILE
from offhookd.config.accounts import KEYS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_member_of_the_contract_is_in_the_reference(reference: ModuleType) -> None:
    text = reference.dbus_reference(CONTRACT_FILE.read_text())
    xml = CONTRACT_FILE.read_text()
    names = re.findall(r'<(?:method|property|signal) name="(\w+)"', xml)
    assert sorted(re.findall(r"(?m)^### (\w+)$", text)) == sorted(names)
    assert "`method Swap()`" in text
    assert "`property as; read, write`\n\npreference lists of endpoint names" in text
    assert "<!--" not in text.partition("\n")[2]  # after the word of its origin


def test_every_key_of_an_account_is_in_the_reference(reference: ModuleType) -> None:
    text = reference.configuration_reference((ROOT / "config/offhook.yaml").read_text())
    assert {f"accounts.work.{key}" for key in KEYS} <= set(re.findall(r"(?m)^### (\S+)$", text))
    assert "### sip.port\n\nDefault: `0`\n\nLocal port; 0 lets" in text


def test_the_pages_in_docs_are_up_to_date(reference: ModuleType) -> None:
    for file, text in reference.pages().items():
        current = (ROOT / "docs" / file).read_text()
        assert current == text, "run: python docs/reference.py"


def test_the_manual_page_has_every_command(reference: ModuleType) -> None:
    page = reference.manual("offhook.cli.parser", "offhook", "use the phone")
    assert page.startswith(".TH OFFHOOK")
    for command in ("dial", "hangup", "watch", "contacts"):
        assert f"offhook {command}" in page


def test_every_program_has_a_manual_page(reference: ModuleType) -> None:
    pages = {Path(file).stem for file in reference.MANUALS}
    assert pages == set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"])
    page = reference.manual(*reference.MANUALS["offhook-tray.1"][:1], "offhook-tray", "the phone")
    assert "background" in page
