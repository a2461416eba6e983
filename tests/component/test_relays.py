# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that the phone forwards by calling itself, word by word on both sides."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from offhookd.bus.names import BUS_NAME, ROOT
from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.line import incoming
from tests.support.raw_sip import SDP, Dialog, to_tag_of
from tests.support.talker import Talker, header, replied

ACCOUNT = f"{ROOT}/accounts/direct"
CONFIG = DIRECT.replace("registrar:", "forward_by: call\n    registrar:")


class Caller(Talker):
    """In a call that it began."""

    def calls(self, headers: str = "", forwards: int = 70) -> None:
        self.dialog = Dialog()
        invite = self.raw.request("INVITE", self.dialog, self.contact_line + headers, SDP)
        self.invite = invite.replace(b"Max-Forwards: 70", f"Max-Forwards: {forwards}".encode())
        self.raw.send(self.invite)

    async def is_answered(self) -> bytes:
        answer = await self.hears(200)
        self.dialog.to_tag = to_tag_of(answer)
        self.raw.send(self.raw.request("ACK", self.dialog))
        return answer

    def gives_up(self) -> None:
        """CANCEL; the branch is that of the INVITE (RFC 3261 section 9.1)."""
        via = re.search(rb"branch=[^;\r]*", self.invite)
        assert via
        cancel = self.raw.request("CANCEL", self.dialog)
        self.raw.send(re.sub(rb"branch=[^;\r]*", via[0], cancel))


class Callee(Talker):
    @property
    def contact(self) -> str:
        return super().contact.replace("peer", "bob")


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    async with running_phone(session_bus, tmp_path, CONFIG) as made:
        yield made


@pytest.fixture
def callee() -> Iterator[Talker]:
    with Callee() as made:
        yield made


@pytest.fixture
async def caller(phone: Phone) -> AsyncIterator[Caller]:
    """Who knows the phone's port: from a call of another one."""
    with Caller() as made, Talker() as scout:
        path = await scout.takes(phone)
        scout.asks("BYE")
        await phone.until("Call", "State", "ended", path)
        made.raw.talk_to(scout.raw.engine_port)
        yield made


async def forward(phone: Phone, to: Talker, when: str = "Always") -> None:
    await phone.set("Account", f"Forward{when}", f"<'{to.contact}'>", ACCOUNT)


async def leg_of(phone: Phone, caller_path: str) -> str:
    """Path of the second call."""
    found = await phone.get("Call", "ConnectedTo", caller_path)
    assert await phone.get("Call", "ConnectedTo", str(found)) == caller_path
    return str(found)


async def rows(phone: Phone) -> list[dict[str, object]]:
    found, _ = await phone.call("History", "Query", "(@a{sv} {}, '', @u 10)")
    return list(found)


async def test_both_are_told_what_the_other_does_and_end_together(
    phone: Phone, caller: Caller, callee: Talker
) -> None:
    await forward(phone, callee)
    since = len(phone.client.seen)
    caller.calls("Diversion: <sip:office@127.0.0.9>;reason=unconditional\r\n", forwards=40)
    asked = await callee.hears_next("INVITE")
    assert header(asked, "Max-Forwards") == "39"
    own = "<sip:ada@127.0.0.1>"
    assert header(asked, "Diversion") == (
        f"{own};reason=unconditional;counter=1, <sip:office@127.0.0.9>;reason=unknown;counter=1"
    )
    assert header(asked, "History-Info") == (
        f"<sip:office@127.0.0.9>;index=1, {own};index=1.1;mp=1,"
        f" <{callee.contact};cause=302>;index=1.1.1;mp=1.1"
    )
    path = await incoming(phone, since)
    second = await leg_of(phone, path)
    assert await phone.get("Call", "Actions", path) == ["Hangup"]
    assert await phone.get("Telephony", "RingingCall") == "/"
    assert not caller.heard(180)
    callee.says(asked, "180 Ringing", callee.contact_line)
    await caller.hears(180)
    callee.says(asked, "183 Session Progress", callee.contact_line, SDP)
    assert b"m=audio" in await caller.hears(183)
    assert not caller.heard(200)
    callee.says(asked, "200 OK", callee.contact_line, SDP)
    await caller.is_answered()
    await phone.until("Call", "State", "active", path)
    await phone.until("Call", "State", "active", second)
    assert await phone.get("Telephony", "FocusCall") == "/"
    name, sentence = await phone.refused("Call", "Hold", path=path)
    assert (name, "forwarded" in sentence) == ("InvalidState", True)
    callee.asks("BYE")
    await caller.hears("BYE")
    await phone.until("Call", "State", "ended", path)
    outgoing, came, *_ = await rows(phone)
    assert (came["direction"], came["end-reason"]) == ("incoming", "forwarded")
    assert (outgoing["direction"], outgoing["end-reason"]) == ("outgoing", "remote")


async def test_who_hangs_up_first_ends_both(phone: Phone, caller: Caller, callee: Talker) -> None:
    await forward(phone, callee)
    caller.calls()
    callee.says(await callee.hears_next("INVITE"), "200 OK", callee.contact_line, SDP)
    await caller.is_answered()
    caller.asks("BYE")
    await callee.hears("BYE")


async def test_a_caller_who_gives_up_is_called_off(
    phone: Phone, caller: Caller, callee: Talker
) -> None:
    await forward(phone, callee)
    caller.calls()
    callee.says(await callee.hears_next("INVITE"), "180 Ringing", callee.contact_line)
    await caller.hears(180)
    caller.gives_up()
    await caller.hears(487)
    await callee.hears("CANCEL")


@pytest.mark.parametrize(
    ("status", "told"),
    [("486 Busy Here", 486), ("480 Temporarily Unavailable", 480), ("404 Not Found", 480)],
)
async def test_who_cannot_be_had_is_told_to_the_caller(
    phone: Phone, caller: Caller, callee: Talker, status: str, told: int
) -> None:
    await forward(phone, callee)
    caller.calls()
    callee.says(await callee.hears_next("INVITE"), status)
    await caller.hears(told)
    await phone.until("History", "UnseenMissed", 1)


async def test_a_call_that_nobody_answers_there_either_comes_back(
    phone: Phone, caller: Caller, callee: Talker
) -> None:
    await forward(phone, callee, "NoAnswer")
    await phone.set("Account", "ForwardNoAnswerSeconds", "<uint32 1>", ACCOUNT)
    since = len(phone.client.seen)
    caller.calls()
    path = await incoming(phone, since)
    await phone.until("Telephony", "RingingCall", path)
    asked = await callee.hears_next("INVITE")
    await phone.until("Telephony", "RingingCall", "/")
    callee.says(asked, "480 Temporarily Unavailable")
    await phone.until("Telephony", "RingingCall", path)
    assert await phone.get("Call", "ConnectedTo", path) == "/"
    serial = await phone.client.send(path, f"{BUS_NAME}.Call", "Answer")
    await caller.is_answered()
    assert await replied(phone, serial) == ""


async def test_a_call_is_sent_on_by_hand_and_taken_back(
    phone: Phone, caller: Caller, callee: Talker
) -> None:
    since = len(phone.client.seen)
    caller.calls()
    path = await incoming(phone, since)
    await phone.call("Call", "Redirect", f"('{callee.contact}',)", path)
    asked = await callee.hears_next("INVITE")
    assert "reason=deflection" in header(asked, "Diversion")
    second = await leg_of(phone, path)
    callee.says(asked, "180 Ringing", callee.contact_line)
    await phone.until("Call", "State", "ringing", second)
    await phone.client.send(second, f"{BUS_NAME}.Call", "Hangup")
    callee.says(await callee.hears("CANCEL"), "200 OK")
    callee.says(asked, "487 Request Terminated")
    await phone.until("Telephony", "RingingCall", path)


async def test_a_call_that_came_round_rings_here(
    phone: Phone, caller: Caller, callee: Talker
) -> None:
    await forward(phone, callee)
    for headers, forwards in (("Diversion: <sip:ada@127.0.0.1>\r\n", 70), ("", 1)):
        caller.calls(headers, forwards)
        await caller.hears(180)
        caller.gives_up()
        await caller.hears(487)
        caller.received.clear()
    assert not callee.heard("INVITE")
