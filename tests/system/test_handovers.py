# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls handed over between phones we did not write, through a real proxy."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.baresip import Baresip
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio, password
from tests.support.line import account, configuration, registered
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_baresip", "needs_sipp")

PEER, OTHER = "200", "300"


@pytest.fixture
async def phone(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> AsyncIterator[Phone]:
    """User 1001, who goes where it is sent."""
    config = json.loads(configuration(account(kamailio, "1001")))
    config["calls"] = {"transferred": "follow", "redirected": "follow"}
    async with registered(session_bus, tmp_path, json.dumps(config)) as made:
        yield made


@pytest.fixture
async def peer(kamailio: Kamailio, directory: NewDirectory) -> AsyncIterator[Baresip]:
    """User 200, who answers by itself."""
    registrar = f"127.0.0.1:{kamailio.port}"
    with Baresip(directory("peer"), PEER, registrar=registrar, password=password(PEER)) as made:
        await made.registered()
        yield made


@pytest.mark.parametrize("scenario", ["answer", "reject"])
async def test_baresip_goes_where_it_is_sent(
    phone: Phone, peer: Baresip, kamailio: Kamailio, directory: NewDirectory, scenario: str
) -> None:
    keys = {"status": "486", "reason": "Busy Here"}
    with Sipp(directory("other"), scenario, user=OTHER, keys=keys) as other:
        kamailio.add_contact(OTHER, other.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "active", path)
        if scenario == "answer":
            await phone.call("Call", "Transfer", f"('{OTHER}',)", path)
            await phone.until("Call", "State", "ended", path)
            facts = await phone.properties("Call", path)
            assert (facts["TransferState"], facts["EndReason"]) == ("done", "transferred")
            invite = next(text for way, text in other.messages if way == "received")
            assert invite.partition("From:")[2].startswith(f" <sip:{PEER}@")
            peer.hang_up()
        else:
            name, sentence = await phone.refused("Call", "Transfer", f"('{OTHER}',)", path)
            assert (name, sentence) == ("Rejected", "486 Busy Here")
            await phone.until("Call", "LocalHold", False, path)
            assert await phone.get("Call", "State", path) == "active"


async def test_two_parties_are_joined(
    phone: Phone, peer: Baresip, kamailio: Kamailio, directory: NewDirectory
) -> None:
    """Both legs here end, and the two have a call of their own."""
    registrar = f"127.0.0.1:{kamailio.port}"
    with Baresip(directory("b"), OTHER, registrar=registrar, password=password(OTHER)) as other:
        await other.registered()
        first = await phone.dial(PEER)
        await phone.until("Call", "State", "active", first)
        second = await phone.dial(OTHER)
        await phone.until("Call", "State", "active", second)
        await phone.call("Call", "TransferTo", f"(objectpath '{second}',)", first)
        for path in (first, second):
            await phone.until("Call", "State", "ended", path)
            assert await phone.get("Call", "EndReason", path) == "transferred"
        answered = [one for one in other.events if one.type == "CALL_ESTABLISHED"]
        assert [one.peer.partition("@")[0] for one in answered] == ["sip:1001", f"sip:{PEER}"]


async def test_baresip_sends_us_elsewhere(
    phone: Phone, peer: Baresip, kamailio: Kamailio, directory: NewDirectory
) -> None:
    with Sipp(directory("other"), "answer", user=OTHER) as other:
        kamailio.add_contact(OTHER, other.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "active", path)
        since = len(phone.client.seen)
        peer.transfer(kamailio.uri(OTHER))
        added = await phone.client.wait_for(
            lambda one: one["member"] == "InterfacesAdded", "signal", since=since
        )
        new = str(added["body"][0])
        await phone.until("Call", "State", "active", new)
        await phone.until("Call", "State", "ended", path)  # baresip was told of the success
        assert await phone.get("Call", "Replaces", new) == path


async def test_a_redirection_by_sipp_is_followed(
    phone: Phone, kamailio: Kamailio, directory: NewDirectory
) -> None:
    keys = {"target": kamailio.uri(OTHER)}
    with (
        Sipp(directory("callee"), "redirect", user=PEER, keys=keys) as callee,
        Sipp(directory("other"), "answer", user=OTHER) as other,
    ):
        kamailio.add_contact(PEER, callee.contact)
        kamailio.add_contact(OTHER, other.contact)
        path = await phone.dial(PEER)
        await phone.until("Call", "State", "active", path)
        assert await phone.get("Call", "PeerUri", path) == kamailio.uri(OTHER)
