# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls through a real proxy with phones we did not write, seen at both ends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from offhookd.bus.names import ROOT
from tests.support.baresip import Baresip
from tests.support.certificates import Certificates
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio, password
from tests.support.line import account, configuration, incoming, registered
from tests.support.processes import PATIENCE_S, until
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_baresip", "needs_sipp")

PEER = "200"


@pytest.fixture
async def phone(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> AsyncIterator[Phone]:
    """User 1001."""
    async with registered(session_bus, tmp_path, configuration(account(kamailio, "1001"))) as made:
        yield made


@pytest.fixture
async def peer(kamailio: Kamailio, directory: NewDirectory) -> AsyncIterator[Baresip]:
    """User 200, who answers by itself."""
    registrar = f"127.0.0.1:{kamailio.port}"
    with Baresip(directory("peer"), PEER, registrar=registrar, password=password(PEER)) as made:
        await made.registered()
        yield made


async def ended(phone: Phone, path: str) -> tuple[object, object]:
    """Wait for the call's end: its reason and code."""
    await phone.until("Call", "State", "ended", path)
    call = await phone.properties("Call", path)
    return call["EndReason"], call["EndCode"]


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("who", ["we", "they"])
async def test_a_dialled_call_is_answered_and_ended(phone: Phone, peer: Baresip, who: str) -> None:
    path = await phone.dial(PEER)
    await phone.until("Call", "State", "active", path)
    assert (await peer.told("CALL_ESTABLISHED")).peer.startswith("sip:1001@")
    if who == "we":
        await phone.call("Call", "Hangup", path=path)
    else:
        peer.hang_up()
    await peer.told("CALL_CLOSED")
    assert await ended(phone, path) == ("local" if who == "we" else "remote", 200)


@pytest.mark.parametrize("who", ["we", "they"])
async def test_an_incoming_call_is_answered_and_ended(
    phone: Phone, peer: Baresip, kamailio: Kamailio, who: str
) -> None:
    peer.dial(kamailio.uri("1001"))
    path = await incoming(phone)
    call = await phone.properties("Call", path)
    assert call["PeerUri"] == f"sip:{PEER}@127.0.0.1:{kamailio.port}"
    await peer.told("CALL_RINGING")
    await phone.call("Call", "Answer", path=path)
    await peer.told("CALL_ESTABLISHED")
    assert await phone.get("Call", "State", path) == "active"
    if who == "we":
        await phone.call("Call", "Hangup", path=path)
    else:
        peer.hang_up()
    await peer.told("CALL_CLOSED")
    assert (await ended(phone, path))[0] == ("local" if who == "we" else "remote")


@pytest.mark.parametrize(
    ("how", "status"), [("busy", "486"), ("declined", "603"), ("not-here", "480")]
)
async def test_the_caller_hears_how_we_decline(
    phone: Phone, peer: Baresip, kamailio: Kamailio, how: str, status: str
) -> None:
    peer.dial(kamailio.uri("1001"))
    path = await incoming(phone)
    await phone.call("Call", "Decline", f"('{how}',)", path)
    assert (await peer.told("CALL_CLOSED")).detail.startswith(status)
    assert await ended(phone, path) == ("declined", int(status))


async def test_a_caller_who_gives_up_was_missed(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    call = f"1001@127.0.0.1:{kamailio.port}"
    with Sipp(directory("caller"), "cancel", user="100", call=call, duration_s=0.1) as caller:
        path = await incoming(phone)
        assert (await ended(phone, path))[0] == "cancelled"
        assert (await caller.result()).exit_code == 0
    assert await phone.get("History", "UnseenMissed") == 1


# ---------------------------------------------------------------- who does not answer


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (486, "Busy Here", "busy"),
        (603, "Decline", "declined"),
        (404, "Not Found", "not-found"),
        (480, "Temporarily Unavailable", "no-answer"),
        (488, "Not Acceptable Here", "media"),
        (500, "Server Internal Error", "error"),
    ],
)
async def test_a_refusal_tells_its_reason(
    phone: Phone,
    kamailio: Kamailio,
    directory: NewDirectory,
    status: int,
    words: str,
    reason: str,
) -> None:
    keys = {"status": str(status), "reason": words}
    with Sipp(directory("callee"), "reject", user=PEER, keys=keys) as callee:
        kamailio.add_contact(PEER, callee.contact)
        path = await phone.dial(PEER)
        assert await ended(phone, path) == (reason, status)
        assert (await callee.result()).exit_code == 0
    assert await phone.get("Call", "EndText", path) == words


@pytest.mark.parametrize(
    ("user", "reason", "status"), [("nobody7", "not-found", 404), ("300", "no-answer", 480)]
)
async def test_who_is_not_there_is_said_by_the_server(
    phone: Phone, user: str, reason: str, status: int
) -> None:
    assert await ended(phone, await phone.dial(user)) == (reason, status)


async def test_a_ringing_call_is_cancelled_at_the_far_end(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    with Sipp(directory("callee"), "no_answer", user=PEER) as callee:
        kamailio.add_contact(PEER, callee.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "ringing", path)
        await phone.call("Call", "Hangup", path=path)
        assert (await ended(phone, path))[0] == "cancelled"
        assert (await callee.result()).exit_code == 0


async def test_a_forwarded_call_is_not_followed(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    keys = {"target": "sip:300@127.0.0.1:9"}
    with Sipp(directory("callee"), "redirect", user=PEER, keys=keys) as callee:
        kamailio.add_contact(PEER, callee.contact)
        path = await phone.dial(PEER)
        assert await ended(phone, path) == ("forwarded", 302)
        assert (await callee.result()).exit_code == 0


async def test_early_media_is_a_state_before_the_answer(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    with Sipp(directory("callee"), "early_media", user=PEER, duration_s=3.0) as callee:
        kamailio.add_contact(PEER, callee.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "early", path)
        assert await phone.get("CallMedia", "Flow", path) == "both"
        assert await phone.get("Call", "AnsweredAt", path) == 0
        await phone.until("Call", "State", "active", path)
        await phone.call("Call", "Hangup", path=path)
        assert (await callee.result()).exit_code == 0


# ---------------------------------------------------------------- in a call


async def test_a_hold_of_the_far_end_is_shown(phone: Phone, peer: Baresip) -> None:
    path = await phone.dial(PEER)
    await phone.until("Call", "State", "active", path)
    await peer.told("CALL_ESTABLISHED")
    peer.hold()
    await phone.until("Call", "RemoteHold", True, path)
    await peer.resume()
    await phone.until("Call", "RemoteHold", False, path)
    assert await phone.get("CallMedia", "Flow", path) == "both"
    assert await phone.get("Call", "LocalHold", path) is False


async def test_our_hold_reaches_the_far_end(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    with Sipp(directory("callee"), "answer_and_be_held", user=PEER) as callee:
        kamailio.add_contact(PEER, callee.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "active", path)
        await phone.call("Call", "Hold", path=path)
        await phone.until("Call", "LocalHold", True, path)
        await phone.call("Call", "Resume", path=path)
        await phone.until("Call", "LocalHold", False, path)
        await phone.call("Call", "Hangup", path=path)
        result = await callee.result()
        assert result.exit_code == 0, result.errors
    offers = [text for way, text in callee.messages if way == "received" and "INVITE sip" in text]
    assert ["a=sendonly" in offer for offer in offers] == [False, True, False]


async def test_digits_go_both_ways(phone: Phone, peer: Baresip) -> None:
    path = await phone.dial(PEER)
    await phone.until("Call", "State", "active", path)
    await peer.told("CALL_RTPESTAB")
    if not peer.drops_digits:
        await phone.call("Call", "SendDtmf", "('19#', {'duration-ms': <uint32 80>})", path)
        await until(lambda: peer.digits == "19#", PATIENCE_S, "the digits at the far end")
    peer.send_dtmf("7")
    heard = await phone.client.wait_for(lambda one: one["member"] == "DtmfReceived", "signal")
    assert (heard["path"], heard["body"][0]) == (path, "7")


# ---------------------------------------------------------------- who and where


async def test_the_same_number_at_two_servers_is_two_accounts(
    session_bus: PrivateBus,
    kamailio: Kamailio,
    certificates: Certificates,
    tmp_path: Path,
    directory: NewDirectory,
) -> None:
    with Kamailio(directory("other"), certificates.server, address="127.0.0.3") as other:
        both = {"one": account(kamailio, "1001"), "two": account(other, "1001")}
        async with registered(session_bus, tmp_path, configuration(both)) as phone:
            for server, name in ((kamailio, "one"), (other, "two")):
                call = f"1001@{server.address}:{server.port}"
                known = len(phone.client.seen)
                with Sipp(directory(name), "cancel", user="100", call=call, duration_s=0.1) as sipp:
                    path = await incoming(phone, since=known)
                    assert await phone.get("Call", "Account", path) == f"{ROOT}/accounts/{name}"
                    assert (await sipp.result()).exit_code == 0
