# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone with coturn as its STUN server: used while it lives, done without when it is gone; and
a call with baresip through a router that changes the ports."""

import asyncio
import itertools
import json
import re
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from offhookd.bus.names import ROOT
from offhookd.engine.protocol import Dial, GetStatistics, SetStun
from tests.support.baresip import Baresip
from tests.support.cli import CommandLine
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.engine import START, EngineProcess
from tests.support.line import SILENT, line
from tests.support.processes import PATIENCE_S, until, wait_until
from tests.support.router import Router
from tests.support.stun import ADDRESS, Coturn

ACCOUNT = f"{ROOT}/accounts/work"

_users = itertools.count(1)

PACKETS = 50
"""A second of sound."""


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
        await until(lambda: "sees us at" in running.daemon.log, PATIENCE_S, "the server's answer")
        yield running


@pytest.fixture
def far_end() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ADDRESS, 0))
        sock.setblocking(False)
        yield sock


async def offered(phone: Phone, far_end: socket.socket) -> str:
    """The address for the sound in the INVITE of a new call."""
    user = f"bob{next(_users)}"  # the INVITEs of calls before are repeated for a while
    call = await phone.dial(f"sip:{user}@{ADDRESS}:{far_end.getsockname()[1]}")
    start = f"INVITE sip:{user}@".encode()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE_S):
        while not (invite := await loop.sock_recv(far_end, 65_536)).startswith(start):
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
    await phone.until("Manager", "State", "running", limit_s=PATIENCE_S)
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


@pytest.mark.parametrize("ice", [False, True])
def test_both_hear_each_other_through_a_router_that_changes_the_ports(
    home: Path, own_address: str, ice: bool
) -> None:
    """Without ICE baresip knows nothing but the outer sockets; with it, it tries them and finds the
    straight way."""
    with (
        Router() as router,
        Baresip(home, "bob", ice_at=own_address if ice else "") as bob,
        EngineProcess(START.but(bind="")) as engine,
    ):
        engine.add_account("alice", ice=ice, accept_anyone=True)
        engine.ask(SetStun(servers={"alice": router.server.address}))
        target = bob.contact
        engine.ask(
            Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=False)
        )
        engine.wait_state(1, "active", PATIENCE_S)
        holes = router.holes.values()
        assert len(holes) == 2, "RTP and RTCP"
        wanted = 1 if ice else PACKETS

        def both_ways() -> bool:
            return any(min(hole.came_in, hole.went_out) >= wanted for hole in holes)

        wait_until(both_ways, PATIENCE_S, "packets through the router")
        wait_until(lambda: received(engine) > PACKETS, PATIENCE_S, "the sound of baresip")


def received(engine: EngineProcess) -> int:
    return int(str(engine.ask(GetStatistics(leg=1)).data["received_packets"]))
