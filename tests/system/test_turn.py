# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone with coturn as its TURN server: a call with baresip that only it carries, and what
becomes of calls when it is gone or refuses."""

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
from offhookd.engine.protocol import Dial, GetStatistics, Hangup, Hold, LegMedia, SetTurn
from tests.support.baresip import Baresip
from tests.support.cli import CommandLine
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.engine import START, EngineProcess
from tests.support.line import SILENT, line
from tests.support.processes import until, wait_until
from tests.support.stun import ADDRESS, PASSWORD, USER, Coturn

WAIT_S = 20.0
ACCOUNT = f"{ROOT}/accounts/work"
PACKETS = 50
"""A second of sound."""

_users = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def needs_an_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but the loopback's")


@pytest.fixture
def coturn(tmp_path: Path) -> Iterator[Coturn]:
    if shutil.which("turnserver") is None:
        pytest.skip("turnserver is not installed")
    server = Coturn(tmp_path, relays=True).start()
    yield server
    server.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "offhook"
    directory.mkdir()
    return directory


# ---------------------------------------------------------------- a call


@pytest.mark.parametrize("srtp", ["", "srtp-mand"])
def test_a_far_end_that_knows_nothing_but_the_relay_is_heard_and_hears(
    home: Path, coturn: Coturn, srtp: str
) -> None:
    """baresip without ICE sends where the offer says: to an address of coturn, which lets through
    nobody but whom the phone has named."""
    with Baresip(home, "bob", srtp=srtp) as bob, EngineProcess(START.but(bind="")) as engine:
        engine.add_account(
            "alice", ice=True, accept_anyone=True, srtp="required" if srtp else "disabled"
        )
        engine.ask(
            SetTurn(account="alice", server=coturn.address, username=USER, password=PASSWORD)
        )
        target = bob.contact
        engine.ask(
            Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=False)
        )
        engine.wait_state(1, "active", WAIT_S)
        wait_until(lambda: received(engine) > PACKETS, WAIT_S, "the sound of baresip")
        engine.ask(Hold(leg=1, held=True))
        seen = len(engine.events)
        engine.ask(Hold(leg=1, held=False))
        engine.wait_for(LegMedia, lambda event: event.flow == "both", WAIT_S, seen)
        before = received(engine)
        wait_until(lambda: received(engine) > before + PACKETS, WAIT_S, "its sound after the hold")
        engine.ask(Hangup(leg=1))
        engine.wait_state(1, "ended", WAIT_S)
        wait_until(lambda: min(relayed(coturn)) > PACKETS, WAIT_S, "what coturn counted")


def received(engine: EngineProcess) -> int:
    return int(str(engine.ask(GetStatistics(leg=1)).data["received_packets"]))


def relayed(coturn: Coturn) -> tuple[int, int]:
    """Packets to and from the far end, as coturn counts them when an address is given back."""
    counts = re.findall(r"peer usage: .*?rp=(\d+).*?sp=(\d+)", coturn.log)
    return sum(int(one) for one, _ in counts), sum(int(one) for _, one in counts)


def test_a_call_outlives_the_server_that_carries_it(home: Path, coturn: Coturn) -> None:
    """Nothing is heard any more, but the engine stands and the call can be ended."""
    with Baresip(home, "bob") as bob, EngineProcess(START.but(bind="")) as engine:
        engine.add_account("alice", ice=True, accept_anyone=True)
        engine.ask(
            SetTurn(account="alice", server=coturn.address, username=USER, password=PASSWORD)
        )
        target = bob.contact
        engine.ask(
            Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=False)
        )
        engine.wait_state(1, "active", WAIT_S)
        wait_until(lambda: received(engine) > PACKETS, WAIT_S, "the sound of baresip")
        coturn.kill()
        engine.ask(Hangup(leg=1))
        engine.wait_state(1, "ended", WAIT_S)
        assert engine.stop() == 0


# ---------------------------------------------------------------- the phone


def configuration(coturn: Coturn, password: str = PASSWORD) -> str:
    account = {
        "uri": f"sip:ada@{ADDRESS}",
        "registrar": "none",
        "accept_from": "anyone",
        "turn": {"server": coturn.address, "username": USER, "password": password},
    }
    return json.dumps({"accounts": {"work": account}, "audio": SILENT})


@pytest.fixture
async def phone(session_bus: PrivateBus, home: Path, coturn: Coturn) -> AsyncIterator[Phone]:
    async with line(session_bus, home, configuration(coturn)) as running:
        await until(lambda: "relays from" in running.daemon.log, WAIT_S, "the server's address")
        yield running


@pytest.fixture
def far_end() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ADDRESS, 0))
        sock.setblocking(False)
        yield sock


async def offered(phone: Phone, far_end: socket.socket) -> str:
    """The INVITE of a new call."""
    user = f"bob{next(_users)}"  # the INVITEs of calls before are repeated for a while
    call = await phone.dial(f"sip:{user}@{ADDRESS}:{far_end.getsockname()[1]}")
    start = f"INVITE sip:{user}@".encode()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(WAIT_S):
        while not (invite := await loop.sock_recv(far_end, 65_536)).startswith(start):
            pass
    await phone.call("Call", "Hangup", path=call)
    return invite.decode()


async def trouble(phone: Phone) -> list[str]:
    problems: list[list[str]] = await phone.get("Manager", "Problems")  # type: ignore[assignment]  # as the contract says
    return [text for code, subject, text in problems if (code, subject) == ("turn", ACCOUNT)]


async def test_the_server_is_used_done_without_when_it_is_killed_and_used_when_it_is_back(
    phone: Phone, coturn: Coturn, far_end: socket.socket
) -> None:
    assert "typ relay" in await offered(phone, far_end)
    assert not await trouble(phone)
    coturn.kill()
    assert "typ relay" not in await offered(phone, far_end)
    await phone.until("Manager", "State", "degraded")
    (text,) = await trouble(phone)
    assert f"calls without its TURN server {coturn.address}" in text
    coturn.start()
    await phone.until("Manager", "State", "running", limit_s=WAIT_S)
    assert "typ relay" in await offered(phone, far_end)


async def test_a_wrong_password_is_told_and_calls_go_without(
    session_bus: PrivateBus, home: Path, coturn: Coturn, far_end: socket.socket
) -> None:
    async with line(session_bus, home, configuration(coturn, "guessed")) as phone:
        await phone.until("Manager", "State", "degraded")
        (text,) = await trouble(phone)
        assert "it refuses the user name or the password (401)" in text
        assert "typ relay" not in await offered(phone, far_end)


async def test_the_doctor_asks_it(
    phone: Phone, coturn: Coturn, session_bus: PrivateBus, home: Path
) -> None:
    assert phone.daemon.config_file == home / "offhook.yaml"
    offhook = CommandLine(session_bus.address, {"XDG_CONFIG_HOME": str(home.parent)})
    said = await offhook("doctor")
    assert f"{coturn.address} at {coturn.address} relays from {ADDRESS}" in said.out
    (home / "offhook.yaml").write_text(configuration(coturn, "guessed"))
    said = await offhook("doctor")
    assert f"{coturn.address}: it refuses the user name or the password (401)" in said.out
    assert "correct accounts: work: turn: username or its password" in said.out
    coturn.kill()
    said = await offhook("doctor")
    assert f"{coturn.address}: {coturn.address}: connection refused" in said.out
