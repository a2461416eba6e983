# SPDX-License-Identifier: GPL-2.0-or-later
"""The ringer's level between volume keys, the user's mixer, and a server that tells late."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from offhookd.sound.ringer import RINGER_STREAM, RingerVolume

STREAM = 7


@dataclass
class Volume:
    values: list[float]


@dataclass
class Stream:
    volume: Volume
    index: int = STREAM
    proplist: dict[str, str] = field(default_factory=lambda: dict(RINGER_STREAM))


@dataclass
class Event:
    t: str
    index: int = STREAM


class Server:
    """Tells `told` whatever was set last."""

    def __init__(self, told: float) -> None:
        self.told = told
        self.set: list[float] = []

    async def sink_input_list(self) -> list[Stream]:
        return [Stream(Volume([self.told]))]

    async def volume_set(self, _stream: Stream, volume: Any) -> None:
        self.set.append(volume.values[0])


@pytest.fixture
def ringer() -> RingerVolume:
    ringer = RingerVolume()
    ringer.set(0.5)
    return ringer


async def hear(ringer: RingerVolume, server: Server, told: float, event: str = "change") -> bool:
    server.told = told
    ringer.note(Event(event))
    return await ringer.settle(server)


async def test_a_server_that_tells_late_takes_no_press_back(ringer: RingerVolume) -> None:
    server = Server(told=0.5)
    for level in (0.55, 0.6, 0.65):
        ringer.set(level)
        await ringer.apply(server)
    for told in (0.5, 0.55, 0.6):
        assert not await hear(ringer, server, told)
        assert ringer.level == 0.65
    assert server.set == [0.55, 0.6, 0.65]


async def test_the_users_mixer_is_followed(ringer: RingerVolume) -> None:
    server = Server(told=0.5)
    assert await hear(ringer, server, 0.3)
    assert ringer.level == 0.3


async def test_the_mixer_may_go_back_once_the_server_has_caught_up(ringer: RingerVolume) -> None:
    server = Server(told=0.5)
    ringer.set(0.6)
    await ringer.apply(server)
    assert not await hear(ringer, server, 0.6)
    assert await hear(ringer, server, 0.5)
    assert ringer.level == 0.5


async def test_a_stream_that_begins_as_the_server_remembers_is_put_right(
    ringer: RingerVolume,
) -> None:
    server = Server(told=1.0)
    assert not await hear(ringer, server, 1.0, "new")
    assert server.set == [0.5]
    assert not await hear(ringer, server, 0.5, "new")
    assert server.set == [0.5]
