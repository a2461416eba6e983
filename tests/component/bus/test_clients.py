# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that are meant alone, leave, or do not listen."""

import asyncio
import os
import signal

from offhookd.bus.names import PEER, ROOT
from tests.support.bus_rig import (
    MONITOR,
    RECOVERY_S,
    Rig,
)
from tests.support.dbus import (
    GlibClient,
    glib_client,
)
from tests.support.dbus_objects import (
    AUDIO,
    CALL_PATH,
)


async def test_signal_for_one_client_reaches_that_one_alone(rig: Rig, client: GlibClient) -> None:
    async with glib_client(rig.bus.address) as other:
        await client.call(ROOT, AUDIO, "MonitorLevels", f"(objectpath '{CALL_PATH}', uint32 50)")
        (levels,) = client.signals("Levels")
        assert levels["body"] == [CALL_PATH, -20.0, -30.5]
        await other.call(ROOT, PEER, "Ping")
        assert not other.signals("Levels")


async def test_client_that_leaves_is_noticed(rig: Rig) -> None:
    async with glib_client(rig.bus.address) as visitor:
        await visitor.call(ROOT, AUDIO, "MonitorLevels", MONITOR)
        assert not rig.audio.left.is_set()
    async with asyncio.timeout(RECOVERY_S):
        await rig.audio.left.wait()


async def test_client_that_left_before_it_was_watched_is_noticed(rig: Rig) -> None:
    async with glib_client(rig.bus.address) as visitor:
        name = visitor.name
    left = asyncio.Event()
    clients = rig.service._clients
    clients.on_left(name, left.set)
    async with asyncio.timeout(RECOVERY_S):
        await left.wait()


async def test_undone_watch_is_not_called(rig: Rig) -> None:
    async with glib_client(rig.bus.address) as visitor:
        await visitor.call(ROOT, AUDIO, "MonitorLevels", MONITOR)
        assert rig.audio.undo
        rig.audio.undo()
    async with glib_client(rig.bus.address) as client:
        await client.call(ROOT, PEER, "Ping")
    assert not rig.audio.left.is_set()


async def test_burst_into_a_full_socket_arrives_whole(rig: Rig, client: GlibClient) -> None:
    await rig.dial(client)
    os.kill(rig.bus.pid, signal.SIGSTOP)
    for number in range(5000):
        rig.telephony.call.emit("DtmfReceived", "5" * 1500, number)
    await asyncio.sleep(0)
    os.kill(rig.bus.pid, signal.SIGCONT)
    await client.wait_for(lambda one: one["body"][1:] == [4999], "signal")
    numbers = [one["body"][1] for one in client.signals("DtmfReceived")]
    assert numbers == list(range(5000))


async def test_slow_client_does_not_end_the_connection(rig: Rig, client: GlibClient) -> None:
    await rig.dial(client)
    os.kill(client.pid, signal.SIGSTOP)
    for number in range(5000):
        rig.telephony.call.emit("DtmfReceived", "5" * 1500, number)
    async with glib_client(rig.bus.address) as other:
        await other.call(ROOT, PEER, "Ping")
    os.kill(client.pid, signal.SIGCONT)
    await client.wait_for(lambda one: one["body"][1:] == [4999], "signal")
