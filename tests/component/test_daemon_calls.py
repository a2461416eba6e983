# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls of the whole daemon, on a real bus with its real engine, seen by a foreign D-Bus client."""

import pytest

from offhookd.bus.names import BUS_NAME, ROOT
from offhookd.engine.protocol import (
    Dial,
    Hangup,
    Refuse,
    SetHosts,
)
from tests.support.daemon import Phone
from tests.support.far_end import ACCOUNT, FarEnd, connected


async def test_a_call_runs_its_course_and_is_remembered(phone: Phone, far: FarEnd) -> None:
    path, leg = await connected(phone, far)
    await phone.until("CallMedia", "Flow", "both", path)
    assert await phone.get("CallMedia", "Codec", path) == "G722"
    assert await phone.get("Telephony", "FocusCall") == path
    await phone.call("Call", "Hangup", path=path)
    assert (await far.state(leg, "ended")).cause == "remote"
    call = await phone.properties("Call", path)
    assert (call["State"], call["EndReason"]) == ("ended", "local")
    rows, cursor = await phone.call("History", "Query", "(@a{sv} {}, '', uint32 10)")
    assert [row["id"] for row in rows] == [call["Id"]]
    assert rows[0]["answered"] == call["AnsweredAt"]
    assert cursor == ""


async def test_an_incoming_call_is_in_the_history_while_it_rings(phone: Phone, far: FarEnd) -> None:
    path = await far.calls(phone)
    call = await phone.properties("Call", path)
    assert (call["State"], call["PeerUri"]) == ("incoming", "sip:test@127.0.0.1")
    (row,) = await phone.call("History", "Get", f"(uint64 {call['Id']},)")
    assert (row["direction"], row["ended"]) == ("incoming", 0)
    assert await phone.get("Telephony", "RingingCall") == path


async def test_the_packets_are_counted_when_somebody_asks(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    await phone.until("CallMedia", "Flow", "both", path)
    first = await phone.get("CallMedia", "PacketsSent", path)
    second = await phone.get("CallMedia", "PacketsSent", path)
    assert isinstance(first, int)
    while second == first:  # 50 packets a second: each question takes part of one's time
        second = await phone.get("CallMedia", "PacketsSent", path)
    assert isinstance(second, int)
    assert second > first


@pytest.mark.parametrize(("reason", "code"), [("busy", 486), ("declined", 603), ("not-here", 480)])
async def test_declining_tells_the_caller_so(
    phone: Phone, far: FarEnd, reason: str, code: int
) -> None:
    path = await far.calls(phone)
    await phone.call("Call", "Decline", f"('{reason}',)", path)
    assert (await far.state(1, "ended")).code == code
    assert await phone.get("Call", "EndReason", path) == "declined"
    assert await phone.get("History", "UnseenMissed") == 0


async def test_a_caller_who_gives_up_was_missed(phone: Phone, far: FarEnd) -> None:
    path = await far.calls(phone)
    await far.state(1, "ringing")
    far.engine.tell(Hangup(leg=1))
    await phone.until("Call", "State", "ended", path)
    assert await phone.get("Call", "EndReason", path) == "cancelled"
    assert await phone.get("History", "UnseenMissed") == 1
    await phone.call("History", "MarkSeen", "(uint64 1,)")
    assert await phone.get("History", "UnseenMissed") == 0


@pytest.mark.parametrize(
    ("code", "reason"), [(486, "busy"), (603, "declined"), (480, "no-answer"), (404, "not-found")]
)
async def test_a_refused_call_tells_why(phone: Phone, far: FarEnd, code: int, reason: str) -> None:
    path = await phone.dial(far.uri)
    leg = await far.rings()
    far.engine.tell(Refuse(leg=leg, code=code))
    await phone.until("Call", "State", "ended", path)
    call = await phone.properties("Call", path)
    assert (call["EndReason"], call["EndCode"]) == (reason, code)


async def test_answering_holds_the_first_call(phone: Phone, far: FarEnd) -> None:
    first, _ = await connected(phone, far)
    second = await far.calls(phone)
    await phone.call("Telephony", "Answer", "(objectpath '/',)")
    await phone.until("Call", "LocalHold", True, first)
    assert await phone.get("Telephony", "FocusCall") == second


async def test_a_pending_call_waits_for_its_start(phone: Phone, far: FarEnd) -> None:
    path = await phone.dial(far.uri, "{'confirm': <true>, 'request-id': <'x'>}")
    again = await phone.dial(far.uri, "{'confirm': <true>, 'request-id': <'x'>}")
    assert again == path
    assert await phone.get("Call", "State", path) == "pending"
    await phone.call("Call", "Start", path=path)
    await far.rings()
    await phone.until("Call", "State", "ringing", path)


async def test_an_ended_call_goes_and_its_number_never_returns(phone: Phone, far: FarEnd) -> None:
    path = await phone.dial(far.uri)
    await phone.call("Call", "Hangup", path=path)
    await phone.client.wait_for(lambda one: one["member"] == "InterfacesRemoved", "signal")
    name, _ = await phone.refused("Call", "Hangup", path=path)
    assert name == "UnknownObject"
    await phone.call("History", "Delete", f"([uint64 {path.rpartition('c')[2]}],)")
    assert await phone.dial(far.uri) != path


async def test_holding_replies_when_the_call_is_held(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    for member, held in (("Hold", True), ("Hold", True), ("Resume", False)):
        await phone.call("Call", member, path=path)
        assert await phone.get("Call", "LocalHold", path) is held


async def test_what_nobody_confirmed_is_not_dialled_again(phone: Phone, far: FarEnd) -> None:
    dialled = await phone.dial(far.uri)
    chosen = await phone.dial("sip:premium@127.0.0.1:9", "{'confirm': <true>}")
    (again,) = await phone.call("Telephony", "Redial")
    assert await phone.get("Call", "PeerUri", again) == far.uri
    for path in (chosen, dialled, again):
        await phone.call("Call", "Hangup", path=path)
    (last,) = await phone.call("Telephony", "Redial")
    assert await phone.get("Call", "PeerUri", last) == far.uri


async def test_only_what_rings_can_be_silenced(phone: Phone, far: FarEnd) -> None:
    silenced = f"('{BUS_NAME}.Audio', 'Silenced', <true>)"
    properties = "org.freedesktop.DBus.Properties"
    reply = await phone.client.call(ROOT, properties, "Set", silenced)
    assert reply.error.endswith("Error.InvalidState")
    path = await far.calls(phone)
    await phone.set("Audio", "Silenced", "<true>")
    assert await phone.get("Audio", "Silenced") is True
    await phone.call("Call", "Decline", "('busy',)", path)
    assert await phone.get("Audio", "Silenced") is False


async def test_an_account_that_is_off_does_not_ring(phone: Phone, far: FarEnd) -> None:
    await phone.set("Account", "Enabled", "<false>", ACCOUNT)
    far.engine.ask(SetHosts(hosts={"127.0.0.1": ("127.0.0.1",)}))
    target = f"sip:ada@127.0.0.1:{phone.daemon.sip_port}"
    far.engine.ask(
        Dial(leg=1, account="test", target=target, headers={}, anonymous=False, muted=False)
    )
    assert (await far.state(1, "ended")).code == 480
    assert await phone.get("Telephony", "Calls") == []
