# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook toggle``, for the keys of a desktop."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from offhook.aio import Phone
from offhook.objects import PhoneObject
from tests.support.caller import direct_at, incoming
from tests.support.cli import CommandLine
from tests.support.daemon import RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.engine import EngineProcess
from tests.support.processes import free_ports


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path, port: int) -> AsyncIterator[Phone]:
    running = RunningDaemon(session_bus, tmp_path, direct_at(port))
    try:
        await running.start()
        async with Phone(session_bus.address) as phone:
            yield phone
    finally:
        running.close()


@pytest.fixture
def offhook(session_bus: PrivateBus) -> CommandLine:
    return CommandLine(session_bus.address)


def has(thing: PhoneObject, name: str, value: object) -> bool:
    return bool(getattr(thing, name) == value)


async def test_one_key_does_both(
    phone: Phone, offhook: CommandLine, far_end: EngineProcess, port: int
) -> None:
    call = await incoming(phone, far_end, port)
    assert (await offhook("toggle", "call")).status == 0
    await call.until(lambda: call.state == "active")
    for muted in (True, False):
        assert (await offhook("toggle", "mute")).status == 0
        await call.until(partial(has, call, "muted", muted))
    for held in (True, False):
        assert (await offhook("toggle", "hold")).status == 0
        await call.until(partial(has, call, "local_hold", held))
    assert (await offhook("toggle", "call")).status == 0
    await call.until(lambda: call.end_reason == "local")
    for wanted in ("dnd", "available"):
        assert (await offhook("toggle", "dnd")).status == 0
        await phone.until(partial(has, phone, "availability", wanted))


async def test_without_a_call_there_is_nothing_to_turn(phone: Phone, offhook: CommandLine) -> None:
    refused = await offhook("toggle", "mute")
    assert (refused.status, refused.err) == (1, "offhook: There is no call\n")
