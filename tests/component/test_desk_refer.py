# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephones that are asked by REFER to call: on the wire, and what it looks like on the bus."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.talker import Talker, header

THROUGH = "{'through': <'lab'>}"
TARGET = "sip:bob@192.0.2.9"


@pytest.fixture
def telephone() -> Iterator[Talker]:
    with Talker() as made:
        yield made


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path, telephone: Talker) -> AsyncIterator[Phone]:
    more = f"desk_phones:\n  lab: {{way: refer, account: direct, phone: '{telephone.contact}'}}\n"
    async with running_phone(session_bus, tmp_path, DIRECT + more) as made:
        yield made


async def asked(phone: Phone, telephone: Talker) -> tuple[str, bytes]:
    """A call that the telephone is asked for; its path and the REFER."""
    path = await phone.dial(TARGET, THROUGH)
    refer = await telephone.hears_next("REFER")
    telephone.sees(refer)
    return path, refer


async def over(phone: Phone, path: str) -> Mapping[str, object]:
    await phone.until("Call", "State", "ended", path)
    return await phone.properties("Call", path)


async def test_the_telephone_calls_and_tells_how_it_goes(phone: Phone, telephone: Talker) -> None:
    path, refer = await asked(phone, telephone)
    assert header(refer, "Refer-To") == f"<{TARGET}>"
    assert header(refer, "Referred-By") == "<sip:ada@127.0.0.1>"
    telephone.says(refer, "202 Accepted", telephone.contact_line)
    telephone.notifies("100 Trying")
    telephone.notifies("180 Ringing")
    await phone.until("Call", "State", "ringing", path)
    assert await phone.get("Call", "Actions", path) == []
    name, sentence = await phone.refused("Call", "Hangup", path=path)
    assert (name, "hang up there" in sentence) == ("NotSupported", True)
    telephone.notifies("200 OK", "terminated;reason=noresource")
    shown = await over(phone, path)
    assert (shown["EndReason"], shown["EndText"]) == (
        "transferred",
        "Desk phone 'lab' goes on with the call",
    )
    row = (await phone.call("History", "Get", f"(uint64 {shown['Id']},)"))[0]
    assert (row["through"], row["answered"] > 0) == ("lab", True)


async def test_news_may_come_before_the_answer(phone: Phone, telephone: Talker) -> None:
    path, refer = await asked(phone, telephone)
    telephone.notifies("180 Ringing")
    await phone.until("Call", "State", "ringing", path)
    telephone.says(refer, "202 Accepted", telephone.contact_line)
    telephone.notifies("486 Busy Here", "terminated;reason=noresource")
    shown = await over(phone, path)
    assert (shown["EndReason"], shown["EndCode"]) == ("busy", 486)


async def test_a_telephone_that_refuses_or_falls_silent_is_told(
    phone: Phone, telephone: Talker
) -> None:
    path, refer = await asked(phone, telephone)
    telephone.says(refer, "403 Forbidden")
    shown = await over(phone, path)
    assert shown["EndText"] == "Desk phone 'lab' refuses to call: 403 Forbidden"
    path, refer = await asked(phone, telephone)
    telephone.says(refer, "202 Accepted", telephone.contact_line)
    telephone.notifies("100 Trying", "terminated;reason=giveup")
    shown = await over(phone, path)
    assert "does not tell what became" in str(shown["EndText"])


async def test_two_errands_at_once_are_kept_apart(phone: Phone, telephone: Talker) -> None:
    first, one = await asked(phone, telephone)
    second, other = await asked(phone, telephone)
    telephone.says(one, "202 Accepted", telephone.contact_line)
    telephone.says(other, "202 Accepted", telephone.contact_line)
    telephone.notifies("180 Ringing")
    await phone.until("Call", "State", "ringing", second)
    telephone.sees(one)
    telephone.notifies("603 Decline", "terminated;reason=noresource")
    shown = await over(phone, first)
    assert shown["EndReason"] == "declined"
    assert await phone.get("Call", "State", second) == "ringing"


async def test_a_stranger_cannot_tell_how_it_goes(phone: Phone, telephone: Talker) -> None:
    path, refer = await asked(phone, telephone)
    telephone.says(refer, "202 Accepted", telephone.contact_line)
    telephone.notifies("180 Ringing")
    await phone.until("Call", "State", "ringing", path)
    telephone.dialog.to_tag = "guessed"
    telephone.notifies("486 Busy Here", "terminated")
    await telephone.hears_next(481)
    assert await phone.get("Call", "State", path) == "ringing"
