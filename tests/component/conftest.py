# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon of one's own, and a far end to talk to."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.daemon import DIRECT, Phone, RunningDaemon, running_phone
from tests.support.dbus import PrivateBus, private_bus
from tests.support.engine import EngineProcess
from tests.support.far_end import FarEnd
from tests.support.raw_sip import RawPeer


@pytest.fixture
def session_bus() -> Iterator[PrivateBus]:
    with private_bus() as bus:
        yield bus


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path) -> AsyncIterator[Phone]:
    """The daemon with one account for direct calls, and a foreign client on its bus."""
    async with running_phone(session_bus, tmp_path) as running:
        yield running


@pytest.fixture
def far_end() -> Iterator[EngineProcess]:
    """A second telephone without a daemon, driven step by step."""
    engine = EngineProcess()
    try:
        engine.add_account()
        yield engine
    finally:
        engine.close()


@pytest.fixture
def far(far_end: EngineProcess) -> FarEnd:
    """The same, awaited."""
    return FarEnd(far_end)


@pytest.fixture
def engine() -> Iterator[EngineProcess]:
    """A telephone without a daemon, which has the account bob."""
    with EngineProcess() as process:
        process.add_account("bob")
        yield process


@pytest.fixture
def peer(engine: EngineProcess) -> Iterator[RawPeer]:
    """Who says to it what no telephone would."""
    raw = RawPeer(engine.port)
    yield raw
    raw.close()


@pytest.fixture
def stopped_daemon(session_bus: PrivateBus, tmp_path: Path) -> Iterator[RunningDaemon]:
    """The program with one account for direct calls, not started yet."""
    running = RunningDaemon(session_bus, tmp_path, DIRECT)
    yield running
    running.close()


@pytest.fixture
async def daemon(stopped_daemon: RunningDaemon) -> RunningDaemon:
    await stopped_daemon.start()
    return stopped_daemon
