# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports through a node, which a packet socket stands for: it keeps their boundaries."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from offhookd.devices import hidraw
from offhookd.devices.hidraw import MOST_WAITING, REPORTS_A_SPAN, SPAN_S, Hidraw
from tests.support.processes import PATIENCE_S


class Wire:
    """The device's end of the node, and what came of it."""

    def __init__(self, gap_s: float = 0) -> None:
        ours, self.device = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.device.setblocking(False)
        ours.setblocking(False)
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self.node = Hidraw(
            ours.detach(), "it", self.received.put_nowait, self.ended.put_nowait, gap_s
        )

    async def taken(self) -> bytes:
        """The next report the device gets."""
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.get_running_loop().sock_recv(self.device, 64)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    yield wire
    wire.device.close()
    await wire.node.close()


async def test_reports_arrive_one_by_one(wire: Wire) -> None:
    wire.device.send(b"\x02\x01\x00")
    wire.device.send(b"\x02\x00\x00")
    assert [await wire.received.get() for _ in "12"] == [b"\x02\x01\x00", b"\x02\x00\x00"]


async def test_reports_leave_in_their_order(wire: Wire) -> None:
    for number in range(20):
        wire.node.send(bytes([2, number]))
    assert [await wire.taken() for _ in range(20)] == [bytes([2, number]) for number in range(20)]


async def test_a_device_that_takes_nothing_is_told_the_newest(wire: Wire) -> None:
    for number in range(MOST_WAITING + 50):
        wire.node.send(bytes([2, number & 0xFF, number >> 8]))
    first, second = await wire.taken(), await wire.taken()
    assert (first, second) == (bytes([2, 50, 0]), bytes([2, 51, 0]))


async def test_unplugging_is_a_normal_end(wire: Wire) -> None:
    wire.device.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await wire.ended.get() == ""
    wire.node.send(b"\x02\x01")
    await wire.node.close()
    assert wire.ended.empty()


async def test_closing_writes_what_is_queued(wire: Wire) -> None:
    wire.node.send(b"\x02\x01")
    wire.node.send(b"\x02\x00")
    await wire.node.close()
    assert [await wire.taken(), await wire.taken(), await wire.taken()] == [
        b"\x02\x01",
        b"\x02\x00",
        b"",
    ]


async def test_a_gap_is_kept_between_reports() -> None:
    wire = Wire(gap_s=0.03)
    loop = asyncio.get_running_loop()
    wire.node.send(b"\x02\x01")
    wire.node.send(b"\x02\x00")
    await wire.taken()
    begin = loop.time()
    await wire.taken()
    assert loop.time() - begin > 0.02
    await wire.node.close()
    wire.device.close()


async def flood(wire: Wire) -> None:
    while wire.ended.empty():
        try:
            while True:
                wire.device.send(b"\x02\x01\x00")
        except BlockingIOError:
            await asyncio.sleep(SPAN_S / 4)


async def test_a_flooding_device_is_throttled_and_then_left_alone(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hidraw, "FLOOD_SPANS", 3)
    flooding = asyncio.get_running_loop().create_task(flood(wire), name="flood")
    async with asyncio.timeout(PATIENCE_S):
        text = await wire.ended.get()
    assert text == "it floods this machine with reports and is left alone; replug it"
    assert wire.received.qsize() <= REPORTS_A_SPAN * 4
    flooding.cancel()
    await asyncio.wait({flooding})
