# SPDX-License-Identifier: GPL-2.0-or-later
"""The generic D-Bus layer on a real bus, on both libraries, and a foreign client."""

from collections.abc import AsyncIterator, Iterator

import pytest

from offhookd.bus.names import ROOT
from offhookd.bus.service import Service
from tests.support.bus_rig import Rig
from tests.support.dbus import (
    GlibClient,
    PrivateBus,
    glib_client,
    private_bus,
    service_with,
)
from tests.support.dbus_objects import (
    ShownAudio,
    ShownTelephony,
)


@pytest.fixture
def bus() -> Iterator[PrivateBus]:
    with private_bus() as running:
        yield running


@pytest.fixture(params=["next", "fast"])
def service_class(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Service]:
    return service_with(request.param, monkeypatch)


@pytest.fixture
async def rig(bus: PrivateBus, service_class: type[Service]) -> AsyncIterator[Rig]:
    service = service_class(bus.address)
    telephony, audio = ShownTelephony(service.tree), ShownAudio()
    service.tree.add(ROOT, telephony, audio)
    await service.start()
    await service.publish()
    yield Rig(bus, service, telephony, audio)
    await service.stop()


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[GlibClient]:
    async with glib_client(rig.bus.address) as connected:
        yield connected
