# SPDX-License-Identifier: GPL-2.0-or-later
"""What real shells offer while a command is typed."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.engine import EngineProcess
from tests.support.terminal import on_terminal

PEOPLE = """\
name,phone,organization
Ada Lovelace,+4930123456,Engines
Ada Byron,+4930999,Poets
Bob Miller,+4940777,Mills
"""
BOOK = "directory: {{sources: {{people: {{kind: csv, path: {path}}}}}}}\n"
OFFER = """
source {script}
COMP_WORDS=(offhook {words} "$1") COMP_CWORD={place}
_shtab_offhook
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    people = tmp_path / "people.csv"
    people.write_text(PEOPLE)
    async with running_phone(session_bus, tmp_path, DIRECT + BOOK.format(path=people)) as running:
        await running.until("Contacts", "Sources", [["people", "csv", "ready"]])
        yield running


@pytest.fixture
def shell(session_bus: PrivateBus, tmp_path: Path) -> Mapping[str, str]:
    """The environment of a shell that finds ``offhook`` and both of its scripts."""
    program = tmp_path / "bin" / "offhook"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nfrom offhook.cli.main import main\nraise SystemExit(main())\n"
    )
    program.chmod(0o755)
    for name, file in (("bash", "offhook.bash"), ("zsh", "_offhook"), ("fish", "offhook.fish")):
        script = subprocess.run(
            [program, "--print-completion", name], check=True, capture_output=True
        ).stdout
        (tmp_path / file).write_bytes(script)
    return {
        **os.environ,
        "DBUS_SESSION_BUS_ADDRESS": session_bus.address,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }


def offered(shell: Mapping[str, str], words: str, word: str) -> list[str]:
    """What bash is told to offer for `word` after ``offhook WORDS``."""
    script = OFFER.format(
        script=f"{shell['HOME']}/offhook.bash", words=words, place=len(words.split()) + 1
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", word],
        env=shell,
        check=True,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    return [line for line in done.stdout.splitlines() if line]


async def test_bash_offers_what_the_phone_has(
    phone: Phone, shell: Mapping[str, str], far_end: EngineProcess
) -> None:
    await phone.dial(f"sip:test@127.0.0.1:{far_end.port}")
    assert offered(shell, "hangup", "") == ["c1"]
    assert offered(shell, "dtmf 12 --call", "c") == ["c1"]
    assert offered(shell, "callback", "c") == ["c1"]
    assert offered(shell, "accounts register", "") == ["direct"]
    assert offered(shell, "dial --account", "di") == ["direct"]
    assert offered(shell, "dial --account", "x") == []
    assert offered(shell, "audio use ringer", "def") == ["default"]
    assert offered(shell, "audio use", "ri") == ["ringer"]


async def test_bash_offers_people_by_name_and_number(
    phone: Phone, shell: Mapping[str, str]
) -> None:
    assert offered(shell, "dial", "bob") == ["+4940777"]
    assert offered(shell, "dial", "+4930") == ["+4930999", "+4930123456"]
    # Only shown: neither may take the place of what was typed.
    assert offered(shell, "transfer", "ada") == [
        "+4930999  Ada Byron, work",
        "+4930123456  Ada Lovelace, work",
        " ",
    ]


def fish_offers(shell: Mapping[str, str], line: str) -> list[str]:
    script = f"source {shell['HOME']}/offhook.fish; complete -C (cat)"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        env=shell,
        input=line,
        check=True,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    return [one.partition("\t")[0] for one in done.stdout.splitlines()]


async def test_fish_offers_what_the_phone_has(
    phone: Phone, shell: Mapping[str, str], far_end: EngineProcess
) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    await phone.dial(f"sip:test@127.0.0.1:{far_end.port}")
    assert fish_offers(shell, "offhook hangup ") == ["c1"]
    assert fish_offers(shell, "offhook dtmf 12 --call c") == ["c1"]
    assert fish_offers(shell, "offhook --ver") == ["--version"]
    assert fish_offers(shell, "offhook accounts --ver") == []
    assert fish_offers(shell, "offhook accounts reg") == ["register"]
    assert fish_offers(shell, "offhook accounts register ") == ["direct"]
    assert fish_offers(shell, "offhook dial --account direct +4940") == ["+4940777"]
    assert fish_offers(shell, "offhook audio use ri") == ["ringer"]
    assert fish_offers(shell, "offhook audio use ringer default def") == ["default"]


def test_without_a_daemon_nothing_is_offered_and_none_is_started(
    session_bus: PrivateBus, shell: Mapping[str, str]
) -> None:
    assert offered(shell, "hangup", "") == []
    assert offered(shell, "", "han") == ["hangup"]


@pytest.mark.parametrize(
    ("program", "setup"),
    [
        (("bash", "--norc", "--noprofile", "-i"), "source $HOME/offhook.bash"),
        (("zsh", "-f", "-i"), "fpath=($HOME $fpath); autoload -U compinit; compinit -u -D"),
    ],
    ids=["bash", "zsh"],
)
async def test_the_tab_key_completes(
    phone: Phone, shell: Mapping[str, str], program: tuple[str, ...], setup: str
) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    async with on_terminal(*program, environment=shell) as terminal:
        terminal.press(f"{setup}; echo re''ady\n")
        await terminal.shows("ready")
        terminal.press("offhook accounts disa\tdir\t\n")
        await phone.until("Account", "Enabled", False, "/org/offhook/Phone1/accounts/direct")
        before = len(terminal.text)
        terminal.press("offhook dial bob\t")
        await terminal.shows("+4940777", since=before)
