# SPDX-License-Identifier: GPL-2.0-or-later
"""The bus goes and returns, and the name is another's."""

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from offhookd.bus.errors import BusUnavailableError, NameTakenError
from offhookd.bus.names import BUS_NAME, OBJECT_MANAGER, PEER, ROOT
from offhookd.bus.service import Service
from tests.support.bus_rig import (
    DAEMON,
    DAEMON_PATH,
    ERROR,
    MONITOR,
    RECOVERY_S,
    Rig,
)
from tests.support.dbus import (
    GlibClient,
    PrivateBus,
    busctl,
    glib_client,
)
from tests.support.dbus_objects import (
    AUDIO,
    CALL,
    CALL_PATH,
    ShownTelephony,
)
from tests.support.processes import until


async def owner(bus: PrivateBus) -> str:
    """The unique name that owns ours; empty when nobody does."""
    said = await busctl(
        bus.address, "call", DAEMON, DAEMON_PATH, DAEMON, "GetNameOwner", "s", BUS_NAME
    )
    return said.removeprefix("s ").strip().strip('"') if said.startswith("s ") else ""


async def test_bus_that_comes_back_finds_everything_again(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with glib_client(rig.bus.address) as client:
        await rig.dial(client)
        await client.call(ROOT, AUDIO, "MonitorLevels", MONITOR)
        rig.bus.kill()
        async with asyncio.timeout(RECOVERY_S):
            await rig.audio.left.wait()
    rig.telephony.call.show(State="active")
    await asyncio.sleep(0)
    rig.bus.start()
    await until(lambda: "on the D-Bus session bus after" in caplog.text, RECOVERY_S, "the bus")
    async with glib_client(rig.bus.address) as client:
        (managed,) = (await client.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")).body
        assert managed[CALL_PATH][CALL]["State"] == "active"
        rig.telephony.call.show(State="ended")
        await client.wait_for(lambda one: one["member"] == "PropertiesChanged", "signal")
    warnings = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert [one.message.split(" (")[0] for one in warnings] == ["lost the D-Bus session bus"]


async def test_bus_that_is_late_is_waited_for_if_asked(
    bus: PrivateBus, service_class: type[Service]
) -> None:
    bus.kill()
    service = service_class(bus.address)
    with pytest.raises(BusUnavailableError, match=f"no D-Bus session bus at {bus.address}"):
        await service.start()
    await service.start(wait_for_bus=True)
    await service.publish()
    bus.start()
    async with asyncio.timeout(RECOVERY_S):
        while not await owner(bus):
            pass
    await service.stop()


async def test_bus_that_closes_during_authentication_is_an_error(
    service_class: type[Service], tmp_path: Path
) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n")
        writer.close()

    server = await asyncio.start_unix_server(close, tmp_path / "bus")
    async with server:
        with pytest.raises(BusUnavailableError):
            await service_class(f"unix:path={tmp_path / 'bus'}").start()


async def test_name_of_another_program_is_refused(
    bus: PrivateBus, service_class: type[Service]
) -> None:
    async with glib_client(bus.address) as rival:
        request = f"('{BUS_NAME}', uint32 0)"
        await rival.call(DAEMON_PATH, DAEMON, "RequestName", request, to=DAEMON)
        service = service_class(bus.address)
        await service.start()
        with pytest.raises(NameTakenError, match=f"another program \\(process {rival.pid}\\)"):
            await service.publish()
        await service.stop()


async def test_name_taken_during_an_outage_is_waited_for(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rig.bus.kill()
    rig.bus.start()
    async with AsyncExitStack() as stack:
        with rig.bus.hidden() as address:
            rival = await stack.enter_async_context(glib_client(address))
            request = f"('{BUS_NAME}', uint32 0)"
            await rival.call(DAEMON_PATH, DAEMON, "RequestName", request, to=DAEMON)
        await until(lambda: "waiting for it to leave" in caplog.text, RECOVERY_S, "a warning")
        assert await owner(rig.bus) == rival.name
    async with asyncio.timeout(RECOVERY_S):
        while await owner(rig.bus) in {"", rival.name}:
            pass


async def test_nothing_is_sent_before_the_name_is_owned(
    bus: PrivateBus, service_class: type[Service]
) -> None:
    service = service_class(bus.address)
    telephony = ShownTelephony(service.tree)
    service.tree.add(ROOT, telephony)
    await service.start()
    async with glib_client(bus.address) as client:
        assert not await owner(bus)
        telephony.dial("1", {})
        await service.publish()
        assert await owner(bus)
        await client.call(ROOT, PEER, "Ping")
        assert not client.signals("InterfacesAdded")
        await service.stop()


async def test_stop_sends_what_is_queued_and_answers_calls_in_progress(
    rig: Rig, client: GlibClient
) -> None:
    await rig.dial(client)
    serial = await client.send(CALL_PATH, CALL, "Transfer", "('sip:2@example.com',)")
    await client.call(ROOT, PEER, "Ping")
    for number in range(1000):
        rig.telephony.call.emit("DtmfReceived", "5" * 1500, number)
    rig.telephony.call.show(State="ended")
    await rig.service.stop()
    refused = await client.wait_for(lambda one: one.get("serial") == serial, "error")
    assert (refused["error"], refused["body"]) == (ERROR + "Failed", ["offhookd is stopping"])
    await client.wait_for(lambda one: "ended" in str(one["body"]), "signal")
    assert len(client.signals("DtmfReceived")) == 1000
    await rig.service.stop()
