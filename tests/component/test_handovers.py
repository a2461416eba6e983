# SPDX-License-Identifier: GPL-2.0-or-later
"""Transfers, redirections and replaced calls on the wire, with far ends that behave and that do
not."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from offhookd.phone.detours import MOST_HOPS
from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.line import incoming
from tests.support.raw_sip import SDP, Dialog, to_tag_of
from tests.support.talker import Talker, header, replied

CALL = "org.offhook.Phone1.Call"
TARGET = "sip:dave@127.0.0.1:5999"
FOLLOWING = DIRECT + "calls: {transferred: follow, redirected: follow}\n"
REFUSING = DIRECT + "calls: {transferred: refuse, redirected: refuse}\n"
HELD = SDP + "a=recvonly\r\n"


@pytest.fixture
def peer() -> Iterator[Talker]:
    with Talker() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Talker]:
    with Talker() as made:
        yield made


@pytest.fixture
async def following(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    async with running_phone(session_bus, tmp_path, FOLLOWING) as made:
        yield made


@pytest.fixture
async def refusing(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    async with running_phone(session_bus, tmp_path, REFUSING) as made:
        yield made


async def referred(phone: Phone, peer: Talker, path: str) -> tuple[int, bytes]:
    """A blind transfer whose REFER has come; the method's serial and the REFER."""
    serial = await phone.client.send(path, CALL, "Transfer", f"('{TARGET}',)")
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, HELD)
    return serial, await peer.hears_next("REFER")


# ---------------------------------------------------------------- transferring


async def test_a_blind_transfer_tells_its_progress_and_ends_the_call(
    phone: Phone, peer: Talker
) -> None:
    path = await peer.takes(phone)
    serial, refer = await referred(phone, peer, path)
    assert header(refer, "Refer-To") == f"<{TARGET}>"
    assert header(refer, "Referred-By") == "<sip:ada@127.0.0.1>"
    peer.says(refer, "202 Accepted", peer.contact_line)
    peer.notifies("100 Trying")
    await phone.until("Call", "TransferState", "trying", path)
    peer.notifies("180 Ringing")
    await phone.until("Call", "TransferState", "ringing", path)
    peer.notifies("200 OK", "terminated;reason=noresource")
    peer.says(await peer.hears("BYE"), "200 OK")  # some never send theirs
    assert await replied(phone, serial) == ""
    await phone.until("Call", "State", "ended", path)
    facts = await phone.properties("Call", path)
    assert (facts["TransferState"], facts["EndReason"]) == ("done", "transferred")


async def test_a_far_end_that_leaves_by_itself_is_no_failure(phone: Phone, peer: Talker) -> None:
    path = await peer.takes(phone)
    serial, refer = await referred(phone, peer, path)
    peer.says(refer, "202 Accepted", peer.contact_line)
    peer.asks("BYE")
    assert await replied(phone, serial) == ""
    assert await phone.get("Call", "EndReason", path) == "transferred"


async def test_a_far_end_that_reports_nothing_afterwards_is_taken_at_its_word(
    phone: Phone, peer: Talker
) -> None:
    path = await peer.takes(phone)
    serial, refer = await referred(phone, peer, path)
    peer.says(refer, "202 Accepted", peer.contact_line + "Refer-Sub: false\r\n")
    peer.says(await peer.hears("BYE"), "200 OK")
    assert await replied(phone, serial) == ""
    assert await phone.get("Call", "TransferState", path) == "done"


@pytest.mark.parametrize("status", ["603 Decline", "501 Not Implemented", "405 Not Allowed"])
async def test_a_refused_refer_is_told_and_the_call_taken_back(
    phone: Phone, peer: Talker, status: str
) -> None:
    path = await peer.takes(phone)
    serial, refer = await referred(phone, peer, path)
    peer.says(refer, status)
    assert (await replied(phone, serial)).startswith(f"Rejected: {status[:3]}")
    offer = await peer.hears_next("INVITE")
    assert b"a=sendrecv" in offer
    peer.says(offer, "200 OK", peer.contact_line, SDP)
    await phone.until("Call", "LocalHold", False, path)
    assert await phone.get("Call", "TransferState", path) == "failed"


@pytest.mark.parametrize("state", ["terminated;reason=noresource", "active;expires=60"])
async def test_a_target_that_refuses_gives_the_call_back(
    phone: Phone, peer: Talker, state: str
) -> None:
    path = await peer.takes(phone)
    serial, refer = await referred(phone, peer, path)
    peer.says(refer, "202 Accepted", peer.contact_line)
    peer.notifies("486 Busy Here", state)
    assert await replied(phone, serial) == "Rejected: 486 Busy Here"
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, SDP)
    await phone.until("Call", "LocalHold", False, path)


async def test_hanging_up_in_the_middle_ends_the_transfer(phone: Phone, peer: Talker) -> None:
    path = await peer.takes(phone)
    serial, refer = await referred(phone, peer, path)
    peer.says(refer, "202 Accepted", peer.contact_line)
    peer.notifies("180 Ringing")
    await phone.until("Call", "TransferState", "ringing", path)
    await phone.client.send(path, CALL, "Hangup")
    peer.says(await peer.hears("BYE"), "200 OK")
    assert await replied(phone, serial)
    peer.notifies("200 OK", "terminated;reason=noresource")
    await phone.until("Call", "State", "ended", path)
    assert await phone.get("Call", "EndReason", path) == "local"


async def test_notifications_that_say_nothing_harm_nobody(phone: Phone, peer: Talker) -> None:
    path = await peer.takes(phone)
    serial, refer = await referred(phone, peer, path)
    peer.says(refer, "202 Accepted", peer.contact_line)
    event = "Event: refer\r\nSubscription-State: active\r\n"
    sipfrag = event + "Content-Type: message/sipfrag\r\n"
    for headers, body in (
        (event, ""),
        (sipfrag, "\x00"),
        (sipfrag, "SIP/2.0"),
        (sipfrag, "SIP/2.0 999999999999 \r\n"),
        (sipfrag, "SIP/2.0 180" + "x" * 900),
        (event + "Content-Type: text/plain\r\n", "hello"),
    ):
        peer.asks("NOTIFY", headers, body)
    peer.notifies("200 OK", "terminated;reason=noresource")
    peer.says(await peer.hears("BYE"), "200 OK")
    assert await replied(phone, serial) == ""


async def test_an_attended_transfer_names_the_other_call(
    phone: Phone, peer: Talker, other: Talker
) -> None:
    first = await peer.takes(phone)
    second = await phone.dial(other.contact)
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, HELD)
    invite = await other.hears_next("INVITE")
    other.says(invite, "200 OK", other.contact_line, SDP)
    await phone.until("Call", "State", "active", second)
    await phone.until("Call", "LocalHold", True, first)
    assert "TransferTo" in await phone.get("Call", "Actions", first)  # type: ignore[operator]  # names
    serial = await phone.client.send(first, CALL, "TransferTo", f"(objectpath '{second}',)")
    refer = await peer.hears_next("REFER")
    carried = header(refer, "Refer-To")
    assert other.contact.partition("@")[2] in carried
    assert f"Replaces={header(invite, 'Call-ID')}" in carried
    assert "to-tag%3Dpeer" in carried
    peer.says(refer, "202 Accepted", peer.contact_line)
    peer.notifies("200 OK", "terminated;reason=noresource")
    peer.says(await peer.hears("BYE"), "200 OK")
    other.says(await other.hears("BYE"), "200 OK")
    assert await replied(phone, serial) == ""
    for path in (first, second):
        await phone.until("Call", "State", "ended", path)
        assert await phone.get("Call", "EndReason", path) == "transferred"


# ---------------------------------------------------------------- being transferred


def refers(peer: Talker, target: str, headers: str = "") -> None:
    peer.asks("REFER", f"Refer-To: <{target}>\r\nReferred-By: <sip:boss@127.0.0.1>\r\n{headers}")


async def notified(peer: Talker) -> tuple[str, str]:
    """What the next NOTIFY says: the status line, and the subscription's state."""
    notify = await peer.hears_next("NOTIFY")
    peer.says(notify, "200 OK")
    state = header(notify, "Subscription-State").partition(";")[0]
    return notify.partition(b"\r\n\r\n")[2].decode().strip(), state


async def new_call(phone: Phone, since: int) -> str:
    added = await phone.client.wait_for(
        lambda one: one["member"] == "InterfacesAdded", "signal", since=since
    )
    return str(added["body"][0])


async def test_by_default_the_user_starts_the_call_of_a_transfer(
    phone: Phone, peer: Talker, other: Talker
) -> None:
    path = await peer.takes(phone)
    since = len(phone.client.seen)
    refers(peer, f"{other.contact}?Replaces=abc%40host%3Bto-tag%3D1%3Bfrom-tag%3D2&X-Evil=1")
    await peer.hears_next(202)
    assert await notified(peer) == ("SIP/2.0 100 Trying", "active")
    new = await new_call(phone, since)
    facts = await phone.properties("Call", new)
    assert (facts["State"], facts["PeerUri"]) == ("pending", other.contact)
    assert (facts["ReferredBy"], facts["Replaces"]) == ("sip:boss@127.0.0.1", path)
    await phone.client.send(new, CALL, "Start")
    invite = await other.hears_next("INVITE")
    assert header(invite, "Referred-By") == "<sip:boss@127.0.0.1>"
    assert header(invite, "Replaces") == "abc@host;to-tag=1;from-tag=2"
    assert b"X-Evil" not in invite
    other.says(invite, "180 Ringing", other.contact_line)
    assert await notified(peer) == ("SIP/2.0 180 Ringing", "active")
    other.says(invite, "200 OK", other.contact_line, SDP)
    assert await notified(peer) == ("SIP/2.0 200 OK", "terminated")
    peer.asks("BYE")
    await phone.until("Call", "State", "ended", path)
    assert await phone.get("Call", "State", new) == "active"
    assert await phone.get("Telephony", "FocusCall") == new


async def test_who_transfers_hears_that_the_user_did_not_want_to(
    phone: Phone, peer: Talker
) -> None:
    await peer.takes(phone)
    since = len(phone.client.seen)
    refers(peer, TARGET)
    await notified(peer)
    await phone.call("Call", "Hangup", path=await new_call(phone, since))
    assert await notified(peer) == ("SIP/2.0 603 Decline", "terminated")


async def test_a_transfer_is_followed_where_configured(
    following: Phone, peer: Talker, other: Talker
) -> None:
    await peer.takes(following)
    refers(peer, other.contact)
    other.says(await other.hears_next("INVITE"), "486 Busy Here")
    assert await notified(peer) == ("SIP/2.0 100 Trying", "active")
    assert await notified(peer) == ("SIP/2.0 486 Busy Here", "terminated")


async def test_a_transfer_is_refused_where_configured(refusing: Phone, peer: Talker) -> None:
    path = await peer.takes(refusing)
    refers(peer, TARGET)
    await peer.hears_next(603)
    assert await refusing.get("Telephony", "Calls") == [path]


@pytest.mark.parametrize("target", ["mailto:x@y.invalid", "tel:123", "sip:a b@c"])
async def test_a_transfer_to_what_cannot_be_called_is_refused(
    phone: Phone, peer: Talker, target: str
) -> None:
    path = await peer.takes(phone)
    refers(peer, target)
    await peer.hears_next(400)
    assert await phone.get("Telephony", "Calls") == [path]


async def test_a_transfer_outside_of_a_call_is_none(phone: Phone, peer: Talker) -> None:
    path = await peer.takes(phone)
    peer.raw.send(peer.raw.request("REFER", Dialog(), f"Refer-To: <{TARGET}>\r\n"))
    peer.dialog.to_tag = "guessed"
    refers(peer, TARGET)
    await peer.hears_next(481)
    assert await phone.get("Telephony", "Calls") == [path]


async def test_who_transfers_and_leaves_still_hears_how_it_went(
    following: Phone, peer: Talker, other: Talker
) -> None:
    path = await peer.takes(following)
    refers(peer, other.contact)
    assert await notified(peer) == ("SIP/2.0 100 Trying", "active")
    peer.asks("BYE")
    await following.until("Call", "State", "ended", path)
    other.says(await other.hears_next("INVITE"), "200 OK", other.contact_line, SDP)
    assert await notified(peer) == ("SIP/2.0 200 OK", "terminated")


# ---------------------------------------------------------------- redirection


async def dialled(phone: Phone, peer: Talker) -> tuple[str, bytes]:
    path = await phone.dial(peer.contact)
    return path, await peer.hears_next("INVITE")


async def test_a_redirected_call_is_left_for_the_user_to_start(
    phone: Phone, peer: Talker, other: Talker
) -> None:
    path, invite = await dialled(phone, peer)
    since = len(phone.client.seen)
    peer.says(invite, "302 Moved Temporarily", f"Contact: <{other.contact}?X-Evil=1>\r\n")
    await phone.until("Call", "State", "ended", path)
    facts = await phone.properties("Call", path)
    assert (facts["EndReason"], facts["EndCode"]) == ("forwarded", 302)
    new = await new_call(phone, since)
    facts = await phone.properties("Call", new)
    assert (facts["State"], facts["PeerUri"], facts["Replaces"]) == ("pending", other.contact, path)
    await phone.client.send(new, CALL, "Start")
    assert b"X-Evil" not in await other.hears_next("INVITE")


async def test_a_redirection_is_followed_where_configured(
    following: Phone, peer: Talker, other: Talker
) -> None:
    path, invite = await dialled(following, peer)
    peer.says(invite, "302 Moved Temporarily", f"Contact: <{other.contact}>\r\n")
    other.says(await other.hears_next("INVITE"), "200 OK", other.contact_line, SDP)
    await following.until("Call", "State", "active", path)
    facts = await following.properties("Call", path)
    assert (facts["PeerUri"], facts["DiversionUri"]) == (other.contact, peer.contact)


async def test_who_is_where_he_was_called_already_is_called_once(
    following: Phone, peer: Talker
) -> None:
    path, invite = await dialled(following, peer)
    peer.says(invite, "302 Moved Temporarily", peer.contact_line)
    await following.until("Call", "State", "ended", path)
    assert await following.get("Call", "EndReason", path) == "forwarded"


async def test_a_chain_of_redirections_has_an_end(following: Phone, peer: Talker) -> None:
    path, invite = await dialled(following, peer)
    for hop in range(MOST_HOPS):
        elsewhere = peer.contact.replace("peer@", f"peer{hop}@")
        peer.says(invite, "302 Moved Temporarily", f"Contact: <{elsewhere}>\r\n")
        invite = await peer.hears_next("INVITE")
    peer.says(invite, "302 Moved Temporarily", "Contact: <" + TARGET + ">\r\n")
    await following.until("Call", "State", "ended", path)
    assert await following.get("Call", "EndReason", path) == "forwarded"


async def test_a_redirection_is_refused_where_configured(refusing: Phone, peer: Talker) -> None:
    path, invite = await dialled(refusing, peer)
    peer.says(invite, "302 Moved Temporarily", f"Contact: <{TARGET}>\r\n")
    await refusing.until("Call", "State", "ended", path)
    assert await refusing.get("Telephony", "Calls") == [path]


@pytest.mark.parametrize("contact", ["", "Contact: <tel:123>\r\n", "Contact: *\r\n"])
async def test_a_redirection_to_nowhere_ends_the_call(
    following: Phone, peer: Talker, contact: str
) -> None:
    path, invite = await dialled(following, peer)
    peer.says(invite, "302 Moved Temporarily", contact)
    await following.until("Call", "State", "ended", path)
    assert await following.get("Call", "EndReason", path) == "forwarded"


async def test_an_incoming_call_is_sent_elsewhere(
    phone: Phone, peer: Talker, other: Talker
) -> None:
    await peer.takes(phone)
    other.raw.talk_to(peer.raw.engine_port)
    since = len(phone.client.seen)
    other.raw.send(other.raw.request("INVITE", Dialog(), other.contact_line, SDP))
    path = await incoming(phone, since)
    serial = await phone.client.send(path, CALL, "Redirect", f"('{TARGET}',)")
    assert header(await other.hears(302), "Contact") == f"<{TARGET}>"
    assert await replied(phone, serial) == ""
    assert await phone.get("Call", "EndReason", path) == "forwarded"


# ---------------------------------------------------------------- replaced


def replaces(dialog: Dialog, more: str = "") -> str:
    """The header for the call that `dialog` is, as its far end knows it (RFC 3891)."""
    tags = f";to-tag={dialog.to_tag};from-tag={dialog.from_tag}"
    return f"Replaces: {dialog.call_id}{tags}{more}\r\nRequire: replaces\r\n"


async def test_another_phone_takes_the_place_of_the_far_end(
    phone: Phone, peer: Talker, other: Talker
) -> None:
    old = await peer.takes(phone)
    await phone.set("Call", "Muted", "<true>", old)
    other.raw.talk_to(peer.raw.engine_port)
    since = len(phone.client.seen)
    dialog = Dialog()
    invite = other.raw.request(
        "INVITE", dialog, other.contact_line + replaces(peer.dialog), SDP, to="ada"
    )
    other.raw.send(invite)
    dialog.to_tag = to_tag_of(await other.hears(200))
    other.raw.send(other.raw.request("ACK", dialog, to="ada"))
    new = await incoming(phone, since)
    peer.says(await peer.hears("BYE"), "200 OK")
    await phone.until("Call", "State", "ended", old)
    await phone.until("Call", "State", "active", new)
    assert await phone.get("Call", "EndReason", old) == "transferred"
    facts = await phone.properties("Call", new)
    assert (facts["Replaces"], facts["Muted"], facts["LocalHold"]) == (old, True, False)
    assert await phone.get("Telephony", "FocusCall") == new
    dialog.cseq += 1
    other.raw.send(other.raw.request("BYE", dialog, to="ada"))
    await phone.until("Call", "State", "ended", new)


@pytest.mark.parametrize(
    ("change", "status"), [("tag", 481), ("early", 486)], ids=["unknown", "early-only"]
)
async def test_what_cannot_be_replaced_is_refused(
    phone: Phone, peer: Talker, other: Talker, change: str, status: int
) -> None:
    old = await peer.takes(phone)
    other.raw.talk_to(peer.raw.engine_port)
    named = peer.dialog if change == "early" else Dialog(peer.dialog.call_id, "wrong", "wrong")
    text = replaces(named, ";early-only" if change == "early" else "")
    other.raw.send(other.raw.request("INVITE", Dialog(), other.contact_line + text, SDP, to="ada"))
    await other.hears(status)
    assert await phone.get("Telephony", "Calls") == [old]
    assert await phone.get("Call", "State", old) == "active"


async def test_only_one_of_two_takes_the_place(phone: Phone, peer: Talker, other: Talker) -> None:
    old = await peer.takes(phone)
    other.raw.talk_to(peer.raw.engine_port)
    headers = other.contact_line + replaces(peer.dialog)
    first = Dialog()
    other.raw.send(other.raw.request("INVITE", first, headers, SDP, to="ada"))
    first.to_tag = to_tag_of(await other.hears(200))
    other.raw.send(other.raw.request("ACK", first, to="ada"))
    peer.says(await peer.hears("BYE"), "200 OK")
    await phone.until("Call", "State", "ended", old)
    other.raw.send(other.raw.request("INVITE", Dialog(), headers, SDP, to="ada"))
    await other.hears(603)


async def test_an_offer_without_a_codec_replaces_nothing(
    phone: Phone, peer: Talker, other: Talker
) -> None:
    old = await peer.takes(phone)
    other.raw.talk_to(peer.raw.engine_port)
    strange = re.sub("RTP/AVP 8\r\na=rtpmap:8 PCMA", "RTP/AVP 110\r\na=rtpmap:110 MELP", SDP)
    headers = other.contact_line + replaces(peer.dialog)
    other.raw.send(other.raw.request("INVITE", Dialog(), headers, strange, to="ada"))
    await other.hears(488)
    assert await phone.get("Call", "State", old) == "active"
    assert await phone.get("Telephony", "Calls") == [old]
