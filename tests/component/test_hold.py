# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold on the wire: who agrees, who refuses, who asks at the same time, and who holds whom."""

from collections.abc import Iterator

import pytest

from tests.support.daemon import Phone
from tests.support.processes import PATIENCE_S
from tests.support.raw_sip import SDP
from tests.support.talker import Talker, header, replied

CALL = "org.offhook.Phone1.Call"


@pytest.fixture
def peer() -> Iterator[Talker]:
    with Talker() as made:
        yield made


async def test_hold_and_resume_are_done_when_the_far_end_agrees(phone: Phone, peer: Talker) -> None:
    path = await peer.takes(phone)
    serial = await phone.client.send(path, CALL, "Hold")
    offer = await peer.hears_next("INVITE")
    assert b"a=sendonly" in offer
    peer.says(offer, "200 OK", peer.contact_line, SDP + "a=recvonly\r\n")
    assert await replied(phone, serial) == ""
    facts = await phone.properties("Call", path)
    assert (facts["LocalHold"], facts["RemoteHold"]) == (True, False)
    serial = await phone.client.send(path, CALL, "Resume")
    offer = await peer.hears_next("INVITE")
    assert b"a=sendonly" not in offer
    peer.says(offer, "200 OK", peer.contact_line, SDP)
    assert await replied(phone, serial) == ""
    assert await phone.get("Call", "LocalHold", path) is False


@pytest.mark.parametrize("status", ["488 Not Acceptable Here", "603 Decline", "500 Broken"])
async def test_a_hold_that_the_far_end_refuses_is_told_at_once(
    phone: Phone, peer: Talker, status: str
) -> None:
    path = await peer.takes(phone)
    serial = await phone.client.send(path, CALL, "Hold")
    peer.says(await peer.hears_next("INVITE"), status)
    sentence = await replied(phone, serial)
    assert sentence.startswith(f"Rejected: {status}: the far end does not let itself be held")
    facts = await phone.properties("Call", path)
    assert (facts["State"], facts["LocalHold"]) == ("active", False)
    assert "Hold" in facts["Actions"]  # type: ignore[operator]  # a list of names


async def test_a_resume_that_the_far_end_refuses_leaves_it_on_hold(
    phone: Phone, peer: Talker
) -> None:
    path = await peer.takes(phone)
    serial = await phone.client.send(path, CALL, "Hold")
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, SDP + "a=recvonly\r\n")
    assert await replied(phone, serial) == ""
    serial = await phone.client.send(path, CALL, "Resume")
    peer.says(await peer.hears_next("INVITE"), "488 Not Acceptable Here")
    assert (await replied(phone, serial)).startswith("Rejected: 488")
    assert await phone.get("Call", "LocalHold", path) is True


async def test_a_far_end_that_asks_at_the_same_time_is_asked_again(
    phone: Phone, peer: Talker
) -> None:
    path = await peer.takes(phone)
    serial = await phone.client.send(path, CALL, "Hold")
    peer.says(await peer.hears_next("INVITE"), "491 Request Pending")
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, SDP + "a=recvonly\r\n")
    assert await replied(phone, serial, limit_s=PATIENCE_S) == ""
    assert await phone.get("Call", "LocalHold", path) is True


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_a_far_end_that_asks_while_it_is_asked_is_told_so(
    phone: Phone, peer: Talker, method: str
) -> None:
    path = await peer.takes(phone)
    serial = await phone.client.send(path, CALL, "Hold")
    offer = await peer.hears_next("INVITE")
    peer.asks(method, body=SDP + "a=sendonly\r\n")
    await peer.hears_next(491)
    if method == "INVITE":
        peer.raw.send(peer.raw.request("ACK", peer.dialog))
    peer.says(offer, "200 OK", peer.contact_line, SDP + "a=recvonly\r\n")
    assert await replied(phone, serial) == ""


@pytest.mark.parametrize("status", ["481 Call/Transaction Does Not Exist", "408 Request Timeout"])
async def test_a_far_end_that_knows_nothing_of_the_call_ends_it(
    phone: Phone, peer: Talker, status: str
) -> None:
    path = await peer.takes(phone)
    serial = await phone.client.send(path, CALL, "Hold")
    peer.says(await peer.hears_next("INVITE"), status)
    assert status[:3] in await replied(phone, serial)
    await phone.until("Call", "State", "ended", path)


async def test_resume_during_a_hold_that_is_under_way_wins(phone: Phone, peer: Talker) -> None:
    path = await peer.takes(phone)
    held = await phone.client.send(path, CALL, "Hold")
    offer = await peer.hears_next("INVITE")
    resumed = await phone.client.send(path, CALL, "Resume")
    await phone.get("Call", "State", path)  # the second has arrived
    peer.says(offer, "200 OK", peer.contact_line, SDP + "a=recvonly\r\n")
    offer = await peer.hears_next("INVITE")
    assert b"a=sendonly" not in offer
    peer.says(offer, "200 OK", peer.contact_line, SDP)
    assert await replied(phone, resumed) == ""
    await replied(phone, held)
    assert await phone.get("Call", "LocalHold", path) is False


OLD_STYLE = SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")


@pytest.mark.parametrize(
    "offer", [SDP + "a=sendonly\r\n", SDP + "a=inactive\r\n", OLD_STYLE], ids=["new", "dumb", "old"]
)
async def test_the_far_end_holds_in_every_style(phone: Phone, peer: Talker, offer: str) -> None:
    path = await peer.takes(phone)
    peer.asks("INVITE", body=offer)
    await phone.until("Call", "RemoteHold", True, path)
    peer.raw.send(peer.raw.request("ACK", peer.dialog))
    assert await phone.get("Call", "LocalHold", path) is False
    peer.asks("INVITE", body=SDP)
    await phone.until("Call", "RemoteHold", False, path)


async def test_both_may_hold_and_only_one_lets_go(phone: Phone, peer: Talker) -> None:
    path = await peer.takes(phone)
    peer.asks("INVITE", body=SDP + "a=sendonly\r\n")
    await phone.until("Call", "RemoteHold", True, path)
    peer.raw.send(peer.raw.request("ACK", peer.dialog))
    serial = await phone.client.send(path, CALL, "Hold")
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, SDP + "a=inactive\r\n")
    assert await replied(phone, serial) == ""
    facts = await phone.properties("Call", path)
    assert (facts["LocalHold"], facts["RemoteHold"]) == (True, True)
    peer.asks("INVITE", body=SDP)
    await phone.until("Call", "RemoteHold", False, path)
    assert await phone.get("Call", "LocalHold", path) is True
    assert header(await peer.hears(200), "CSeq").endswith("INVITE")


TWO_CODECS = SDP.replace("RTP/AVP 8", "RTP/AVP 8 0") + "a=rtpmap:0 PCMU/8000\r\n"


async def test_a_refusal_that_has_nothing_to_do_with_hold_puts_nobody_on_hold(
    phone: Phone, peer: Talker
) -> None:
    """The stack remembers for ever that it was told to resume, and takes the refusal of a
    re-INVITE of its own, which settles the codec, for one of that."""
    path = await peer.takes(phone)
    serial = await phone.client.send(path, CALL, "Hold")
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, SDP + "a=recvonly\r\n")
    assert await replied(phone, serial) == ""
    serial = await phone.client.send(path, CALL, "Resume")
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, TWO_CODECS)
    assert await replied(phone, serial) == ""
    own = await peer.hears_next("INVITE")
    assert b"a=sendonly" not in own
    peer.says(own, "488 Not Acceptable Here")
    peer.asks("INVITE", body=SDP)
    peer.raw.send(peer.raw.request("ACK", peer.dialog))
    if b"a=sendonly" in await peer.hears_next(200):
        again = await peer.hears_next("INVITE")
        assert b"a=sendonly" not in again
        peer.says(again, "200 OK", peer.contact_line, SDP)
        await phone.until("Call", "LocalHold", False, path)
    assert "Hold" in await phone.get("Call", "Actions", path)  # type: ignore[operator]  # a list
