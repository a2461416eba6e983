# SPDX-License-Identifier: GPL-2.0-or-later
"""Handing calls over on the command line."""

import asyncio

from tests.support.cli import CommandLine
from tests.support.daemon import Phone
from tests.support.raw_sip import SDP
from tests.support.talker import Talker, header


async def test_a_call_is_transferred_and_the_refusal_told(phone: Phone) -> None:
    with Talker() as peer:
        path = await peer.takes(phone)
        offhook = CommandLine(phone.daemon.bus.address)
        command = asyncio.create_task(offhook("transfer", "sip:dave@127.0.0.1:5999"))
        peer.says(
            await peer.hears_next("INVITE"), "200 OK", peer.contact_line, SDP + "a=recvonly\r\n"
        )
        refer = await peer.hears_next("REFER")
        assert header(refer, "Refer-To") == "<sip:dave@127.0.0.1:5999>"
        peer.says(refer, "202 Accepted", peer.contact_line)
        peer.notifies("486 Busy Here", "terminated;reason=noresource")
        said = await command
        assert said.status == 1
        assert "486 Busy Here" in said.err
        assert await phone.get("Call", "State", path) == "active"


async def test_there_must_be_somebody_to_swap_with(phone: Phone) -> None:
    said = await CommandLine(phone.daemon.bus.address)("swap")
    assert said.status == 1
    assert "no other call on hold" in said.err
