# SPDX-License-Identifier: GPL-2.0-or-later
"""A person adds an account: a real terminal, a real keyring, a real registrar."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from offhook.aio import Phone
from offhook.tray.configuration import Configuration
from tests.support.cli import CommandLine
from tests.support.daemon import RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio, password
from tests.support.processes import PATIENCE_S, until
from tests.support.secret_service import SecretService, secret_service
from tests.support.terminal import on_terminal

OFFHOOK = (sys.executable, "-c", "from offhook.cli.main import main; raise SystemExit(main())")
WRITTEN = "# mine\nsip: {port: 0, bind: 127.0.0.1}   # here only\naudio: {backend: silent}\n"


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[SecretService]:
    home = tmp_path / "home"
    home.mkdir()
    with secret_service(home) as service:
        yield service


@pytest.fixture
async def daemon(keyring: SecretService, tmp_path: Path) -> AsyncIterator[RunningDaemon]:
    directory = tmp_path / "offhook"
    directory.mkdir()
    bus = PrivateBus(directory)
    bus.address = keyring.address
    running = RunningDaemon(bus, directory, WRITTEN)
    try:
        await running.start()
        yield running
    finally:
        running.close()


@pytest.fixture
def offhook(keyring: SecretService, tmp_path: Path) -> CommandLine:
    return CommandLine(keyring.address, {"XDG_CONFIG_HOME": str(tmp_path)})


async def test_it_is_asked_for_stored_registered_and_removed(
    daemon: RunningDaemon, keyring: SecretService, kamailio: Kamailio, offhook: CommandLine
) -> None:
    keyring.start()
    async with on_terminal(*OFFHOOK, "account", "add", environment=offhook.environment) as terminal:
        await terminal.shows("Name of the account [work]: ")
        terminal.press("\n")
        await terminal.shows("Address (sip:user@server): ")
        terminal.press(f"1001@127.0.0.1:{kamailio.port}\n")
        await terminal.shows("Transport: udp, tcp or tls [udp]: ")
        terminal.press("tcp\n")
        await terminal.shows("Password: ")
        terminal.press(f"{password('1001')}\n")
        await terminal.shows(f"work is registered as {kamailio.uri('1001')}")
        assert await terminal.ended() == 0
        assert password("1001") not in terminal.text
    assert daemon.config_file.read_text() == (
        f"{WRITTEN}\naccounts:\n  work:\n    uri: {kamailio.uri('1001')}\n    transport: tcp\n"
    )
    assert daemon.config_file.stat().st_mode & 0o777 == 0o600
    assert len(kamailio.contacts("1001")) == 1

    removed = await offhook("account", "remove", "work")
    assert (removed.status, removed.err) == (0, "")
    assert daemon.config_file.read_text() == f"{WRITTEN}\naccounts: {{}}\n"
    async with Phone(keyring.address) as phone:
        assert phone.accounts == []
    again = await offhook("account", "remove", "work")
    assert again.err == "offhook: The configuration has no account work\n"


async def test_a_script_adds_one_without_a_keyring(
    daemon: RunningDaemon, kamailio: Kamailio, offhook: CommandLine, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(password("1002"))
    words = ("account", "add", "home", "--uri", kamailio.uri("1002"))
    added = await offhook(*words, "--password-command", f"cat {secret}")
    assert added.err == ""
    assert added.status == 0
    assert added.out.endswith(f"home is registered as {kamailio.uri('1002')}\n")


async def test_what_goes_wrong_is_said_in_a_line(
    daemon: RunningDaemon, keyring: SecretService, kamailio: Kamailio, offhook: CommandLine
) -> None:
    words = ("account", "add", "work", "--uri", kamailio.uri("1001"))
    asked = await offhook(*words)
    assert (asked.status, asked.err) == (
        1,
        "offhook: There is no terminal to ask at: give --password-stdin or --password-command\n",
    )
    wrong = await offhook("account", "add", "work", "--uri", "sip:@", "--registrar", "none")
    assert (wrong.status, wrong.err.count("\n")) == (1, 1)
    assert f"{daemon.config_file}:7: accounts.work.uri" in wrong.err
    assert daemon.config_file.read_text() == WRITTEN

    refused = await offhook(*words, "--password-command", "echo wrong")
    assert refused.status == 1
    assert refused.err.startswith("offhook: Account work is not registered: ")
    assert refused.err.endswith("to begin anew: offhook account remove work\n")
    assert refused.err.count("\n") == 1


async def test_the_window_adds_one_with_a_password_that_can_be_mended(
    daemon: RunningDaemon,
    keyring: SecretService,
    kamailio: Kamailio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyring.start()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(daemon.directory.parent))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", keyring.address)
    async with Phone(keyring.address) as phone:
        configuration = Configuration(phone, lambda: None)
        keys = {"uri": kamailio.uri("1001"), "transport": "udp"}
        await configuration.add_account("work", keys, "wrong")
        assert configuration.accounts == ["work"]
        await until(lambda: states(phone) == ["failed"], PATIENCE_S, "it is refused")
        await configuration.keep_password("work", password("1001"))
        assert states(phone) == ["registered"]
        await configuration.remove_account("work")
        await until(lambda: states(phone) == [], PATIENCE_S, "it is gone")
    assert daemon.config_file.read_text() == f"{WRITTEN}\naccounts: {{}}\n"


def states(phone: Phone) -> list[str]:
    return [account.state for account in phone.accounts]


async def test_without_a_keyring_nothing_is_written(
    daemon: RunningDaemon, kamailio: Kamailio, offhook: CommandLine
) -> None:
    words = ("account", "add", "work", "--uri", kamailio.uri("1001"), "--transport", "udp")
    async with on_terminal(*OFFHOOK, *words, environment=offhook.environment) as terminal:
        await terminal.shows("Password: ")
        terminal.press("secret\n")
        await terminal.shows("The keyring is not to be had", "use a password command")
        assert await terminal.ended() == 1
    assert daemon.config_file.read_text() == WRITTEN
    assert [one.name for one in daemon.config_file.parent.glob(".offhook*")] == []
