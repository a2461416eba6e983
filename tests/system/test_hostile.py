# SPDX-License-Identifier: GPL-2.0-or-later
"""What strangers and broken servers send: the phone lives, says so and goes on calling."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import account, configuration, incoming, registered, sip_port
from tests.support.party import STRANGER, Party
from tests.support.processes import PATIENCE_S
from tests.support.raw_sip import SDP, Dialog, to_tag_of
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

PEER = "200"
SLOTS = 4
SLOTS_FREE_S = 25.0
"""Six to eight by our own limit; by SIP's own timers 32 (RFC 3261, 13.3.1.4)."""
PRESENCE = (
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:x@y">'
    "<tuple><status/></tuple></presence>"
)


@pytest.fixture
async def phone(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> AsyncIterator[Phone]:
    async with registered(session_bus, tmp_path, configuration(account(kamailio, "1001"))) as made:
        yield made


@pytest.fixture
def server(phone: Phone, kamailio: Kamailio) -> Iterator[Party]:
    """Whoever has the address of the account's server."""
    with Party("127.0.0.1", sip_port(kamailio)) as made:
        yield made


@pytest.fixture
def stranger(phone: Phone, kamailio: Kamailio) -> Iterator[Party]:
    with Party(STRANGER, sip_port(kamailio)) as made:
        yield made


async def engine_pid(phone: Phone) -> int:
    engine = await phone.get("Manager", "Engine")
    assert isinstance(engine, Mapping)
    return int(engine["pid"])


async def can_call(phone: Phone) -> bool:
    """Try a call; whether it was answered."""
    path = await phone.dial(PEER)
    seen = await phone.client.wait_for(
        lambda one: (
            one["member"] == "PropertiesChanged"
            and one["path"] == path
            and one["body"][1].get("State") in {"active", "ended"}
        ),
        "signal",
    )
    return bool(seen["body"][1]["State"] == "active")


async def still_calls(phone: Phone, kamailio: Kamailio, directory: Path) -> None:
    with Sipp(directory, "answer", user=PEER) as callee:
        kamailio.forget(PEER)
        kamailio.add_contact(PEER, callee.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "active", path)
        await phone.call("Call", "Hangup", path=path)
        assert (await callee.result()).exit_code == 0


async def test_callers_who_never_confirm_block_no_line_for_long(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    call = f"1001@127.0.0.1:{kamailio.port}"
    with Sipp(directory("callers"), "never_ack", user="100", call=call, calls=SLOTS):
        seen = 0
        for _ in range(SLOTS):
            path = await incoming(phone, since=seen)
            seen = len(phone.client.seen)
            await phone.client.send(path, "org.offhook.Phone1.Call", "Answer")
        answered = asyncio.get_running_loop().time()
        calls = await phone.get("Telephony", "Calls")
        assert isinstance(calls, list)
        assert len(calls) == SLOTS
        for path in calls:
            await phone.until("Call", "State", "ended", path)
        with Sipp(directory("callee"), "answer", user=PEER) as callee:
            kamailio.add_contact(PEER, callee.contact)
            async with asyncio.timeout_at(answered + SLOTS_FREE_S):
                while not await can_call(phone):
                    pass


async def test_a_flood_of_calls_is_held_back(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    pid = await engine_pid(phone)
    call = f"1001@127.0.0.1:{sip_port(kamailio)}"
    with Sipp(
        directory("flood"), "flood", call=call, calls=200, calls_per_s=200, timeout_s=2
    ) as flood:
        await flood.result()
    rang = len(phone.client.signals("InterfacesAdded"))
    assert 1 <= rang < 40
    assert await engine_pid(phone) == pid
    assert "flood" in await dropped(phone)
    await still_calls(phone, kamailio, directory("callee"))


async def dropped(phone: Phone) -> str:
    """What the phone says of the messages it did not let in."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            seen = len(phone.client.seen)
            listed = await phone.get("Manager", "Problems")
            assert isinstance(listed, list)
            for code, _, text in listed:
                if code == "gate-dropped":
                    return str(text)
            await phone.client.wait_for(
                lambda one: "Problems" in str(one["body"]), "signal", since=seen
            )


async def test_a_stranger_is_not_even_refused(phone: Phone, server: Party, stranger: Party) -> None:
    for method in ("OPTIONS", "INVITE", "MESSAGE", "SUBSCRIBE"):
        body = SDP if method == "INVITE" else ""
        stranger.raw.send(stranger.raw.request(method, Dialog(), body=body, to="1001"))
    server.raw.send(server.raw.request("OPTIONS", Dialog(), to="1001"))
    await server.hears(200)  # so the others have been looked at
    assert stranger.raw.receive() == []
    assert await phone.get("Telephony", "Calls") == []


async def test_what_kills_the_stack_is_dropped_even_from_the_server(
    phone: Phone, server: Party, kamailio: Kamailio, directory: NewDirectory
) -> None:
    pid = await engine_pid(phone)
    raw, dialog = server.raw, Dialog()
    raw.send(raw.request("INVITE", Dialog(), "Record-Route: <sip:x;hide>\r\n", SDP, to="1001"))
    raw.send(raw.request("INVITE", dialog, body=SDP, to="1001"))
    path = await incoming(phone)
    raw.send(raw.request("ACK", dialog, to="1001"))
    serial = await phone.client.send(path, "org.offhook.Phone1.Call", "Answer")
    dialog.to_tag = to_tag_of(await server.hears(200))
    raw.send(raw.request("ACK", dialog, to="1001"))
    await phone.client.wait_for(lambda one: one["serial"] == serial, "reply")
    for method, headers, body in (
        ("REFER", "Refer-To: \r\n", ""),
        ("NOTIFY", "Event: presence\r\nContent-Type: application/pidf+xml\r\n", PRESENCE),
        ("INFO", "Content-Type: application/dtmf-relay\r\n", "Signal=5"),
    ):
        dialog.cseq += 1
        raw.send(raw.request(method, dialog, headers, body, to="1001"))
    # The last of them is common: it is mended, not dropped.
    digit = await phone.client.wait_for(lambda one: one["member"] == "DtmfReceived", "signal")
    assert digit["body"][0] == "5"
    await phone.call("Call", "Hangup", path=path)
    said = await dropped(phone)
    for rule in ("hidden-route", "ack-without-tag"):
        assert rule in said
    assert "127.0.0.1" in said
    assert await engine_pid(phone) == pid
    await still_calls(phone, kamailio, directory("callee"))
