# SPDX-License-Identifier: GPL-2.0-or-later
"""A conference of the whole phone, heard by three phones we did not write.

Each baresip speaks with a tone of its own, so that what it hears tells who is in the talk.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from offhookd.bus.names import ROOT
from tests.support.baresip import Baresip
from tests.support.daemon import Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.voice_peer import VOICES_HZ, VoicePeer
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_baresip", "needs_sipp")


@pytest.fixture
def parties(directory: NewDirectory) -> Iterator[list[VoicePeer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(VoicePeer(directory(f"v{hz}"), hz)) for hz in VOICES_HZ[:3]]


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    async with running_phone(session_bus, tmp_path) as running:
        yield running


async def talk(phone: Phone, party: VoicePeer | Baresip) -> str:
    """A call that is up; the ones before it are on hold."""
    path = await phone.dial(party.contact)
    await phone.until("Call", "State", "active", path)
    await phone.until("CallMedia", "Flow", "both", path)
    return path


async def merge(phone: Phone, *paths: str) -> str:
    named = ", ".join(f"objectpath '{path}'" for path in paths)
    conference: str = (await phone.call("Telephony", "Merge", f"([{named}],)"))[0]
    return conference


async def test_three_parties_and_us_from_merge_to_hangup(
    phone: Phone, parties: list[VoicePeer]
) -> None:
    one, two, three = parties
    calls = [await talk(phone, party) for party in parties]
    conference = await merge(phone, *calls)
    assert conference.startswith(f"{ROOT}/conferences/n")
    assert await phone.get("Conference", "Calls", conference) == calls
    for call in calls:
        assert await phone.get("Call", "Conference", call) == conference
        assert await phone.get("Call", "LocalHold", call) is False
    await one.hears(two.hz, three.hz)
    await two.hears(one.hz, three.hz)
    await three.hears(one.hz, two.hz)
    await phone.call("Conference", "Hangup", path=conference)
    for party in parties:
        assert (await party.sipp.result()).exit_code == 0
    error, _ = await phone.refused("Conference", "Hangup", path=conference)
    assert error == "UnknownObject"
    assert await phone.get("Call", "Conference", calls[0]) == "/"


async def test_one_is_split_off_and_comes_back(phone: Phone, parties: list[VoicePeer]) -> None:
    one, two, three = parties
    calls = [await talk(phone, party) for party in parties]
    conference = await merge(phone, *calls)
    await one.hears(two.hz, three.hz)
    await phone.call("Conference", "Split", f"(objectpath '{calls[0]}',)", conference)
    await one.hears()
    await two.hears()
    assert await phone.get("Telephony", "FocusCall") == calls[0]
    await phone.call("Conference", "Add", f"(objectpath '{calls[0]}',)", conference)
    await one.hears(two.hz, three.hz)
    await three.hears(one.hz, two.hz)


async def test_a_party_that_leaves_is_missed_by_nobody_else(
    phone: Phone, parties: list[VoicePeer], directory: NewDirectory
) -> None:
    one, two, _ = parties
    calls = [await talk(phone, party) for party in (one, two)]
    with Baresip(directory("baresip"), "p1300", tone_hz=VOICES_HZ[2]) as leaving:
        calls.append(await talk(phone, leaving))
        conference = await merge(phone, *calls)
        await one.hears(two.hz, VOICES_HZ[2])
        leaving.hang_up()
        await phone.until("Conference", "Calls", calls[:2], conference)
    await one.hears(two.hz)
    await two.hears(one.hz)
    await phone.call("Call", "Hangup", path=calls[1])
    await one.hears()
    assert await phone.get("Call", "Conference", calls[0]) == "/"
    assert await phone.get("Telephony", "FocusCall") == calls[0]


async def test_a_conference_waits_on_hold_while_another_call_is_taken(
    phone: Phone, parties: list[VoicePeer]
) -> None:
    one, two, three = parties
    calls = [await talk(phone, party) for party in parties[:2]]
    conference = await merge(phone, *calls)
    await one.hears(two.hz)
    other = await talk(phone, three)
    for call in calls:
        await phone.until("Call", "LocalHold", True, call)
    await one.hears()
    await phone.call("Call", "Resume", path=calls[0])
    await phone.until("Call", "LocalHold", False, calls[1])
    await phone.until("Call", "LocalHold", True, other)
    await two.hears(one.hz)
    await phone.set("Conference", "Muted", "<true>", conference)
    assert await phone.get("Call", "Muted", calls[0]) is True
    await one.hears(two.hz)


async def test_what_cannot_be_merged_is_refused(phone: Phone, parties: list[VoicePeer]) -> None:
    call = await talk(phone, parties[0])
    for paths, error in (
        (f"objectpath '{call}'", "InvalidArgument"),
        (f"objectpath '{call}', '{call}'", "InvalidArgument"),
        (f"objectpath '{call}', '{ROOT}/calls/c999'", "InvalidArgument"),
    ):
        refused, sentence = await phone.refused("Telephony", "Merge", f"([{paths}],)")
        assert refused == error, sentence
