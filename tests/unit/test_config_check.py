# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhookd --check``, and the example that is installed."""

import io
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from offhookd.config import audio, calling, sections
from offhookd.config.accounts import KEYS
from offhookd.config.check import check
from offhookd.config.directory import DIRECTORY_KEYS
from offhookd.config.hooks import HOOKS, SCREEN_POP
from offhookd.config.load import load
from offhookd.config.schema import Config
from offhookd.phone.contacts import SourceKind
from offhookd.phone.values import AccountId
from tests.support.config_file import write

EXAMPLE = Path(__file__).parents[2] / "config" / "offhook.yaml"

# A key that is commented out, with its value and what is said about it.
OFFERED = re.compile(r"^( +)#(\w+): (.*?)( +# example)?$", re.MULTILINE)


def run(*paths: Path) -> tuple[int, str]:
    out = io.StringIO()
    return check(paths, out), out.getvalue()


def test_a_valid_file_is_one_line_and_exit_status_0() -> None:
    assert run(EXAMPLE) == (0, f"{EXAMPLE}: valid, 1 account\n")


def test_no_file_is_valid() -> None:
    assert run() == (0, "no configuration file: valid, 0 accounts\n")


def test_problems_are_a_line_each_and_exit_status_78(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "sip: {prot: 1}\nlog: {level: loud}")
    status, printed = run(path)
    assert status == os.EX_CONFIG == 78
    assert printed.splitlines() == [
        f"{path}:1: sip.prot: unknown key (did you mean port?)",
        f"{path}:2: log.level: must be one of debug, info, warning, error, not loud",
    ]


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    text = OFFERED.sub(
        lambda key: "" if key[4] else f"{key[1]}{key[2]}: {key[3]}", EXAMPLE.read_text()
    )
    authorities = write(tmp_path / "ca.pem", "")
    text = text.replace("/etc/ssl/certs/ca-certificates.crt", str(authorities))
    shown = load([write(tmp_path / "c.yaml", text.encode())])
    minimal = "accounts: {work: {uri: sip:1001@pbx.example.com}}"
    default = load([write(tmp_path / "d.yaml", minimal)])
    assert shown.sip.ca_file == authorities
    assert shown.accounts == default.accounts
    assert replace(shown, accounts={}, sip=default.sip) == replace(default, accounts={})


@pytest.mark.parametrize(
    "key", sorted(set(OFFERED.findall(EXAMPLE.read_text()))), ids=lambda k: k[1]
)
def test_what_the_example_proposes_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: tuple[str, str, str, str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / ".config/offhook/work.password", "hunter2")
    indent, name, value, _ = key
    if name == "ca_file":
        value = str(write(tmp_path / "ca.pem", ""))
    text = EXAMPLE.read_text()
    line = next(match[0] for match in OFFERED.finditer(text) if match.groups("") == key)
    path = write(tmp_path / "c.yaml", text.replace(line, f"{indent}{name}: {value}").encode())
    config = load([path])
    if indent == "    ":
        assert getattr(config.accounts[AccountId("work")], name) is not None
    else:
        assert config != Config()


def test_the_example_explains_every_key() -> None:
    known = {
        *KEYS,
        *sections.SIP,
        *audio.AUDIO,
        *sections.DEVICES,
        *DIRECTORY_KEYS,
        *HOOKS,
        *sections.DESKTOP,
        *SCREEN_POP,
        *sections.RECORDING,
        *sections.TONES,
        *sections.LOG,
        *calling.CALLS,
        *calling.SCREENING,
        *calling.AUTO_ANSWER,
        *calling.RINGING,
        *calling.EMERGENCY,
    }
    assert {match[2] for match in OFFERED.finditer(EXAMPLE.read_text())} | {"uri"} == known


def test_the_address_books_of_the_example_are_valid(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    block = text[text.index("  # sources:") :].partition("\n\n")[0]
    lines = [line.replace("  # ", "  ", 1) for line in block.splitlines()]
    path = write(tmp_path / "c.yaml", "\n".join(["directory:", *lines, ""]).encode())
    assert {one.kind for one in load([path]).directory.sources.values()} == set(SourceKind)
