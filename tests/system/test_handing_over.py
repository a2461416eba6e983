# SPDX-License-Identifier: GPL-2.0-or-later
"""What SIPp says to hold, REFER and Replaces, as its own scenarios have it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.far_end import is_incoming
from tests.support.sipp import Result, Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

WELL = Result(0, 1, 0, "")
REASONS = {"488": "Not Acceptable Here", "603": "Decline", "486": "Busy Here", "200": "OK"}


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    config = DIRECT + "calls: {transferred: follow}\n"
    async with running_phone(session_bus, tmp_path, config) as made:
        yield made


async def talk(phone: Phone, far: Sipp) -> str:
    path = await phone.dial(far.contact)
    await phone.until("Call", "State", "active", path)
    return path


def words(status: str) -> dict[str, str]:
    return {"status": status, "reason": REASONS[status]}


@pytest.mark.parametrize("status", ["488", "603"])
async def test_a_refused_hold_is_told_and_the_call_goes_on(
    phone: Phone, directory: NewDirectory, status: str
) -> None:
    with Sipp(directory("far"), "refuse_hold", keys=words(status)) as far:
        call = await talk(phone, far)
        error, sentence = await phone.refused("Call", "Hold", path=call)
        assert (error, sentence[:3]) == ("Rejected", status)
        facts = await phone.properties("Call", call)
        assert (facts["State"], facts["LocalHold"]) == ("active", False)
        await phone.call("Call", "Hangup", path=call)
        assert await far.result() == WELL


async def test_who_asks_at_the_same_time_is_asked_again(
    phone: Phone, directory: NewDirectory
) -> None:
    with Sipp(directory("far"), "glare") as far:
        call = await talk(phone, far)
        await phone.call("Call", "Hold", path=call)
        assert await phone.get("Call", "LocalHold", call) is True
        await phone.call("Call", "Hangup", path=call)
        assert await far.result() == WELL


async def test_a_transfer_is_done_when_the_far_end_says_so(
    phone: Phone, directory: NewDirectory
) -> None:
    with Sipp(directory("far"), "take_refer", keys=words("200")) as far:
        call = await talk(phone, far)
        await phone.call("Call", "Transfer", "('sip:dave@127.0.0.1:5999',)", call)
        facts = await phone.properties("Call", call)
        assert (facts["TransferState"], facts["EndReason"]) == ("done", "transferred")
        assert await far.result() == WELL


async def test_a_transfer_that_fails_gives_the_call_back(
    phone: Phone, directory: NewDirectory
) -> None:
    with Sipp(directory("far"), "take_refer", keys=words("486")) as far:
        call = await talk(phone, far)
        error, sentence = await phone.refused(
            "Call", "Transfer", "('sip:dave@127.0.0.1:5999',)", call
        )
        assert (error, sentence) == ("Rejected", "486 Busy Here")
        await phone.until("Call", "LocalHold", False, call)
        await phone.call("Call", "Hangup", path=call)
        assert await far.result() == WELL


@pytest.mark.parametrize("there", ["answer", "reject"])
async def test_who_sends_us_on_hears_what_became_of_it(
    phone: Phone, directory: NewDirectory, there: str
) -> None:
    with (
        Sipp(directory("other"), there, keys=words("486")) as other,
        Sipp(directory("far"), "send_on", keys={"target": other.contact}) as far,
    ):
        call = await phone.dial(far.contact)
        await phone.until("Call", "State", "ended", call)  # a moment after it was active
        assert await far.result() == WELL
        told = [
            text.rpartition("\n")[2].strip()
            for way, text in far.messages
            if way == "received" and text.startswith("NOTIFY")
        ]
        last = "SIP/2.0 200" if there == "answer" else "SIP/2.0 486"
        assert told[0].startswith("SIP/2.0 100")
        assert told[-1].startswith(last)


async def test_another_phone_of_the_far_end_takes_over(
    phone: Phone, directory: NewDirectory
) -> None:
    with Sipp(directory("far"), "answer") as far:
        old = await talk(phone, far)
        sent = next(text for way, text in far.messages if way == "sent" and "200 OK" in text)
        keys = {"headers": f"Replaces: {replaces(sent)}"}
        seen = len(phone.client.seen)
        callee = f"ada@127.0.0.1:{phone.daemon.sip_port}"
        with Sipp(directory("new"), "take_over", call=callee, keys=keys) as heir:
            added = await phone.client.wait_for(
                lambda one: one["member"] == "InterfacesAdded" and is_incoming(one["body"]),
                "signal",
                since=seen,
            )
            new = str(added["body"][0])
            await phone.until("Call", "State", "active", new)
            await phone.until("Call", "State", "ended", old)
            assert await phone.get("Call", "Replaces", new) == old
            await phone.call("Call", "Hangup", path=new)
            assert (await heir.result()).failed == 0


def replaces(answer: str) -> str:
    """The dialog of our call that `answer` made, as the phone has it (RFC 3891 section 3)."""
    headers = dict(line.split(": ", 1) for line in answer.splitlines() if ": " in line)
    theirs = headers["To"].rpartition("tag=")[2]
    ours = headers["From"].rpartition("tag=")[2]
    return f"{headers['Call-ID']};to-tag={ours};from-tag={theirs}"
