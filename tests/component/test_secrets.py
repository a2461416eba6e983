# SPDX-License-Identifier: GPL-2.0-or-later
"""Passwords from files, from programs and from a real keyring."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offhookd.config.schema import AccountConfig, Secret, TurnConfig
from offhookd.desktop.secrets import SecretError, password_for, turn_password_for
from offhookd.phone.values import AccountId
from tests.support.config_file import write
from tests.support.processes import PATIENCE_S, until
from tests.support.secret_service import SecretService, secret_service

WORK = AccountConfig(
    id=AccountId("work"),
    uri="sip:1001@pbx.example.com",
    username="1001",
    label="work",
    registrar="sip:pbx.example.com",
)


def command(*words: str) -> AccountConfig:
    return replace(WORK, password_command=words)


def shell(script: str) -> AccountConfig:
    return command("sh", "-c", script)


async def failure(account: AccountConfig, seconds: float = 5.0) -> str:
    with pytest.raises(SecretError) as caught:
        await password_for(account, command_seconds=seconds, keyring_seconds=seconds)
    return str(caught.value)


async def test_a_password_of_the_configuration_is_itself() -> None:
    assert await password_for(replace(WORK, password=Secret("hunter2"))) == "hunter2"


async def test_direct_calls_need_no_password() -> None:
    assert await password_for(replace(WORK, registrar="")) == ""


@pytest.mark.parametrize("text", ["p\u00e4ss w\n", "p\u00e4ss w", "p\u00e4ss w\r\nnotes\n"])
async def test_a_files_first_line_is_the_password(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "password", text.encode())
    assert await password_for(replace(WORK, password_file=path)) == "p\u00e4ss w"


@pytest.mark.parametrize(
    ("content", "mode", "complaint"),
    [
        (b"hunter2", 0o644, ": others can read it (mode 0644); run chmod 600 on it"),
        (b"\nhunter2", 0o600, " gives an empty password; its first line must be the password"),
        (b"hunter2\x07", 0o600, " gives a password with control characters in it"),
        (b"hunter2\xff", 0o600, " is not UTF-8 text; save it in that encoding"),
        (b"hunter2" * 200, 0o600, " gives a first line of more than 1024 bytes"),
        (b"hunter2\n" * 10_000, 0o600, " is larger than 65536 bytes"),
    ],
)
async def test_a_file_that_will_not_do_is_named(
    tmp_path: Path, content: bytes, mode: int, complaint: str
) -> None:
    path = write(tmp_path / "password", content, mode)
    found = await failure(replace(WORK, password_file=path))
    assert found == f"accounts.work.password_file: {path}{complaint}"


async def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    path = tmp_path / "password"
    found = await failure(replace(WORK, password_file=path))
    assert found == f"accounts.work.password_file: {path} cannot be read: no such file or directory"


async def test_a_programs_first_line_is_the_password() -> None:
    assert await password_for(shell("echo 'p\u00e4ss w'; echo more")) == "p\u00e4ss w"


async def test_no_shell_looks_at_a_command() -> None:
    assert await password_for(command("echo", "$HOME;*")) == "$HOME;*"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("echo hunter2; exit 3", " failed with status 3: nothing on standard error"),
        ("echo no key >&2; echo x >&2; exit 1", " failed with status 1: no key"),
        ("printf '\\033[2J' >&2; exit 1", " failed with status 1: \N{REPLACEMENT CHARACTER}[2J"),
        ("kill -9 $$", " failed with status -9: nothing on standard error"),
        ("true", " gives an empty password; its first line must be the password"),
        ("printf '\\377'", " gives a password that is not UTF-8 text"),
        ("head -c 100000 /dev/zero", " gives a first line of more than 1024 bytes"),
    ],
)
async def test_a_program_that_fails_is_named_with_its_words(script: str, complaint: str) -> None:
    assert await failure(shell(script)) == f"accounts.work.password_command: sh{complaint}"


@pytest.mark.parametrize(
    ("program", "reason"),
    [("/nowhere/pass", "No such file or directory"), ("/etc/passwd", "Permission denied")],
)
async def test_a_program_that_cannot_be_started_is_named(program: str, reason: str) -> None:
    found = await failure(command(program, "hunter2"))
    assert found == f"accounts.work.password_command: {program} cannot be started: {reason}"


@pytest.mark.parametrize("script", ["sleep 60", "yes", "sleep 60 | cat", "trap '' TERM; sleep 60"])
async def test_a_program_that_takes_too_long_is_ended(script: str) -> None:
    found = await failure(shell(script), seconds=0.1)
    assert found == "accounts.work.password_command: sh took longer than 0.1 s and was ended"


async def test_giving_up_ends_the_program_and_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    asking = asyncio.create_task(
        password_for(shell(f"sleep 60 & echo $! $$ > {pids}.new; mv {pids}.new {pids}; wait"))
    )
    await until(pids.exists, PATIENCE_S, "the program to start")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    started = pids.read_text().split()
    await until(lambda: not any(map(alive, started)), PATIENCE_S, "the program's end")


def alive(pid: str) -> bool:
    """A zombie, whose new parent has not looked yet, is not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text().partition(")")[2][:4]
    except FileNotFoundError:
        return False


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    with secret_service(tmp_path) as service:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
        yield service


@pytest.mark.parametrize("address", [None, "unix:path=/nowhere", "tcp:host=127.0.0.1", "x"])
async def test_without_a_session_bus_there_is_no_keyring(
    monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    if address is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert "no keyring runs on the session bus; start one" in await failure(WORK)


async def test_a_bus_without_a_keyring_says_what_to_do(keyring: SecretService) -> None:
    found = await failure(WORK)
    assert found.startswith("accounts.work: no password is configured and no keyring runs on the")
    assert found.endswith("or use password_command or password_file")


async def test_the_command_proposed_for_a_missing_password_stores_it(
    keyring: SecretService,
) -> None:
    keyring.start()
    found = await failure(WORK)
    before, _, proposal = found.partition("store it with: ")
    assert before == "accounts.work: the keyring has no password for it; "
    keyring.store(proposal, "p\u00e4ss w")
    assert await password_for(WORK) == "p\u00e4ss w"
    other = replace(WORK, id=AccountId("home"))
    assert "offhook-account home" in await failure(other)


async def test_a_locked_keyring_is_not_unlocked_but_reported(keyring: SecretService) -> None:
    keyring.start()
    keyring.store("secret-tool store --label=x offhook-account work", "hunter2")
    keyring.lock()
    assert await failure(WORK) == "accounts.work: the keyring is locked; unlock it, then reload"


async def test_a_keyring_that_does_not_answer_is_given_up(keyring: SecretService) -> None:
    keyring.start()
    keyring.freeze()
    found = await failure(WORK, seconds=0.3)
    assert found.startswith("accounts.work: the keyring did not answer within 0.3 s; see whether")


async def test_a_search_that_is_cancelled_leaves_no_process(keyring: SecretService) -> None:
    keyring.start()
    keyring.freeze()
    before = children()
    asking = asyncio.create_task(password_for(WORK))
    await until(lambda: children() - before, PATIENCE_S, "the search to begin")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert children() == before


def children() -> set[str]:
    """Pids of the processes that this one has begun."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())


async def test_the_password_of_a_turn_server_is_an_item_of_its_own(keyring: SecretService) -> None:
    keyring.start()
    turn = TurnConfig(server="turn.example.com", username="ada")
    with pytest.raises(SecretError) as caught:
        await turn_password_for(WORK.id, turn)
    before, _, proposal = str(caught.value).partition("store it with: ")
    assert before.startswith("accounts.work.turn: the keyring has no password for it")
    assert proposal.endswith(" offhook-turn work")
    assert await turn_password_for(WORK.id, replace(turn, password=Secret("s"))) == "s"
