# SPDX-License-Identifier: GPL-2.0-or-later
"""A desk phone that we did not write, asked to call."""

from pathlib import Path

import pytest

from tests.support.baresip import Baresip
from tests.support.daemon import DIRECT, running_phone
from tests.support.dbus import PrivateBus
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")


@pytest.mark.parametrize(
    ("outcome", "reason"), [("200 OK", "transferred"), ("486 Busy Here", "busy")]
)
async def test_sipp_makes_the_call_and_tells_how_it_goes(
    session_bus: PrivateBus,
    directory: NewDirectory,
    tmp_path: Path,
    outcome: str,
    reason: str,
) -> None:
    with Sipp(directory("desk"), "refer", keys={"outcome": outcome}) as desk:
        more = f"desk_phones: {{lab: {{way: refer, account: direct, phone: '{desk.contact}'}}}}\n"
        async with running_phone(session_bus, tmp_path, DIRECT + more) as phone:
            path = await phone.dial("sip:bob@192.0.2.9", "{'through': <'lab'>}")
            await phone.until("Call", "State", "ringing", path)
            await phone.until("Call", "State", "ended", path)
            assert await phone.get("Call", "EndReason", path) == reason
        result = await desk.result()
    assert (result.exit_code, result.succeeded) == (0, 1), result.errors


@pytest.mark.usefixtures("needs_baresip")
async def test_baresip_is_called_and_sent_on_to_sipp(
    session_bus: PrivateBus, directory: NewDirectory, tmp_path: Path
) -> None:
    with (
        Baresip(directory("desk"), "desk") as desk,
        Sipp(directory("far"), "answer", duration_s=0.2) as far,
    ):
        more = f"desk_phones: {{hall: {{way: call, account: direct, phone: '{desk.uri}'}}}}\n"
        async with running_phone(session_bus, tmp_path, DIRECT + more) as phone:
            path = await phone.dial(far.contact, "{'through': <'hall'>}")
            await phone.until("Call", "State", "ended", path)
            shown = await phone.properties("Call", path)
            assert (shown["EndReason"], shown["Through"]) == ("transferred", "hall")
            assert shown["AnsweredAt"]
        assert any("INVITE" in text for way, text in far.messages if way == "received")
