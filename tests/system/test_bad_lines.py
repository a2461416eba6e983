# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told, and what is still heard, when packets are lost, come late or do not come."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from offhookd.bus.names import ROOT
from tests.support.bad_line import BadLine
from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.processes import PATIENCE_S
from tests.support.sipp import Sipp
from tests.support.tones import sine, write_wav
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

HEARD_DBFS = -30.0
TONE_HZ = 900
TONE_S = 60.0
RATE = 16_000
GOOD, POOR = 4.0, 3.6


@pytest.fixture
def audio() -> str:
    """Further keys of that section."""
    return ""


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path, audio: str) -> AsyncIterator[Phone]:
    config = DIRECT.replace("{backend: silent", "{backend: silent" + audio)
    async with running_phone(session_bus, tmp_path, config) as made:
        yield made


class Talk:
    """A call that is up, in which our tone comes back over a line of the test's own."""

    def __init__(self, phone: Phone, path: str, line: BadLine) -> None:
        self.phone = phone
        self.path = path
        self.line = line

    async def media(self, name: str) -> object:
        return await self.phone.get("CallMedia", name, self.path)

    async def report(self) -> dict[str, object]:
        """The figures that change next."""
        since = len(self.phone.client.seen)
        seen = await self.phone.client.wait_for(
            lambda one: one["member"] == "PropertiesChanged" and "Mos" in one["body"][1],
            "signal",
            since=since,
            limit_s=PATIENCE_S,
        )
        figures: dict[str, object] = seen["body"][1]
        return figures

    async def heard(self) -> None:
        """Wait until the tone is heard, by reports of the level received."""
        since = len(self.phone.client.seen)
        await self.phone.call("Audio", "MonitorLevels", f"(objectpath '{self.path}', uint32 50)")
        await self.phone.client.wait_for(
            lambda one: one["member"] == "Levels" and one["body"][2] > HEARD_DBFS,
            "signal",
            since=since,
        )
        await self.phone.call("Audio", "MonitorLevels", f"(objectpath '{self.path}', uint32 0)")

    async def hang_up(self) -> None:
        await self.phone.call("Call", "Hangup", path=self.path)
        await self.phone.until("Call", "State", "ended", self.path)


@pytest.fixture
async def talk(phone: Phone, tmp_path: Path, directory: NewDirectory) -> AsyncIterator[Talk]:
    tone = tmp_path / "tone.wav"
    write_wav(tone, sine(TONE_HZ, TONE_S, RATE), RATE)
    with BadLine() as line:
        peer = Sipp(
            directory("peer"), "answer", keys={"audio_port": str(line.port)}, timeout_s=60.0
        )
        line.target = peer.media_port
        with peer:
            path = await phone.dial(peer.contact)
            await phone.until("Call", "State", "active", path)
            await phone.call("Call", "Play", f"('{tone}', @a{{sv}} {{}})", path)
            yield Talk(phone, path, line)


async def problems(phone: Phone) -> list[str]:
    found = await phone.get("Manager", "Problems")
    assert isinstance(found, list)
    return [code for code, _path, _text in found]


async def test_lost_packets_make_a_poor_call_that_is_still_heard(talk: Talk) -> None:
    talk.line.loss = 0.3
    figures = await talk.report()
    assert figures["Quality"] == "poor"
    assert isinstance(figures["Mos"], float)
    assert 1.0 <= figures["Mos"] < POOR
    assert isinstance(figures["LossReceived"], float)
    assert 0.15 < figures["LossReceived"] < 0.45
    await talk.heard()
    talk.line.loss = 0.0
    await talk.phone.until("CallMedia", "Quality", "good", talk.path)
    await talk.hang_up()
    (row,) = await talk.phone.call("History", "Get", f"(uint64 {_id(talk.path)},)")
    assert 1.0 < row["mos"] < GOOD


async def test_packets_that_come_late_are_waited_for(talk: Talk) -> None:
    talk.line.jitter_s = 0.04
    await talk.report()
    figures = await talk.phone.properties("CallMedia", talk.path)
    assert isinstance(figures["JitterUsec"], int)
    assert figures["JitterUsec"] > 3_000
    await talk.heard()
    (statistics,) = await talk.phone.call("CallMedia", "GetStatistics", path=talk.path)
    assert statistics["received_packets"] > 200
    assert statistics["jitter_buffer_avg_delay_ms"] > 0
    await talk.hang_up()


@pytest.mark.parametrize("audio", [", jitter_buffer: {minimum_ms: 120}"])
async def test_packets_may_be_later_where_the_configuration_waits_longer(talk: Talk) -> None:
    talk.line.jitter_s = 0.06
    await talk.report()
    await talk.heard()
    (statistics,) = await talk.phone.call("CallMedia", "GetStatistics", path=talk.path)
    assert statistics["jitter_buffer_minimum_ms"] == 120
    assert statistics["jitter_buffer_avg_delay_ms"] >= 80
    assert statistics["jitter_buffer_lost_frames"] < statistics["received_packets"] / 20
    await talk.hang_up()


async def test_nothing_that_arrives_is_told_while_it_lasts(talk: Talk) -> None:
    since = len(talk.phone.client.seen)
    await talk.heard()
    talk.line.blocked = True
    seen = await talk.phone.client.wait_for(
        lambda one: "call-no-sound" in str(one["body"]), "signal", since=since
    )
    (told,) = seen["body"][1]["Problems"]
    code, subject, text = told
    assert (code, subject) == ("call-no-sound", talk.path)
    assert "Nothing arrives from" in text
    talk.line.blocked = False
    await talk.phone.until("Manager", "State", "running", ROOT)
    assert await problems(talk.phone) == []
    await talk.hang_up()


def _id(path: str) -> int:
    return int(path.rpartition("/c")[2])
