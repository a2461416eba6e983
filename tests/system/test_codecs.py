# SPDX-License-Identifier: GPL-2.0-or-later
"""Which codecs a telephone that we did not write is offered, call by call."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.cli import CommandLine
from tests.support.daemon import Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.processes import PATIENCE_S, until
from tests.support.sipp import Codec, Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

PCMU = Codec(0, "PCMU/8000")


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    async with running_phone(session_bus, tmp_path) as made:
        yield made


def offered(peer: Sipp) -> list[str]:
    """Payload types of the first offer that SIPp got."""
    invite = next(text for direction, text in peer.messages if direction == "received")
    found = re.search(r"^m=audio \d+ RTP/AVP (.*?)\s*$", invite, re.MULTILINE)
    assert found
    return found[1].split()


async def test_wideband_is_offered_first(phone: Phone, directory: NewDirectory) -> None:
    with Sipp(directory("peer"), "answer") as peer:
        path = await phone.dial(peer.contact)
        await phone.until("CallMedia", "Codec", "PCMA", path)
        g722, speex, pcma = offered(peer)[:3]
        assert (g722, pcma) == ("9", "8")
        assert f"a=rtpmap:{speex} speex/16000" in peer.messages[0][1]
        await phone.call("Call", "Hangup", path=path)


async def test_a_call_is_dialled_with_codecs_of_its_own(
    phone: Phone, directory: NewDirectory
) -> None:
    with Sipp(directory("peer"), "answer", codec=PCMU) as peer:
        path = await phone.dial(peer.contact, "{'codecs': <['PCMU', 'GSM']>}")
        await phone.until("CallMedia", "Codec", "PCMU", path)
        assert offered(peer)[:2] == ["0", "3"]
        assert "PCMA" not in peer.messages[0][1]
        await phone.call("Call", "Hangup", path=path)


async def test_the_command_line_chooses_a_codec(
    phone: Phone, session_bus: PrivateBus, directory: NewDirectory
) -> None:
    offhook = CommandLine(session_bus.address, {"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    with Sipp(directory("peer"), "answer", codec=PCMU) as peer:
        said = await offhook("dial", "--codec", "PCMU", peer.contact)
        assert (said.status, said.err) == (0, "")
        await until(lambda: len(peer.messages) > 0, PATIENCE_S, "the INVITE")
        assert offered(peer)[0] == "0"
        assert (await offhook("hangup")).status == 0


async def test_a_codec_that_is_not_there_is_named_in_the_end_of_the_call(phone: Phone) -> None:
    path = await phone.dial("sip:200@127.0.0.1:9", "{'codecs': <['G729']>}")
    await phone.until("Call", "State", "ended", path)
    text = await phone.get("Call", "EndText", path)
    assert str(text).startswith("There is no codec 'G729' here; there is ")
