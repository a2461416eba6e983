# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephones that are called and sent on: on the wire, and what it looks like on the bus."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.raw_sip import SDP
from tests.support.talker import Talker, header

THROUGH = "{'through': <'hall'>}"
TARGET = "sip:bob@192.0.2.9"


@pytest.fixture
def telephone() -> Iterator[Talker]:
    with Talker() as made:
        yield made


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path, telephone: Talker) -> AsyncIterator[Phone]:
    more = (
        f"desk_phones: {{hall: {{way: call, account: direct, phone: '{telephone.contact}',"
        " auto_answer: call-info}}\n"
    )
    async with running_phone(session_bus, tmp_path, DIRECT + more) as made:
        yield made


async def lifted(phone: Phone, telephone: Talker) -> tuple[str, bytes]:
    """A call whose telephone was lifted and is sent on; its path and the REFER."""
    path = await phone.dial(TARGET, THROUGH)
    invite = await telephone.hears_next("INVITE")
    assert header(invite, "Call-Info") == "<sip:offhook.invalid>;answer-after=0"
    telephone.says(invite, "180 Ringing", telephone.contact_line)
    telephone.says(invite, "200 OK", telephone.contact_line, SDP)
    return path, await telephone.hears_next("REFER")


async def over(phone: Phone, path: str) -> Mapping[str, object]:
    await phone.until("Call", "State", "ended", path)
    return await phone.properties("Call", path)


async def test_the_telephone_is_called_and_sent_on(phone: Phone, telephone: Talker) -> None:
    path, refer = await lifted(phone, telephone)
    assert TARGET in header(refer, "Refer-To")
    telephone.says(refer, "202 Accepted", telephone.contact_line)
    telephone.notifies("180 Ringing")
    await phone.until("Call", "State", "ringing", path)
    assert await phone.get("Telephony", "FocusCall") == "/"
    assert await phone.get("Telephony", "Calls") == [path]
    assert await phone.get("Call", "Actions", path) == []
    telephone.notifies("200 OK", "terminated;reason=noresource")
    assert (await over(phone, path))["EndReason"] == "transferred"
    telephone.says(await telephone.hears_next("BYE"), "200 OK")


async def test_a_far_end_that_refuses_frees_the_telephone(phone: Phone, telephone: Talker) -> None:
    path, refer = await lifted(phone, telephone)
    telephone.says(refer, "202 Accepted", telephone.contact_line)
    telephone.notifies("486 Busy Here", "terminated;reason=noresource")
    shown = await over(phone, path)
    assert (shown["EndReason"], shown["EndCode"]) == ("busy", 486)
    telephone.says(await telephone.hears_next("BYE"), "200 OK")


async def test_a_telephone_that_nobody_lifts_and_one_that_is_called_off(
    phone: Phone, telephone: Talker
) -> None:
    path = await phone.dial(TARGET, THROUGH)
    telephone.says(await telephone.hears_next("INVITE"), "486 Busy Here")
    shown = await over(phone, path)
    assert shown["EndText"] == "Desk phone 'hall' did not answer: 486 Busy Here"
    path = await phone.dial(TARGET, THROUGH)
    telephone.says(await telephone.hears_next("INVITE"), "180 Ringing", telephone.contact_line)
    await phone.call("Call", "Hangup", path=path)
    assert (await over(phone, path))["EndReason"] == "cancelled"
    await telephone.hears_next("CANCEL")
