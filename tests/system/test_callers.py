# SPDX-License-Identifier: GPL-2.0-or-later
"""Who calls, and the digits in a call by INFO, with a far end whose every header is chosen."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import account, configuration, incoming, registered, sip_port
from tests.support.party import STRANGER, Party
from tests.support.raw_sip import SDP, Dialog, to_tag_of

GROUP = "P-Called-Party-ID: <sip:600@example.com>\r\n"
ASSERTED = 'P-Asserted-Identity: "Ada" <sip:+4930123@example.com>\r\n'


@pytest.fixture
async def phone(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> AsyncIterator[Phone]:
    """User 1001, who may be called by anybody."""
    config = configuration(account(kamailio, "1001", accept_from="anyone"))
    async with registered(session_bus, tmp_path, config) as made:
        yield made


@pytest.fixture
def server(phone: Phone, kamailio: Kamailio) -> Iterator[Party]:
    with Party("127.0.0.1", sip_port(kamailio)) as made:
        yield made


@pytest.fixture
def stranger(phone: Phone, kamailio: Kamailio) -> Iterator[Party]:
    with Party(STRANGER, sip_port(kamailio)) as made:
        yield made


async def test_the_servers_word_on_the_caller_counts(phone: Phone, server: Party) -> None:
    headers = ASSERTED + GROUP + "Diversion: <sip:boss@example.com>;reason=no-answer\r\n"
    server.raw.send(server.raw.request("INVITE", Dialog(), headers, SDP, to="1001"))
    call = await phone.properties("Call", await incoming(phone))
    assert (call["PeerUri"], call["PeerName"]) == ("sip:+4930123@example.com", "Ada")
    assert call["DiversionUri"] == "sip:boss@example.com"
    assert call["CalledUri"] == "sip:600@example.com"
    await phone.call("Telephony", "HangupAll")


async def test_a_strangers_word_on_the_caller_does_not(phone: Phone, stranger: Party) -> None:
    invite = stranger.raw.request(
        "INVITE", Dialog(), ASSERTED + GROUP + stranger.contact_line, SDP, to="1001"
    )
    stranger.raw.send(invite)
    call = await phone.properties("Call", await incoming(phone))
    assert (call["PeerUri"], call["PeerName"]) == ("sip:peer@127.0.0.1", "")
    assert call["CalledUri"] == ""
    await phone.call("Telephony", "HangupAll")


async def test_a_call_that_the_server_connects_with_somebody_else_shows_him(
    phone: Phone, server: Party
) -> None:
    dialog = Dialog()
    server.raw.send(server.raw.request("INVITE", dialog, ASSERTED, SDP, to="1001"))
    path = await incoming(phone)
    await phone.client.send(path, "org.offhook.Phone1.Call", "Answer")
    dialog.to_tag = to_tag_of(await server.hears(200))
    server.raw.send(server.raw.request("ACK", dialog, to="1001"))
    await phone.until("Call", "State", "active", path)
    dialog.cseq += 1
    grace = 'Remote-Party-ID: "Grace" <sip:12@example.com>;party=calling;screen=yes\r\n'
    server.raw.send(server.raw.request("INVITE", dialog, grace, SDP, to="1001"))
    await phone.until("Call", "PeerName", "Grace", path)
    assert await phone.get("Call", "PeerUri", path) == "sip:12@example.com"
    await phone.call("Telephony", "HangupAll")


async def test_digits_by_info_go_both_ways(phone: Phone, server: Party) -> None:
    dialog = Dialog()
    server.raw.send(server.raw.request("INVITE", dialog, body=SDP, to="1001"))
    path = await incoming(phone)
    await phone.client.send(path, "org.offhook.Phone1.Call", "Answer")
    dialog.to_tag = to_tag_of(await server.hears(200))
    server.raw.send(server.raw.request("ACK", dialog, to="1001"))
    await phone.until("Call", "State", "active", path)
    dialog.cseq += 1
    relay = "Content-Type: application/dtmf-relay\r\n"
    body = "Signal=7\r\nDuration=160\r\n"
    server.raw.send(server.raw.request("INFO", dialog, relay, body, to="1001"))
    heard = await phone.client.wait_for(lambda one: one["member"] == "DtmfReceived", "signal")
    assert heard["body"] == ["7", 160]
    await phone.call("Call", "SendDtmf", "('4', {'method': <'info'>})", path)
    info = await server.hears("INFO")
    assert b"application/dtmf-relay" in info
    assert b"Signal=4" in info
    server.raw.send(server.raw.answer(info, "200 OK"))
    await phone.client.send(path, "org.offhook.Phone1.Call", "Hangup")
    server.raw.send(server.raw.answer(await server.hears("BYE"), "200 OK"))
    await phone.until("Call", "State", "ended", path)
