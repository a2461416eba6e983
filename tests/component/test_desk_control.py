# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be done from here with a conversation that an Asterisk's desk phone has, and what a
manager interface that means harm can do."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.desk_exchange import THROUGH, office, state
from tests.support.manager_peer import ManagerPeer

DESK, FAR = "PJSIP/1001-00000000", "PJSIP/1002-00000001"
NO_EXTENSION = "DIALPLAN_EXISTS(phones,{},1)"


@pytest.fixture
async def peer() -> AsyncIterator[ManagerPeer]:
    async with ManagerPeer() as made:
        yield made


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path, peer: ManagerPeer) -> AsyncIterator[Phone]:
    async with office(session_bus, tmp_path, peer) as made:
        yield made


async def talking(phone: Phone, peer: ManagerPeer, count: int = 1) -> str:
    path = await phone.dial("1002", THROUGH)
    peer.answers((await peer.action("Originate", count))["ActionID"])
    await phone.until("Call", "State", "active", path)
    return path


def part(action: Mapping[str, str], *names: str) -> tuple[str, ...]:
    return tuple(action[name] for name in names)


async def test_keys_are_sent_to_the_far_end(phone: Phone, peer: ManagerPeer) -> None:
    path = await talking(phone, peer)
    await phone.call("Call", "SendDtmf", "('1,#', {'duration-ms': <uint32 40>})", path=path)
    first, second = await peer.action("PlayDTMF", 1), await peer.action("PlayDTMF", 2)
    assert part(first, "Channel", "Digit", "Duration") == (FAR, "1", "40")
    assert second["Digit"] == "#"
    name, _ = await phone.refused("Call", "SendDtmf", "('1', {'method': <'info'>})", path=path)
    assert name == "NotSupported"
    peer.refused.add("PlayDTMF")
    name, sentence = await phone.refused("Call", "SendDtmf", "('1', @a{sv} {})", path=path)
    assert (name, "refuses the tones" in sentence) == ("Failed", True)


async def test_the_far_end_is_sent_on(phone: Phone, peer: ManagerPeer) -> None:
    path = await talking(phone, peer)
    await phone.call("Call", "Transfer", "('1003',)", path=path)
    asked = await peer.action("BlindTransfer")
    assert part(asked, "Channel", "Context", "Exten") == (DESK, "phones", "1003")
    shown = await state(phone, path, "ended")
    assert (shown["EndReason"], shown["TransferState"]) == ("transferred", "done")
    await peer.left()


async def test_nobody_is_sent_where_nothing_is(phone: Phone, peer: ManagerPeer) -> None:
    peer.values = {NO_EXTENSION.format("1002"): "1", NO_EXTENSION.format("1009"): "0"}
    path = await talking(phone, peer)
    name, sentence = await phone.refused("Call", "Transfer", "('1009',)", path=path)
    assert (name, "has no 1009" in sentence) == ("InvalidTarget", True)
    shown = await phone.properties("Call", path)
    assert (shown["State"], shown["TransferState"]) == ("active", "failed")
    assert "BlindTransfer" not in [action["Action"] for action in peer.asked]
    peer.refused.add("BlindTransfer")
    name, sentence = await phone.refused("Call", "Transfer", "('1003',)", path=path)
    assert (name, "refuses the transfer" in sentence) == ("Failed", True)
    shown = await state(phone, await phone.dial("1009", THROUGH), "ended")
    assert (shown["EndReason"], shown["EndCode"]) == ("not-found", 404)
    assert len([one for one in peer.asked if one["Action"] == "Originate"]) == 1


async def test_the_far_ends_of_two_calls_are_joined(phone: Phone, peer: ManagerPeer) -> None:
    first = await talking(phone, peer)
    own = await phone.dial("sip:nobody@127.0.0.1:9")
    name, _ = await phone.refused("Call", "TransferTo", f"(objectpath '{own}',)", path=first)
    assert name == "InvalidState"  # it is not even answered
    second = await talking(phone, peer, 2)
    await phone.until("Call", "Actions", ["Hangup", "SendDtmf", "Transfer", "TransferTo"], first)
    await phone.call("Call", "TransferTo", f"(objectpath '{second}',)", path=first)
    asked = await peer.action("Bridge")
    assert part(asked, "Channel1", "Channel2") == (FAR, FAR)
    for path in (first, second):
        assert (await state(phone, path, "ended"))["EndReason"] == "transferred"
    await peer.left()


async def test_what_the_exchange_cannot_do_is_refused_with_a_sentence(
    phone: Phone, peer: ManagerPeer
) -> None:
    path = await talking(phone, peer)
    for method in ("Hold", "Flash"):
        name, sentence = await phone.refused("Call", method, path=path)
        assert (name, sentence) == ("NotSupported", "Desk phone 'desk' has the call; do it there")


@pytest.mark.parametrize(
    ("rights", "actions"),
    [((), ["Hangup"]), (("Login", "Originate"), []), (("Originate", "Hangup"), ["Hangup"])],
)
async def test_only_what_the_user_may_do_is_offered(
    phone: Phone, peer: ManagerPeer, rights: tuple[str, ...], actions: list[str]
) -> None:
    peer.rights = rights
    path = await talking(phone, peer)
    assert await phone.get("Call", "Actions", path) == actions
    name, _ = await phone.refused("Call", "Transfer", "('1003',)", path=path)
    assert name == "NotSupported"


async def test_a_user_who_may_not_call_is_told_before_the_phone_rings(
    phone: Phone, peer: ManagerPeer
) -> None:
    peer.rights = ("Login", "Hangup")
    shown = await state(phone, await phone.dial("1002", THROUGH), "ended")
    assert "may not make calls; add originate" in str(shown["EndText"])


async def test_a_queue_answers_without_being_dialled(phone: Phone, peer: ManagerPeer) -> None:
    path = await phone.dial("600", THROUGH)
    unique = (await peer.action("Originate"))["ActionID"]
    peer.desk(unique, 6)
    peer.tell("BridgeEnter", {"Uniqueid": unique, "Channel": DESK})
    shown = await state(phone, path, "active")
    assert shown["Actions"] == ["Hangup", "SendDtmf", "Transfer"]
    name, sentence = await phone.refused("Call", "SendDtmf", "('1', @a{sv} {})", path=path)
    assert (name, "name of the channel" in sentence) == ("Failed", True)


@pytest.mark.parametrize(
    ("gone", "shown_as"), [(True, ("transferred", "done")), (False, ("remote", "failed"))]
)
async def test_a_conversation_that_ends_in_the_middle_of_a_transfer(
    phone: Phone, peer: ManagerPeer, gone: bool, shown_as: tuple[str, str]
) -> None:
    path = await talking(phone, peer)
    unique = (await peer.action("Originate"))["ActionID"]
    peer.deaf = True
    serial = await phone.client.send(path, "org.offhook.Phone1.Call", "Transfer", "('1003',)")
    await peer.action("Getvar", 2)
    if gone:
        peer.tell("BlindTransfer", {"TransfererUniqueid": unique, "Result": "Success"})
    peer.hung_up(unique, 16, "Normal Clearing")
    shown = await state(phone, path, "ended")
    assert (shown["EndReason"], shown["TransferState"]) == shown_as
    await phone.client.wait_for(lambda one: one.get("serial") == serial, "reply", "error")


HARM = (
    b"Event: Newstate\r\n" + b"X: y\r\n" * 2000,
    b"\r\n" * 50_000 + b"Y" * 9000,
    b"Response: Success\r\nActionID: " + b"9" * 9000 + b"\r\n",
)
"""Too many headers, a line too long, a header without an end."""


@pytest.mark.parametrize("harm", HARM, ids=("headers", "line", "number"))
async def test_what_is_no_message_ends_the_connection(
    phone: Phone, peer: ManagerPeer, harm: bytes
) -> None:
    path = await talking(phone, peer)
    peer.send(harm)
    shown = await state(phone, path, "ended")
    assert "sends what is no message" in str(shown["EndText"])
    await peer.left()


async def test_a_flood_of_events_changes_nothing_for_others(
    phone: Phone, peer: ManagerPeer
) -> None:
    path = await talking(phone, peer)
    unique = (await peer.action("Originate"))["ActionID"]
    for number in range(20_000):
        peer.dialling(unique, "DialBegin")
        peer.tell("DialBegin", {"Uniqueid": unique, "DestUniqueid": str(number)})
    peer.send(b"Response: Success\r\nActionID: nobody\r\n\r\n")
    assert await phone.get("Call", "State", path) == "active"
    peer.hung_up(unique, 16, "Normal Clearing")
    await state(phone, path, "ended")


async def test_an_exchange_that_is_no_longer_there_is_asked_anew_for_the_next_call(
    session_bus: PrivateBus, tmp_path: Path, peer: ManagerPeer
) -> None:
    async with office(session_bus, tmp_path, peer) as phone:
        for count in (1, 2):
            path = await talking(phone, peer, count)
            peer.cut_off()
            shown = await state(phone, path, "ended")
            assert "has closed the connection" in str(shown["EndText"])
