# SPDX-License-Identifier: GPL-2.0-or-later
"""A number means the same wherever it is entered: the account's dial plan writes it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from offhookd.bus.names import ROOT
from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.line import incoming
from tests.support.raw_sip import SDP, Dialog
from tests.support.talker import Talker, header

CALL = "org.offhook.Phone1.Call"
CONFIG = (
    DIRECT.replace(
        "registrar:",
        'voicemail: "99"\n    rewrite: ["([2-9])\\\\1 -> 10\\\\1\\\\1"]\n    registrar:',
    )
    + 'devices: {speed_dials: {"1": "55"}}\n'
)
"""An office whose extensions are dialled by their last two digits."""


@pytest.fixture
async def office(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    async with running_phone(session_bus, tmp_path, CONFIG) as made:
        yield made


@pytest.fixture
def peer() -> Iterator[Talker]:
    with Talker() as made:
        yield made


@pytest.mark.parametrize("entered", ["55", "@1"])
async def test_who_is_called_is_who_gets_messages_and_is_watched(
    office: Phone, entered: str
) -> None:
    uri = "sip:1055@127.0.0.1"
    assert await office.get("Call", "PeerUri", await office.dial(entered)) == uri
    await office.client.send(
        ROOT, "org.offhook.Phone1.Messages", "Send", f"('{entered}', 'Hi', @a{{sv}} {{}})"
    )
    added = await office.client.wait_for(lambda one: one["member"] == "RowAdded", "signal")
    assert added["body"][1]["peer-uri"] == uri
    (watch,) = await office.call("Contacts", "Watch", f"('{entered}', false)")
    assert await office.get("Presence", "Uri", watch) == uri


async def test_the_mail_box_is_at_its_full_number(office: Phone) -> None:
    uri = await office.get("Account", "VoicemailUri", f"{ROOT}/accounts/direct")
    assert uri == "sip:1099@127.0.0.1"


async def test_callers_are_sent_to_whom_the_phone_would_dial(office: Phone, peer: Talker) -> None:
    path = await peer.takes(office)
    await office.client.send(path, CALL, "Transfer", "('55',)")
    peer.says(await peer.hears_next("INVITE"), "200 OK", peer.contact_line, SDP)
    assert header(await peer.hears_next("REFER"), "Refer-To") == "<sip:1055@127.0.0.1>"
    since = len(office.client.seen)
    peer.raw.send(peer.raw.request("INVITE", Dialog(), peer.contact_line, SDP))
    caller = await incoming(office, since)
    await office.client.send(caller, CALL, "Redirect", "('@1',)")
    assert header(await peer.hears(302), "Contact") == "<sip:1055@127.0.0.1>"
