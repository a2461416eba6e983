# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is at the other end by now, as an exchange that we did not write tells it."""

from pathlib import Path

import pytest

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.processes import PATIENCE_S, until
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

BOOKS = """
directory:
  sources: {friends: {kind: vcard, path: '%s'}}
"""
CARD = """BEGIN:VCARD
VERSION:3.0
UID:%(user)s
FN:%(name)s
N:;%(name)s;;;
TEL:%(user)s
END:VCARD
"""


async def people(phone: Phone, path: str) -> tuple[object, ...]:
    call = await phone.properties("Call", path)
    return call["PeerUri"], call["PeerName"], call["ContactName"]


def answers(exchange: Sipp) -> int:
    return sum("CSeq: 1 UPDATE" in text for _, text in exchange.messages)


async def test_the_servers_word_is_shown_looked_up_and_kept(
    session_bus: PrivateBus, directory: NewDirectory, tmp_path: Path
) -> None:
    book = tmp_path / "friends.vcf"
    friends = {"1002": "Grace Hopper", "1003": "Carol Shaw"}
    book.write_text("".join(CARD % {"user": one, "name": name} for one, name in friends.items()))
    with Sipp(directory("exchange"), "connected") as exchange:
        proxy = f"proxy: sip:127.0.0.1:{exchange.port}"
        config = DIRECT.replace("accept_from: anyone", proxy) + BOOKS % book
        async with running_phone(session_bus, tmp_path, config) as phone:
            await phone.until("Contacts", "Sources", [["friends", "vcard", "ready"]])
            path = await phone.dial("sip:99@pbx.example")
            await phone.until("Call", "PeerName", "Reception", path)
            await phone.until("Call", "ContactName", "Grace Hopper", path)
            assert await people(phone, path) == ("sip:1002@pbx.example", "", "Grace Hopper")
            await phone.call("Call", "SendDtmf", "('1', {'method': <'info'>})", path)
            await phone.until("Call", "ContactName", "Carol Shaw", path)
            assert await people(phone, path) == ("sip:1003@pbx.example", "Carol", "Carol Shaw")
            await phone.call("Call", "Hangup", path=path)
            (row,) = await phone.call("History", "Get", f"(uint64 {path.rpartition('c')[2]},)")
        result = await exchange.result()
    assert (result.exit_code, result.succeeded) == (0, 1), result.errors
    assert (row["peer-uri"], row["contact-name"]) == ("sip:99@pbx.example", "")
    connected = row["connected-uri"], row["connected-name"]
    assert connected == ("sip:1003@pbx.example", "Carol Shaw")


async def test_a_strangers_word_is_not_believed(
    session_bus: PrivateBus, directory: NewDirectory, tmp_path: Path
) -> None:
    with Sipp(directory("stranger"), "connected") as stranger:
        async with running_phone(session_bus, tmp_path, DIRECT) as phone:
            path = await phone.dial(stranger.contact)
            await phone.until("Call", "State", "active", path)
            await phone.call("Call", "SendDtmf", "('1', {'method': <'info'>})", path)
            await until(lambda: answers(stranger) > 1, PATIENCE_S, "the answer to the UPDATE")
            call = await phone.properties("Call", path)
            await phone.call("Call", "Hangup", path=path)
    assert (call["PeerUri"], call["PeerName"]) == (stranger.contact, "")
