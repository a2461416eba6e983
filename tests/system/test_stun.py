# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone with coturn as its STUN server: used while it lives, done without when it is gone."""

import asyncio
import json
import re
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from offhookd.bus.names import ROOT
from tests.support.cli import CommandLine
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.line import SILENT, line
from tests.support.processes import until
from tests.support.stun import ADDRESS, Coturn

WAIT_S = 20.0
ACCOUNT = f"{ROOT}/accounts/work"


@pytest.fixture(scope="module")
def own_address() -> str:
    """By which the phone calls without STUN; the server on the loopback sees another one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but the loopback's")
        return str(probe.getsockname()[0])


@pytest.fixture
def coturn(tmp_path: Path) -> Iterator[Coturn]:
    if shutil.which("turnserver") is None:
        pytest.skip("turnserver is not installed")
    server = Coturn(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "offhook"
    directory.mkdir()
    return directory


@pytest.fixture
async def phone(
    session_bus: PrivateBus, home: Path, coturn: Coturn, own_address: str
) -> AsyncIterator[Phone]:
    assert own_address != ADDRESS
    coturn.start()
    account = {
        "uri": f"sip:ada@{ADDRESS}",
        "registrar": "none",
        "accept_from": "anyone",
        "stun": coturn.address,
    }
    config = json.dumps({"accounts": {"work": account}, "audio": SILENT})
    async with line(session_bus, home, config) as running:
        await until(lambda: "sees us at" in running.daemon.log, WAIT_S, "the server's answer")
        yield running


@pytest.fixture
def far_end() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ADDRESS, 0))
        sock.setblocking(False)
        yield sock


async def offered(phone: Phone, far_end: socket.socket) -> str:
    """The address for the sound in the INVITE of a new call."""
    call = await phone.dial(f"sip:bob@{ADDRESS}:{far_end.getsockname()[1]}")
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(WAIT_S):
        while not (invite := await loop.sock_recv(far_end, 65_536)).startswith(b"INVITE"):
            pass
    await phone.call("Call", "Hangup", path=call)
    found = re.search(rb"\r\nc=IN IP4 (\S+)", invite)
    assert found
    return found[1].decode()


async def troubled(phone: Phone) -> list[list[str]]:
    problems: list[list[str]] = await phone.get("Manager", "Problems")  # type: ignore[assignment]  # as the contract says
    return [problem for problem in problems if problem[0] == "stun"]


async def test_the_server_is_used_done_without_when_it_is_killed_and_used_when_it_is_back(
    phone: Phone, coturn: Coturn, far_end: socket.socket, own_address: str
) -> None:
    assert await offered(phone, far_end) == ADDRESS
    assert not await troubled(phone)
    coturn.kill()
    assert await offered(phone, far_end) == own_address
    await phone.until("Manager", "State", "degraded")
    ((_, subject, text),) = await troubled(phone)
    assert subject == ACCOUNT
    assert coturn.address in text
    assert await offered(phone, far_end) == own_address
    coturn.start()
    await phone.until("Manager", "State", "running", limit_s=WAIT_S)
    assert await offered(phone, far_end) == ADDRESS


async def test_the_doctor_asks_it(
    phone: Phone, coturn: Coturn, session_bus: PrivateBus, home: Path
) -> None:
    assert phone.daemon.config_file == home / "offhook.yaml"
    offhook = CommandLine(session_bus.address, {"XDG_CONFIG_HOME": str(home.parent)})
    said = await offhook("doctor")
    assert f"{coturn.address} at {coturn.address} sees us at {ADDRESS}" in said.out
    coturn.kill()
    said = await offhook("doctor")
    assert f"{coturn.address}: {coturn.address}: connection refused" in said.out
    assert "name another one" in said.out
