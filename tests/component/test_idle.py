# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether anybody is at the desktop, from a logind on a bus of the test's own."""

import asyncio

import pytest

from offhookd.desktop import idle
from offhookd.desktop.idle import IdleWatch
from tests.support.dbus import PrivateBus
from tests.support.logind import logind
from tests.support.processes import PATIENCE_S, until

UID = 1000


async def test_changes_of_the_users_hint_are_told_once(session_bus: PrivateBus) -> None:
    told: list[bool] = []
    async with logind(session_bus.address, UID) as desktop:
        watch = IdleWatch(told.append, UID, session_bus.address)
        watch.start()
        watch.start()
        async with asyncio.timeout(PATIENCE_S):
            await desktop.asked.wait()
        await desktop.set_idle(True, "/org/freedesktop/login1/user/_1001")  # somebody else
        await desktop.set_idle(True)
        await desktop.set_idle(True)
        await until(lambda: told == [True], PATIENCE_S, "away")
        await desktop.set_idle(False)
        await until(lambda: told == [True, False], PATIENCE_S, "back")
        await watch.stop()
        await watch.stop()


async def test_who_is_away_already_is_told(session_bus: PrivateBus) -> None:
    told: list[bool] = []
    async with logind(session_bus.address, UID) as desktop:
        desktop.idle = True
        watch = IdleWatch(told.append, UID, session_bus.address)
        watch.start()
        await until(lambda: told == [True], PATIENCE_S, "away")
        await watch.stop()


@pytest.mark.parametrize("bus", ["unix:path=/nonexistent/bus", "nonsense", ""])
async def test_a_machine_without_a_system_bus_is_never_idle(bus: str) -> None:
    told: list[bool] = []
    watch = IdleWatch(told.append, UID, bus or "SYSTEM")
    watch.start()
    await asyncio.sleep(0)
    await watch.stop()
    assert told == []


async def test_a_logind_that_goes_away_takes_the_hint_back(
    session_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "RETRY_S", 0.05)
    told: list[bool] = []
    async with logind(session_bus.address, UID) as desktop:
        desktop.idle = True
        watch = IdleWatch(told.append, UID, session_bus.address)
        watch.start()
        await until(lambda: told == [True], PATIENCE_S, "away")
        session_bus.kill()
        await until(lambda: told == [True, False], PATIENCE_S, "nobody knows")
        await watch.stop()
