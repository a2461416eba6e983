# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at a STUN server, the way the daemon and ``offhook doctor`` do."""

import socket
from collections.abc import Iterator, Sequence

import pytest

from offhookd.engine.stun import Mapped
from offhookd.phone.errors import PhoneError
from offhookd.stun_probe import Sighting, look
from tests.support.stun import (
    ERROR,
    ERROR_CODE,
    OUTSIDE,
    StunServer,
    attribute,
    message,
    success,
)


@pytest.fixture
def server() -> Iterator[StunServer]:
    with StunServer() as running:
        yield running


async def found(*addresses: str) -> Sighting:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("stun.example.com", 3479)
        return addresses

    return await look("stun.example.com:3479", resolve)


async def test_a_server_tells_by_what_address_it_sees_us(server: StunServer) -> None:
    sighting = await found(server.address)
    assert sighting.server == server.address
    assert sighting.seen.host == OUTSIDE


async def test_a_question_that_is_lost_is_asked_again(server: StunServer) -> None:
    def second_time(transaction: bytes, sender: tuple[str, int]) -> list[bytes]:
        return server.honest(transaction, sender) if len(server.asked) > 1 else []

    server.answer = second_time
    assert (await found(server.address)).seen.host == OUTSIDE


async def test_answers_to_other_questions_are_passed_over(server: StunServer) -> None:
    def noisy(transaction: bytes, sender: tuple[str, int]) -> list[bytes]:
        wrong = success(bytes(12), Mapped("203.0.113.66", 6))
        return [wrong, b"", b"x" * 1400, *server.honest(transaction, sender)]

    server.answer = noisy
    assert (await found(server.address)).seen.host == OUTSIDE


async def test_the_next_address_is_tried(server: StunServer) -> None:
    with StunServer() as silent:
        silent.answer = silent.silent
        sighting = await found(silent.address, server.address)
    assert sighting.server == server.address


async def test_silence_is_told(server: StunServer) -> None:
    server.answer = server.silent
    with pytest.raises(PhoneError, match=f"{server.address} does not answer within 0.35 s"):
        await found(server.address)


async def test_nobody_there_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*taken.getsockname())
    with pytest.raises(PhoneError, match=f"{address}: connection refused"):
        await found(address)


async def test_a_refusal_is_told(server: StunServer) -> None:
    refusal = attribute(ERROR_CODE, bytes([0, 0, 4, 0]))
    server.answer = lambda transaction, _: [message(ERROR, transaction, refusal)]
    with pytest.raises(PhoneError, match="refused with 400"):
        await found(server.address)
