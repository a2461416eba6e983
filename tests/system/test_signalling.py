# SPDX-License-Identifier: GPL-2.0-or-later
"""What two telephones agree on during a call: hook flash, reliable ringing, session timers."""

import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import account, configuration, incoming, registered, sip_port
from tests.support.party import Party
from tests.support.processes import PATIENCE_S, until
from tests.support.raw_sip import SDP, Dialog, to_tag_of
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

PEER = "200"
EVENT_PAYLOAD = 101
HOOK_FLASH = 16
RTP_HEADER_BYTES = 12


@pytest.fixture
def keys() -> dict[str, Any]:
    """Of the account, beside the usual ones."""
    return {}


@pytest.fixture
async def phone(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio, keys: dict[str, Any]
) -> AsyncIterator[Phone]:
    """User 1001."""
    config = configuration(account(kamailio, "1001", **keys))
    async with registered(session_bus, tmp_path, config) as made:
        yield made


@pytest.fixture
def server(phone: Phone, kamailio: Kamailio) -> Iterator[Party]:
    with Party("127.0.0.1", sip_port(kamailio)) as made:
        yield made


async def answered(phone: Phone, server: Party, sdp: str = SDP) -> tuple[str, Dialog]:
    """A call from `server`, active; its path and dialog."""
    dialog = Dialog()
    server.raw.send(server.raw.request("INVITE", dialog, body=sdp, to="1001"))
    path = await incoming(phone)
    await phone.client.send(path, "org.offhook.Phone1.Call", "Answer")
    dialog.to_tag = to_tag_of(await server.hears(200))
    server.raw.send(server.raw.request("ACK", dialog, to="1001"))
    await phone.until("Call", "State", "active", path)
    return path, dialog


async def hang_up(phone: Phone, server: Party, path: str) -> None:
    await phone.client.send(path, "org.offhook.Phone1.Call", "Hangup")
    server.raw.send(server.raw.answer(await server.hears("BYE"), "200 OK"))
    await phone.until("Call", "State", "ended", path)


# ---------------------------------------------------------------- hook flash


async def test_a_flash_goes_as_info_where_events_are_not_taken(phone: Phone, server: Party) -> None:
    path, _ = await answered(phone, server)
    actions = await phone.properties("Call", path)
    assert "Flash" in str(actions["Actions"])
    serial = await phone.client.send(path, "org.offhook.Phone1.Call", "Flash")
    info = await server.hears("INFO")
    assert b"Content-Type: application/hook-flash\r\n" in info
    assert info.endswith(b"\r\n\r\nsignal=hf\r\n")
    server.raw.send(server.raw.answer(info, "200 OK"))
    reply = await phone.client.wait_for(lambda one: one.get("serial") == serial, "reply", "error")
    assert not reply.get("error")
    await hang_up(phone, server, path)


async def test_a_flash_that_the_far_end_refuses_says_so(phone: Phone, server: Party) -> None:
    path, _ = await answered(phone, server)
    serial = await phone.client.send(path, "org.offhook.Phone1.Call", "Flash")
    refused = await phone.refused("Call", "Flash", path=path)
    assert refused == ("Failed", "A hook flash waits for its answer already.")
    info = await server.hears("INFO")
    server.raw.send(server.raw.answer(info, "415 Unsupported Media Type"))
    reply = await phone.client.wait_for(lambda one: one.get("serial") == serial, "reply", "error")
    assert reply["body"] == ["415 Unsupported Media Type"]
    await hang_up(phone, server, path)


async def test_a_flash_goes_as_event_16_where_events_are_taken(phone: Phone, server: Party) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as media:
        media.bind(("127.0.0.1", 0))
        media.setblocking(False)
        port = media.getsockname()[1]
        sdp = (
            SDP.replace("40000 RTP/AVP 8", f"{port} RTP/AVP 8 101")
            + "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
        )
        path, _ = await answered(phone, server, sdp)
        await phone.call("Call", "Flash", path=path)
        await until(lambda: HOOK_FLASH in events(media), PATIENCE_S, "event 16")
        assert server.heard("INFO") == []
        await hang_up(phone, server, path)


def events(media: socket.socket) -> set[int]:
    """RFC 4733 events that have arrived."""
    found = set()
    try:
        while True:
            packet = media.recv(2048)
            if packet[1] & 0x7F == EVENT_PAYLOAD:
                found.add(packet[RTP_HEADER_BYTES])
    except BlockingIOError:
        return found


# ---------------------------------------------------------------- reliable ringing, session timers


async def test_ringing_that_has_to_be_confirmed_is_confirmed(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    """RFC 3262, they are called."""
    with Sipp(directory("peer"), "reliable_answer", user=PEER) as peer:
        kamailio.add_contact(PEER, peer.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "active", path)
        await phone.call("Call", "Hangup", path=path)
        assert (await peer.result()).succeeded == 1


async def test_who_needs_it_hears_reliably_that_it_rings(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    """RFC 3262, they call; and UPDATE (RFC 3311) in the call."""
    to = f"1001@127.0.0.1:{sip_port(kamailio)}"
    with Sipp(directory("peer"), "reliable_call", user=PEER, call=to) as peer:
        path = await incoming(phone)
        await until(lambda: any("PRACK" in text for _, text in peer.messages), PATIENCE_S, "PRACK")
        await phone.call("Call", "Answer", path=path)
        await phone.until("Call", "State", "ended", path)
        assert (await peer.result()).succeeded == 1
    received = [text for way, text in peer.messages if way == "received"]
    ringing = next(text for text in received if text.startswith("SIP/2.0 180"))
    assert "RSeq:" in ringing
    assert "100rel" in ringing


async def test_a_session_time_that_is_too_short_for_them_is_lengthened(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    """RFC 4028, 422 from the far end."""
    with Sipp(directory("peer"), "timer_answer", user=PEER) as peer:
        kamailio.add_contact(PEER, peer.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "active", path)
        await phone.call("Call", "Hangup", path=path)
        assert (await peer.result()).succeeded == 1
    invites = [text for _, text in peer.messages if text.startswith("INVITE")]
    assert "Session-Expires: 4000" in invites[-1]
    assert "Min-SE: 4000" in invites[-1]


async def test_a_session_time_that_is_too_short_for_us_is_refused(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    """RFC 4028, 422 from us; then who refreshes is agreed on."""
    to = f"1001@127.0.0.1:{sip_port(kamailio)}"
    with Sipp(directory("peer"), "timer_call", user=PEER, call=to) as peer:
        path = await incoming(phone)
        await phone.call("Call", "Answer", path=path)
        await phone.until("Call", "State", "ended", path)
        assert (await peer.result()).succeeded == 1
    received = [text for way, text in peer.messages if way == "received"]
    rows, _ = await phone.call("History", "Query", "(@a{sv} {}, '', @u 9)")
    assert len(rows) == 1, "what was refused by rule is no missed call"
    refusal = next(text for text in received if text.startswith("SIP/2.0 422"))
    assert "Min-SE: 90" in refusal
    taken = next(text for text in received if text.startswith("SIP/2.0 200"))
    assert "Session-Expires: 90;refresher=uas" in taken


async def test_of_two_phones_that_answer_one_has_the_call_and_the_other_is_let_go(
    phone: Phone, directory: NewDirectory
) -> None:
    """RFC 3261, 13.2.2.4: several dialogs of one INVITE, the early ones with sound each."""
    with Sipp(directory("peer"), "forked", user=PEER, duration_s=0.3) as peer:
        path = await phone.dial(peer.contact)
        await phone.until("Call", "State", "early", path)
        await phone.until("Call", "State", "active", path)
        await phone.until("CallMedia", "Flow", "both", path)
        await until(
            lambda: any("BYE sip:hall" in text for _, text in peer.messages), PATIENCE_S, "BYE"
        )
        await phone.call("Call", "Hangup", path=path)
        assert (await peer.result()).succeeded == 1


# ---------------------------------------------------------------- the server's keys


KEY = "Subscription-State: active\r\nEvent: "


@pytest.mark.parametrize("keys", [{"remote_control": True}])
@pytest.mark.parametrize("where", ["in the dialog", "outside"])
async def test_the_server_answers_holds_and_resumes(
    phone: Phone, server: Party, where: str
) -> None:
    dialog = Dialog()
    server.raw.send(server.raw.request("INVITE", dialog, body=SDP, to="1001"))
    path = await incoming(phone)
    dialog.to_tag = to_tag_of(await server.hears(180))

    async def press(key: str) -> None:
        about = dialog if where == "in the dialog" else Dialog()
        about.cseq += 1
        notify = server.raw.request("NOTIFY", about, f"{KEY}{key}\r\n", to="1001")
        server.raw.send(notify)
        server.raw.send(notify)

    await press("talk")
    await until(
        lambda: any(b"1 INVITE" in one for one in server.heard(200)), PATIENCE_S, "the answer"
    )
    server.raw.send(server.raw.request("ACK", replace(dialog, cseq=1), to="1001"))
    await phone.until("Call", "State", "active", path)
    for key, direction, held in (("hold", b"a=sendonly", True), ("talk", b"a=sendrecv", False)):
        server.received.clear()
        await press(key)
        invite = await server.hears("INVITE")
        assert direction in invite
        sdp = SDP if not held else SDP + "a=recvonly\r\n"
        server.raw.send(server.raw.answer(invite, "200 OK", server.contact_line, sdp))
        await phone.until("Call", "LocalHold", held, path)
        await server.hears("ACK")
    await hang_up(phone, server, path)


async def test_nobody_is_answered_for_a_server_that_may_not(phone: Phone, server: Party) -> None:
    dialog = Dialog()
    server.raw.send(server.raw.request("INVITE", dialog, body=SDP, to="1001"))
    path = await incoming(phone)
    server.raw.send(server.raw.request("NOTIFY", Dialog(), f"{KEY}talk\r\n", to="1001"))
    await server.hears(489)
    assert await phone.get("Call", "State", path) == "incoming"
    await phone.call("Telephony", "HangupAll")


async def test_a_call_that_is_answered_while_it_is_given_up_is_ended(
    phone: Phone, kamailio: Kamailio
) -> None:
    """The CANCEL and the 200 cross (RFC 3261, 9.1), and the far end forgets the call at once."""
    with Party("127.0.0.1") as peer:
        kamailio.add_contact(PEER, peer.contact)
        path = await phone.dial(PEER)
        invite = await peer.hears("INVITE")
        peer.raw.talk_to(kamailio.port)
        peer.raw.send(peer.raw.answer(invite, "180 Ringing", peer.contact_line))
        await phone.until("Call", "State", "ringing", path)
        await phone.client.send(path, "org.offhook.Phone1.Call", "Hangup")
        cancel = await peer.hears("CANCEL")
        routes = "".join(
            f"{line}\r\n"
            for line in invite.decode().split("\r\n")
            if line.startswith("Record-Route")
        )
        peer.raw.send(peer.raw.answer(cancel, "200 OK"))
        peer.raw.send(peer.raw.answer(invite, "200 OK", routes + peer.contact_line, SDP))
        await peer.hears("ACK")
        peer.raw.send(peer.raw.answer(await peer.hears("BYE"), "481 Gone"))
        await phone.until("Call", "State", "ended", path)
        call = await phone.properties("Call", path)
    assert call["EndReason"] == "cancelled"
