# SPDX-License-Identifier: GPL-2.0-or-later
"""A proxy that sets calls up and leaves: the rest is between two phones (RFC 3261, 12.2).

The far end has an address that no server has, so that the phone must let it in for the length of
the call, and for nothing else.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import account, configuration, incoming, port_of, registered, sip_port
from tests.support.party import STRANGER, Party
from tests.support.raw_sip import SDP, Dialog, to_tag_of

PEER = "200"
HELD = SDP + "a=sendonly\r\n"


@pytest.fixture
def peer() -> Iterator[Party]:
    with Party(STRANGER) as made:
        yield made


@pytest.fixture
def server() -> Iterator[Party]:
    """Has the address of the account's server."""
    with Party("127.0.0.1") as made:
        yield made


@pytest.fixture
async def phone(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> AsyncIterator[Phone]:
    kamailio.step_aside()
    async with registered(session_bus, tmp_path, configuration(account(kamailio, "1001"))) as made:
        yield made


async def answered(phone: Phone, peer: Party, kamailio: Kamailio) -> tuple[str, Dialog]:
    """A call to `peer`, and the dialog as it sees it."""
    kamailio.add_contact(PEER, peer.contact)
    path = await phone.dial(PEER)
    invite = await peer.hears("INVITE")
    peer.raw.talk_to(kamailio.port)
    peer.raw.send(peer.raw.answer(invite, "200 OK", peer.contact_line, SDP))
    await peer.hears("ACK")  # straight from the phone
    await phone.until("Call", "State", "active", path)
    peer.raw.talk_to(port_of(_value(invite, "Contact")))
    return path, Dialog(_value(invite, "Call-ID"), "peer", _value(invite, "From").split("tag=")[1])


def _value(message: bytes, name: str) -> str:
    found = re.search(rf"\r\n{name}: ([^\r]*)", message.decode())
    assert found
    return found[1]


async def test_the_far_end_holds_and_hangs_up_without_the_proxy(
    phone: Phone, peer: Party, kamailio: Kamailio
) -> None:
    path, dialog = await answered(phone, peer, kamailio)
    peer.raw.send(peer.raw.request("INVITE", dialog, peer.contact_line, HELD))
    await phone.until("Call", "RemoteHold", True, path)
    await peer.hears(200)
    peer.raw.send(peer.raw.request("ACK", dialog))
    dialog.cseq += 1
    peer.raw.send(peer.raw.request("BYE", dialog))
    await phone.until("Call", "State", "ended", path)
    assert await phone.get("Call", "EndReason", path) == "remote"


async def test_the_far_end_confirms_our_end_without_the_proxy(
    phone: Phone, peer: Party, kamailio: Kamailio
) -> None:
    path, _ = await answered(phone, peer, kamailio)
    await phone.client.send(path, "org.offhook.Phone1.Call", "Hangup")
    peer.raw.send(peer.raw.answer(await peer.hears("BYE"), "200 OK"))
    await phone.until("Call", "State", "ended", path)
    assert await phone.get("Call", "EndCode", path) == 200  # its answer, no timeout of ours


async def test_the_caller_confirms_our_answer_without_the_proxy(
    phone: Phone, peer: Party, server: Party, kamailio: Kamailio
) -> None:
    for party in (peer, server):
        party.raw.talk_to(sip_port(kamailio))
    dialog = Dialog()
    server.raw.send(server.raw.request("INVITE", dialog, peer.contact_line, SDP, to="1001"))
    path = await incoming(phone)
    serial = await phone.client.send(path, "org.offhook.Phone1.Call", "Answer")
    dialog.to_tag = to_tag_of(await server.hears(200))
    peer.raw.send(peer.raw.request("ACK", dialog))
    await phone.until("Call", "State", "active", path)
    await phone.client.wait_for(lambda one: one["serial"] == serial, "reply")
    dialog.cseq += 1
    peer.raw.send(peer.raw.request("BYE", dialog))
    await phone.until("Call", "State", "ended", path)
    assert await phone.get("Call", "EndReason", path) == "remote"


async def test_a_call_opens_the_door_for_itself_alone(
    phone: Phone, peer: Party, kamailio: Kamailio
) -> None:
    await answered(phone, peer, kamailio)
    peer.raw.send(peer.raw.request("INVITE", Dialog(), peer.contact_line, SDP, to="1001"))
    await peer.hears(403)
    assert len(await phone.call("Telephony", "HangupAll")) == 0
    assert await phone.get("History", "UnseenMissed") == 0
