# SPDX-License-Identifier: GPL-2.0-or-later
"""A call for help on the wire: nothing interrupts it, and they can send it on and call back."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.line import ACCOUNT, incoming
from tests.support.raw_sip import SDP, Dialog
from tests.support.talker import Talker, header


@pytest.fixture
def centre() -> Iterator[Talker]:
    with Talker() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Talker]:
    with Talker() as made:
        yield made


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path, centre: Talker) -> AsyncIterator[Phone]:
    """Whose server is the emergency centre itself, and which takes part in no transfer."""
    config = DIRECT.replace("sip:ada@127.0.0.1", f"sip:ada@127.0.0.1:{centre.raw.port}")
    config += "calls: {transferred: refuse}\n"
    async with running_phone(session_bus, tmp_path, config) as made:
        yield made


def invite(caller: Talker, dialog: Dialog) -> bytes:
    return caller.raw.request("INVITE", dialog, caller.contact_line, SDP)


async def helped(phone: Phone, centre: Talker) -> str:
    """A call for help that was answered."""
    path = await phone.dial("112")
    asked = await centre.hears_next("INVITE")
    assert asked.startswith(f"INVITE sip:112@127.0.0.1:{centre.raw.port}".encode())
    centre.says(asked, "200 OK", centre.contact_line, SDP)
    await phone.until("Call", "State", "active", path)
    return path


async def test_nobody_interrupts_a_call_for_help(
    phone: Phone, centre: Talker, other: Talker
) -> None:
    path = await helped(phone, centre)
    actions = await phone.get("Call", "Actions", path)
    assert actions == ["Hangup", "SendDtmf", "SetRecording", "Play"]
    for member, arguments in (("Hold", ""), ("Flash", ""), ("Transfer", "('23',)")):
        name, sentence = await phone.refused("Call", member, arguments, path)
        assert (name, "only hung up" in sentence) == ("InvalidState", True)
    name, sentence = await phone.refused("Telephony", "Dial", f"('{other.contact}', @a{{sv}} {{}})")
    assert (name, "hang it up first" in sentence) == ("InvalidState", True)
    other.raw.talk_to(centre.raw.engine_port)
    other.raw.send(invite(other, Dialog()))
    await other.hears(486)
    assert not other.heard(180)


async def test_who_helps_hands_over_and_calls_back_whatever_is_set(
    phone: Phone, centre: Talker, other: Talker
) -> None:
    path = await helped(phone, centre)
    centre.asks("REFER", f"Refer-To: <{other.contact}>\r\n")
    await centre.hears(202)
    asked = await other.hears_next("INVITE")
    other.says(asked, "200 OK", other.contact_line, SDP)
    centre.says(await centre.hears_next("NOTIFY"), "200 OK")
    centre.asks("BYE")
    await phone.until("Call", "State", "ended", path)
    other.asks("BYE")
    assert await other.hears(200)
    await phone.set("Account", "DoNotDisturb", "<true>", ACCOUNT.replace("work", "direct"))
    since = len(phone.client.seen)
    caller = Dialog()
    centre.raw.send(invite(centre, caller))
    called = await incoming(phone, since)
    await phone.until("Telephony", "RingingCall", called)
    ringing = await centre.hears(180)
    assert header(ringing, "Call-ID") == caller.call_id
