# SPDX-License-Identifier: GPL-2.0-or-later
"""Text messages through a real proxy, to and from programs we did not write."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from offhookd.bus.names import BUS_NAME, ROOT
from tests.support.cli import CommandLine
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import account, configuration, registered, sip_port
from tests.support.party import STRANGER, Party
from tests.support.raw_sip import Dialog
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

PEER = "200"
PLAIN = "Content-Type: text/plain\r\n"


@pytest.fixture
async def phone(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> AsyncIterator[Phone]:
    """User 1001."""
    async with registered(session_bus, tmp_path, configuration(account(kamailio, "1001"))) as made:
        yield made


@pytest.fixture
def server(phone: Phone, kamailio: Kamailio) -> Iterator[Party]:
    with Party("127.0.0.1", sip_port(kamailio)) as made:
        yield made


def taking(directory: NewDirectory, kamailio: Kamailio, status: str, **words: Any) -> Sipp:
    peer = Sipp(directory("peer"), "take_message", user=PEER, keys={"status": status}, **words)
    kamailio.add_contact(PEER, peer.contact)
    return peer


async def rows(phone: Phone, wanted: str = "{}") -> list[dict[str, Any]]:
    arguments = f"(@a{{sv}} {wanted}, '', @u 500)"
    found, _ = await phone.call("Messages", "Query", arguments)
    return list(found)


async def told(phone: Phone, member: str = "RowAdded") -> dict[str, Any]:
    message = await phone.client.wait_for(
        lambda one: one["member"] == member and one["path"].endswith("Phone1"), "signal"
    )
    return dict(message["body"][1])


def _is_settled(message: int, seen: dict[str, Any]) -> bool:
    return bool(seen["member"] == "RowChanged" and seen["body"][0] == message)


async def test_a_message_is_accepted_by_the_far_end(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    with taking(directory, kamailio, "200 OK") as peer:
        (sent,) = await phone.call("Messages", "Send", f"('{PEER}', 'Grüße,\\nAda', @a{{sv}} {{}})")
        assert (await peer.result()).succeeded == 1
    ((_, request), _) = peer.messages
    assert request.endswith("Grüße,\nAda")
    assert "Content-Type: text/plain;charset=UTF-8" in request
    assert "Contact:" not in request
    (row,) = await rows(phone)
    assert (row["id"], row["status"], row["read"]) == (sent, "accepted", True)
    assert (row["text"], row["direction"]) == ("Grüße,\nAda", "outgoing")


@pytest.mark.parametrize(
    ("user", "status", "name", "reason"),
    [
        (PEER, "486 Busy Here", "Rejected", "486 Busy Here"),
        (PEER, "415 Text Only", "Rejected", "415 Text Only"),
        ("nobody", "200 OK", "Rejected", "404 Not Found"),
        ("absent", "200 OK", "Rejected", "480 Temporarily Unavailable"),
    ],
)
async def test_a_refused_message_is_kept_with_the_reason(
    phone: Phone,
    kamailio: Kamailio,
    directory: NewDirectory,
    user: str,
    status: str,
    name: str,
    reason: str,
) -> None:
    with taking(directory, kamailio, status):
        error = await phone.refused("Messages", "Send", f"('{user}', 'Tea?', @a{{sv}} {{}})")
    assert error == (name, reason)
    assert (await told(phone, "RowChanged"))["status"] == "failed"
    (row,) = await rows(phone)
    assert (row["status"], row["reason"]) == ("failed", reason)


async def test_messages_sent_at_once_get_each_its_own_answer(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    with taking(directory, kamailio, "202 Accepted", calls=3) as peer:
        for user in (PEER, "nobody", PEER, PEER):
            arguments = f"('{user}', '{user}', @a{{sv}} {{}})"
            await phone.client.send(ROOT, f"{BUS_NAME}.Messages", "Send", arguments)
        assert (await peer.result()).succeeded == 3
    for message in range(1, 5):
        await phone.client.wait_for(partial(_is_settled, message), "signal")
    assert sorted(row["status"] for row in await rows(phone)) == [*["accepted"] * 3, "failed"]


async def test_a_message_comes_in_and_is_read(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    words = {"type": "text/plain", "text": "Tea? \u202eaet", "wanted": "200"}
    to = f"1001@127.0.0.1:{kamailio.port}"
    with Sipp(directory("peer"), "message", user=PEER, call=to, keys=words) as peer:
        assert (await peer.result()).succeeded == 1
    row = await told(phone)
    assert (row["text"], row["status"], row["read"]) == ("Tea? aet", "received", False)
    assert (row["peer-uri"], row["peer-name"]) == (f"sip:{PEER}@127.0.0.1", "SIPp")
    assert await phone.get("Messages", "Unread") == 1
    await phone.call("Messages", "MarkRead", f"(@t {row['id']},)")
    assert await phone.get("Messages", "Unread") == 0
    assert (await rows(phone, "{'peer': <'200'>}"))[0]["read"] is True


async def test_a_type_that_nobody_can_read_is_refused(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    words = {"type": "application/im-iscomposing+xml", "text": "<isComposing/>", "wanted": "415"}
    to = f"1001@127.0.0.1:{kamailio.port}"
    with Sipp(directory("peer"), "message", user=PEER, call=to, keys=words) as peer:
        assert (await peer.result()).succeeded == 1
    assert "Accept: text/plain, message/cpim" in peer.messages[-1][1]
    assert await rows(phone) == []


async def test_a_request_that_comes_twice_is_one_message(phone: Phone, server: Party) -> None:
    dialog = Dialog()
    for _ in range(2):  # by two ways: another branch each
        server.raw.send(server.raw.request("MESSAGE", dialog, PLAIN, "once", to="1001"))
    await server.hears(200)
    dialog.cseq += 1
    server.raw.send(server.raw.request("MESSAGE", dialog, PLAIN, "twice", to="1001"))
    await told(phone)
    await phone.client.wait_for(
        lambda one: one["member"] == "RowAdded" and one["body"][1]["text"] == "twice", "signal"
    )
    assert [row["text"] for row in await rows(phone)] == ["twice", "once"]
    assert len(server.heard(200)) == 3


async def test_a_flood_is_bounded_and_nobody_elses_message_is_lost(
    phone: Phone, server: Party
) -> None:
    for number in range(200):
        text = f"spam {number}"
        server.raw.send(server.raw.request("MESSAGE", Dialog(), PLAIN, text, to="1001"))
    request = server.raw.request("MESSAGE", Dialog(), PLAIN, "ham", to="1001")
    for _ in range(40):  # as its sender would
        server.raw.send(request)
        if any(row["text"] == "ham" for row in await rows(phone)):
            break
    kept = await rows(phone)
    assert any(row["text"] == "ham" for row in kept)
    assert len(kept) < 80


async def test_a_stranger_is_not_heard(phone: Phone, server: Party, kamailio: Kamailio) -> None:
    with Party(STRANGER, sip_port(kamailio)) as stranger:
        stranger.raw.send(stranger.raw.request("MESSAGE", Dialog(), PLAIN, "psst", to="1001"))
        server.raw.send(server.raw.request("MESSAGE", Dialog(), PLAIN, "hello", to="1001"))
        await server.hears(200)
        assert stranger.raw.receive() == []
    assert [row["text"] for row in await rows(phone)] == ["hello"]


async def test_the_command_line_sends_lists_and_reads(
    phone: Phone,
    server: Party,
    kamailio: Kamailio,
    directory: NewDirectory,
    session_bus: PrivateBus,
) -> None:
    offhook = CommandLine(session_bus.address)
    with taking(directory, kamailio, "200 OK"):
        sent = await offhook("messages", "send", PEER, "Tea", "at", "five?")
    assert (sent.status, sent.out, sent.err) == (0, "", "")
    refused = await offhook("messages", "send", "nobody", "Tea?")
    assert (refused.status, refused.err) == (1, "offhook: 404 Not Found\n")
    server.raw.send(server.raw.request("MESSAGE", Dialog(), PLAIN, "Yes\r\nAda", to="1001"))
    await server.hears(200)
    lines = (await offhook("messages")).out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["*", "2", "1"]
    assert "Yes / Ada" in lines[1]
    assert "failed (404 Not Found)" in lines[2]
    assert (await offhook("messages", "read")).status == 0
    assert (await offhook("messages", "--unread", "--json")).out == "[]\n"


async def test_messages_outlive_the_phone(
    phone: Phone, server: Party, session_bus: PrivateBus
) -> None:
    server.raw.send(server.raw.request("MESSAGE", Dialog(), PLAIN, "kept", to="1001"))
    await told(phone)
    await phone.daemon.stop()
    await phone.daemon.start()
    assert await phone.get("Messages", "Unread") == 1
    assert [row["text"] for row in await rows(phone)] == ["kept"]
