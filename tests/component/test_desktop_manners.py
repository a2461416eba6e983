# SPDX-License-Identifier: GPL-2.0-or-later
"""The desktop during a call: players are quiet, the machine stays awake, and afterwards all is
as it was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from offhookd.desktop import players
from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.party import STRANGER, Party
from tests.support.player import player
from tests.support.processes import PATIENCE_S, free_port, until
from tests.support.raw_sip import SDP, Dialog
from tests.support.sleep_locks import sleep_locks

RINGING = 180


@asynccontextmanager
async def called(
    bus: PrivateBus, directory: Path, config: str = ""
) -> AsyncIterator[tuple[Phone, str]]:
    """A daemon that somebody calls; the bus is the system's, too."""
    port = free_port()
    direct = DIRECT.replace("bind: 127.0.0.1", f"bind: 127.0.0.1, port: {port}")
    environment = {"DBUS_SYSTEM_BUS_ADDRESS": bus.address}
    async with running_phone(bus, directory, direct + config, environment) as phone:
        with Party(STRANGER, port) as party:
            party.raw.send(party.raw.request("INVITE", Dialog(), party.contact_line, SDP))
            await party.hears(RINGING)
            yield phone, str(await phone.get("Telephony", "RingingCall"))


async def test_what_plays_is_quiet_from_the_answer_to_the_end(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    async with (
        player(session_bus.address, "loud", "Playing") as loud,
        player(session_bus.address, "still", "Paused") as still,
        called(session_bus, tmp_path) as (phone, _),
    ):
        assert loud.told == []
        call = await phone.dial("sip:nobody@127.0.0.1:9")
        await until(lambda: loud.status == "Paused", PATIENCE_S, "the player to pause")
        await phone.call("Call", "Hangup", path=call)
        await until(lambda: loud.status == "Playing", PATIENCE_S, "the player to go on")
        assert still.told == []


async def test_what_the_user_stopped_meanwhile_stays_stopped(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    async with (
        player(session_bus.address, "loud", "Playing") as loud,
        called(session_bus, tmp_path) as (phone, _),
    ):
        call = await phone.dial("sip:nobody@127.0.0.1:9")
        await until(lambda: loud.status == "Paused", PATIENCE_S, "the player to pause")
        loud.status = "Stopped"
        await phone.call("Call", "Hangup", path=call)
        await phone.daemon.stop()
        assert loud.told == ["Pause"]


async def test_the_machine_stays_awake_during_a_call(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    with sleep_locks(session_bus.address) as manager:
        async with called(session_bus, tmp_path) as (phone, _):
            assert manager.asked == []
            call = await phone.dial("sip:nobody@127.0.0.1:9")
            await until(lambda: manager.locks, PATIENCE_S, "a lock")
            assert manager.asked == [("sleep:idle", "offhook", "A call goes on", "block")]
            await phone.call("Call", "Hangup", path=call)
            await until(lambda: not manager.locks, PATIENCE_S, "the end of the lock")


async def test_a_player_that_does_not_say_that_it_paused_plays_on_all_the_same(
    session_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session_bus.address)
    monkeypatch.setattr(players, "REPLY_LIMIT_S", 0.5)
    async with (
        asyncio.timeout(PATIENCE_S),
        player(session_bus.address, "slow", "Playing", slow=True) as slow,
    ):
        paused: list[str] = []
        while not paused:  # also its status may come too late here
            paused = await asyncio.to_thread(players.pause_all)
        await until(lambda: slow.status == "Paused", PATIENCE_S, "the player to pause")
        while slow.status == "Paused":
            await asyncio.to_thread(players.resume, paused)


async def test_a_call_needs_neither_players_nor_logind(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    with sleep_locks(session_bus.address) as manager:
        manager.refuses = True
        config = "desktop: {pause_players: false}\nlog: {level: debug}\n"
        async with (
            player(session_bus.address, "loud", "Playing") as loud,
            called(session_bus, tmp_path, config) as (phone, _),
        ):
            await phone.dial("sip:nobody@127.0.0.1:9")
            await until(lambda: "may sleep during calls" in phone.daemon.log, PATIENCE_S, "a line")
            assert loud.told == []
