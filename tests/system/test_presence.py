# SPDX-License-Identifier: GPL-2.0-or-later
"""Presence and busy lamps through a real presence server (Kamailio), between two phones."""

import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from offhook.aio import Phone as ClientPhone
from tests.support.baresip import Baresip
from tests.support.certificates import Certificates
from tests.support.cli import CommandLine
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus, private_bus
from tests.support.kamailio import Kamailio
from tests.support.line import ACCOUNT, account, configuration, incoming, line, registered
from tests.support.logind import logind
from tests.support.processes import PATIENCE_S, free_port, until
from tests.system.conftest import NewDirectory, _needs

NOBODY = "objectpath '/'"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Kamailio]:
    _needs("kamailio")
    directory = tmp_path_factory.mktemp("presence-server")
    with Kamailio(directory, certificates.server, presence=True) as running:
        yield running


@pytest.fixture(autouse=True)
def clean_server(server: Kamailio) -> Iterator[None]:
    yield
    server.reset()


@dataclass
class Pair:
    """Ada publishes; Bob watches her."""

    ada: Phone
    bob: Phone
    bob_sees: str

    async def until(self, **wanted: str) -> None:
        for name, value in wanted.items():
            await self.bob.until("Presence", name, value, self.bob_sees)


@pytest.fixture
async def pair(
    request: pytest.FixtureRequest,
    server: Kamailio,
    certificates: Certificates,
    directory: NewDirectory,
) -> AsyncIterator[Pair]:
    transport = getattr(request, "param", "udp")
    configs = [
        configuration(
            account(server, user, transport, presence=keys), ca_file=certificates.authority
        )
        for user, keys in (("1001", {"publish": True}), ("1002", {}))
    ]
    with private_bus() as first, private_bus() as second:
        async with (
            registered(first, directory("ada"), configs[0]) as ada,
            registered(second, directory("bob"), configs[1]) as bob,
        ):
            (path,) = await bob.call("Contacts", "Watch", "('1001', false)")
            yield Pair(ada, bob, path)


@pytest.mark.parametrize("pair", ["udp", "tcp", "tls"], indirect=True)
async def test_what_one_publishes_the_other_sees(pair: Pair) -> None:
    await pair.until(Subscription="active", State="available")
    for state in ("busy", "away", "dnd", "offline", "available"):
        await pair.ada.set("Manager", "Availability", f"<'{state}'>")
        await pair.until(State=state)
    await pair.ada.set("Manager", "AvailabilityNote", "<'Back at <5> & \"later\"'>")
    await pair.until(Note='Back at <5> & "later"')


async def test_a_call_shows_as_busy_and_its_telephone_as_what_it_does(pair: Pair) -> None:
    await pair.until(State="available")
    (seen,) = await pair.ada.call("Contacts", "Watch", "('1002', false)")
    await pair.ada.until("Presence", "Subscription", "active", seen)
    await pair.ada.dial("1002")
    await pair.ada.until("Presence", "Dialog", "ringing", seen)
    await pair.until(State="busy")
    await pair.bob.call("Telephony", "Answer", f"({NOBODY},)")
    await pair.ada.until("Presence", "Dialog", "confirmed", seen)
    await pair.ada.call("Telephony", "HangupAll")
    await pair.ada.until("Presence", "Dialog", "idle", seen)
    await pair.until(State="available")


async def test_who_stops_is_offline_at_once(pair: Pair) -> None:
    await pair.until(State="available")
    assert await pair.ada.daemon.stop() == 0
    await pair.until(State="offline")


async def test_a_new_engine_subscribes_and_publishes_anew(pair: Pair) -> None:
    await pair.until(State="available")
    engine = await pair.bob.get("Manager", "Engine")
    assert isinstance(engine, dict)
    os.kill(engine["pid"], signal.SIGKILL)
    await pair.until(State="unknown")
    await pair.until(State="available", Subscription="active")


async def test_persistent_watches_come_back_after_a_restart_and_others_do_not(
    session_bus: PrivateBus, server: Kamailio, tmp_path: Path
) -> None:
    config = configuration(account(server, "1003"))
    async with registered(session_bus, tmp_path, config) as phone:
        (kept,) = await phone.call("Contacts", "Watch", "('1001', true)")
        (same,) = await phone.call("Contacts", "Watch", f"('{server.uri('1001')}', false)")
        (passing,) = await phone.call("Contacts", "Watch", "('1002', false)")
        assert kept == same != passing
        await phone.daemon.stop()
        await phone.daemon.start()
        (again,) = await phone.call("Contacts", "Watch", "('1001', false)")
        assert again not in (kept, passing)
        await phone.until("Presence", "Subscription", "active", again)


async def test_a_watch_goes_with_its_client(
    session_bus: PrivateBus, server: Kamailio, tmp_path: Path
) -> None:
    async with registered(session_bus, tmp_path, configuration(account(server, "1003"))) as phone:
        async with ClientPhone(session_bus.address) as client:
            watched = await client.watch("1001")
            await phone.until("Presence", "Subscription", "active", watched.path)
        await phone.client.wait_for(
            lambda seen: seen["member"] == "InterfacesRemoved" and seen["body"][0] == watched.path,
            "signal",
        )


async def test_the_command_line_shows_and_says_it(
    session_bus: PrivateBus, server: Kamailio, tmp_path: Path
) -> None:
    offhook = CommandLine(session_bus.address)
    keys = {"publish": True, "watch": [f"Ada <{server.uri('1003')}>"]}
    config = configuration(account(server, "1003", presence=keys))
    async with registered(session_bus, tmp_path, config) as phone:
        (path,) = await phone.call("Contacts", "Watch", "('1003', false)")
        await phone.until("Presence", "State", "available", path)
        assert (await offhook("presence", "set", "away", "--note", "lunch")).status == 0
        assert (await offhook("presence")).out == "away  lunch\n"
        await phone.until("Presence", "State", "away", path)
        listed = (await offhook("colleagues")).out
        assert "Ada" in listed
        assert "away" in listed
        await phone.until("Presence", "Dialog", "idle", path)
        refused = await offhook("pickup", "ada")
        assert (refused.status, refused.err) == (1, "offhook: Nothing rings at Ada\n")
        refused = await offhook("colleagues", "remove", "1003")
        assert (refused.status, "configuration" in refused.err) == (1, True)


async def test_an_idle_desktop_is_away(
    session_bus: PrivateBus, server: Kamailio, tmp_path: Path
) -> None:
    config = configuration(account(server, "1003", presence={"publish": True}))
    environment = {"DBUS_SYSTEM_BUS_ADDRESS": session_bus.address}
    async with (
        logind(session_bus.address, os.getuid()) as desktop,
        registered(session_bus, tmp_path, config, environment) as phone,
    ):
        (path,) = await phone.call("Contacts", "Watch", "('1003', false)")
        await until(desktop.asked.is_set, PATIENCE_S, "the question whether anybody is here")
        await desktop.set_idle(True)
        await phone.until("Presence", "State", "away", path)
        await phone.set("Manager", "Availability", "<'busy'>")
        await phone.until("Presence", "State", "busy", path)
        await phone.set("Manager", "Availability", "<'available'>")
        await phone.until("Presence", "State", "away", path)
        await desktop.set_idle(False)
        await phone.until("Presence", "State", "available", path)


async def test_a_refused_publication_is_a_problem_of_the_account(
    session_bus: PrivateBus, server: Kamailio, tmp_path: Path
) -> None:
    server.fail("PUBLISH", 489)
    config = configuration(account(server, "1003", presence={"publish": True}))
    async with registered(session_bus, tmp_path, config) as phone:

        def is_told(seen: dict[str, object]) -> bool:
            return "presence-publish" in str(seen["body"])

        if "presence-publish" not in str(await phone.get("Manager", "Problems")):
            await phone.client.wait_for(is_told, "signal")
        problems = await phone.get("Manager", "Problems")
        assert isinstance(problems, list)
        ((code, where, text),) = problems
        assert (code, where) == ("presence-publish", ACCOUNT)
        assert "489 Injected" in text


async def test_a_refused_subscription_says_why(
    session_bus: PrivateBus, server: Kamailio, tmp_path: Path
) -> None:
    server.fail("SUBSCRIBE", 403)
    async with registered(session_bus, tmp_path, configuration(account(server, "1003"))) as phone:
        (path,) = await phone.call("Contacts", "Watch", "('1001', false)")
        await phone.until("Presence", "Subscription", "failed", path)
        assert await phone.get("Presence", "SubscriptionText", path) == "refused: 403 Injected"


async def test_a_call_that_rings_at_a_colleague_is_taken_over(
    pair: Pair, server: Kamailio, certificates: Certificates, directory: NewDirectory
) -> None:
    config = configuration(account(server, "1003"), ca_file=certificates.authority)
    with private_bus() as third:
        async with registered(third, directory("carol"), config) as carol:
            (seen,) = await carol.call("Contacts", "Watch", "('1002', false)")
            await carol.until("Presence", "Dialog", "idle", seen)
            await pair.ada.dial("1002")
            rings = await incoming(pair.bob)
            await carol.until("Presence", "Dialog", "ringing", seen)
            (call,) = await carol.call("Presence", "Pickup", path=seen)
            await carol.until("Call", "State", "active", call)
            await pair.bob.until("Call", "State", "ended", rings)


async def test_a_foreign_phone_is_watched_and_watches_without_a_server(
    session_bus: PrivateBus, directory: NewDirectory, needs_baresip: None
) -> None:
    port = free_port()
    keys = {
        "uri": "sip:ada@127.0.0.1",
        "registrar": "none",
        "accept_from": "anyone",
        "presence": {"serve": True, "subscribe": ["presence"]},
    }
    config = json.loads(configuration(keys))
    config["sip"]["port"] = port
    async with line(session_bus, directory("ada"), json.dumps(config)) as phone:
        with Baresip(directory("bob"), "bob", watches=f"sip:ada@127.0.0.1:{port}") as bob:
            await bob_shows(bob, "Online")
            address = f"sip:bob@127.0.0.1:{bob.port}"
            (path,) = await phone.call("Contacts", "Watch", f"('{address}', false)")
            await phone.until("Presence", "Subscription", "active", path)
            for said, state in (("online", "available"), ("offline", "offline")):
                bob.show_presence(said)
                await phone.until("Presence", "State", state, path)
            for chosen, shown in (
                ("busy", "Busy"),
                ("offline", "Offline"),
                ("available", "Online"),
            ):
                await phone.set("Manager", "Availability", f"<'{chosen}'>")
                await bob_shows(bob, shown)
        await phone.until("Presence", "State", "unknown", path)


async def bob_shows(bob: Baresip, word: str) -> None:
    """Wait until his list of contacts says this of Ada."""
    await until(lambda: word in bob.command("contacts"), PATIENCE_S, f"{word} at Bob's")
