# SPDX-License-Identifier: GPL-2.0-or-later
"""Voice mail as servers tell of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import CommandLine
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import ACCOUNT, account, configuration, registered, sip_port
from tests.support.party import STRANGER, Party
from tests.support.raw_sip import Dialog
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

SUMMARY = (
    "Event: message-summary\r\nSubscription-State: terminated\r\n"
    "Content-Type: application/simple-message-summary\r\n"
)
WAITING = (
    "Messages-Waiting: yes\r\nMessage-Account: sip:*97@pbx.test\r\nVoice-Message: 2/8 (0/0)\r\n"
)
EMPTY = "Messages-Waiting: no\r\nVoice-Message: 0/10 (0/0)\r\n"


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


async def test_a_server_tells_unasked(phone: Phone, server: Party) -> None:
    server.raw.send(server.raw.request("NOTIFY", Dialog(), SUMMARY, WAITING, to="1001"))
    await server.hears(200)
    await phone.until("Account", "MessagesNew", 2, ACCOUNT)
    told = await phone.properties("Account", ACCOUNT)
    assert (told["MessagesOld"], told["VoicemailUri"]) == (8, "sip:*97@pbx.test")
    server.raw.send(server.raw.request("NOTIFY", Dialog(), SUMMARY, EMPTY, to="1001"))
    await phone.until("Account", "MessagesNew", 0, ACCOUNT)


async def test_the_box_that_the_server_names_is_called(
    phone: Phone, server: Party, session_bus: PrivateBus
) -> None:
    offhook = CommandLine(session_bus.address)
    refused = await offhook("voicemail")
    assert (refused.status, refused.out) == (1, "")
    assert "set voicemail:" in refused.err
    server.raw.send(server.raw.request("NOTIFY", Dialog(), SUMMARY, WAITING, to="1001"))
    await phone.until("Account", "MessagesNew", 2, ACCOUNT)
    assert "sip:*97@pbx.test" in (await offhook("voicemail", "--list")).out
    for words in (["voicemail"], ["voicemail", "work"], ["dial", "voicemail"]):
        called = await offhook(*words)
        assert called.out.endswith("sip:*97@pbx.test\n"), called


async def test_the_box_in_the_configuration_counts_more(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    config = configuration(account(kamailio, "1001", voicemail="*98"))
    async with registered(session_bus, tmp_path, config) as phone:
        uri = await phone.get("Account", "VoicemailUri", ACCOUNT)
        assert uri == f"sip:*98@127.0.0.1:{kamailio.port}"


async def test_a_server_is_asked_and_tells(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio, directory: NewDirectory
) -> None:
    with Sipp(directory("box"), "mailbox", user="box", calls=9) as server:
        keys = {"proxy": f"sip:127.0.0.1:{server.port}", "mwi": "subscribe"}
        config = configuration(account(kamailio, "1001", **keys))
        async with registered(session_bus, tmp_path, config) as phone:
            await phone.until("Account", "MessagesNew", 3, ACCOUNT)
            assert await phone.get("Account", "VoicemailUri", ACCOUNT) == "sip:box@127.0.0.1"
            subscribe = next(text for _, text in server.messages if text.startswith("SUBSCRIBE"))
            assert "Event: message-summary" in subscribe
            assert "Accept: application/simple-message-summary" in subscribe


async def test_a_server_that_does_not_know_of_voice_mail_is_told_to_the_user(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    kamailio.fail("SUBSCRIBE", 489)
    config = configuration(account(kamailio, "1001", mwi="subscribe"))
    async with registered(session_bus, tmp_path, config) as phone:

        def tells(seen: dict[str, Any]) -> bool:
            return seen["member"] == "PropertiesChanged" and "489 Injected" in str(seen["body"])

        await phone.client.wait_for(tells, "signal")
        problems = await phone.get("Manager", "Problems")
        assert "Nothing is known of the voice mail of account work" in str(problems)


async def test_nobody_else_is_believed(phone: Phone, server: Party, kamailio: Kamailio) -> None:
    with Party(STRANGER, sip_port(kamailio)) as stranger:
        notify = stranger.raw.request("NOTIFY", Dialog(), SUMMARY, WAITING, to="1001")
        stranger.raw.send(notify)
        server.raw.send(server.raw.request("NOTIFY", Dialog(), SUMMARY, EMPTY, to="1001"))
        await phone.until("Account", "MessagesOld", 10, ACCOUNT)
        assert stranger.raw.receive() == []


async def test_what_is_no_summary_changes_nothing(phone: Phone, server: Party) -> None:
    plain = SUMMARY.replace("application/simple-message-summary", "text/plain")
    server.raw.send(server.raw.request("NOTIFY", Dialog(), plain, WAITING, to="1001"))
    await server.hears(415)
    server.raw.send(server.raw.request("NOTIFY", Dialog(), SUMMARY, "nonsense", to="1001"))
    await server.hears(200)
    assert await phone.get("Account", "MessagesNew", ACCOUNT) == 0
