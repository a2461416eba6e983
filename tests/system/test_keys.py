# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys pressed by a far end that can only send them as sound."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.daemon import Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.pressed import press
from tests.support.processes import PATIENCE_S, free_port, until
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")

PRESSED = "1559#D1"


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    async with running_phone(session_bus, tmp_path) as made:
        yield made


def received(phone: Phone) -> str:
    return "".join(one["body"][0] for one in phone.client.signals("DtmfReceived"))


async def test_keys_that_come_as_sound_are_told_once_each(
    phone: Phone, tmp_path: Path, directory: NewDirectory
) -> None:
    sound = press(tmp_path / "keys.al", PRESSED)
    peer = Sipp(
        directory("peer"),
        "press_in_sound",
        keys={"sound": str(sound)},
        audio_port=free_port(),  # so that it does not echo at the same time
    )
    with peer:
        path = await phone.dial(peer.contact)
        await phone.until("Call", "State", "active", path)
        await until(lambda: len(received(phone)) >= len(PRESSED), PATIENCE_S, "the keys")
        await phone.call("Call", "Hangup", path=path)
        await phone.until("Call", "State", "ended", path)
    assert received(phone) == PRESSED
    lengths = [one["body"][1] for one in phone.client.signals("DtmfReceived")]
    assert all(60 <= length <= 110 for length in lengths), lengths
