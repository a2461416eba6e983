# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at a TURN server, the way the daemon and ``offhook doctor`` do; and the short look of a
call."""

from collections.abc import Iterator, Sequence

import pytest

from offhookd.config.schema import TurnConfig
from offhookd.engine import turn_check
from offhookd.engine.addresses import parse_address
from offhookd.phone.errors import PhoneError
from offhookd.server_watch import RefusingError
from offhookd.turn_probe import Offer, look
from tests.support.stun import PASSWORD, USER
from tests.support.turn import ALLOCATE, REFRESH, RELAYED, TurnServer


@pytest.fixture
def server() -> Iterator[TurnServer]:
    with TurnServer() as running:
        yield running


async def found(*addresses: str, password: str = PASSWORD) -> Offer:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("turn.example.com", 3479)
        return addresses

    turn = TurnConfig(server="turn.example.com:3479", username=USER)
    return await look(turn, password, resolve)


async def test_a_server_gives_an_address_and_gets_it_back(server: TurnServer) -> None:
    offer = await found(server.address)
    assert (offer.server, offer.relayed) == (server.address, RELAYED)
    assert server.asked == [ALLOCATE, ALLOCATE, REFRESH]
    assert not server.held


async def test_a_challenge_that_is_too_old_is_answered_again(server: TurnServer) -> None:
    server.nonces = [b"first", b"second"]
    offer = await found(server.address)
    assert offer.relayed == RELAYED


async def test_a_wrong_password_is_told_and_not_tried_again(server: TurnServer) -> None:
    with pytest.raises(RefusingError, match=r"refuses the user name or the password .401"):
        await found(server.address, password="guessed")
    assert server.asked == [ALLOCATE, ALLOCATE]


async def test_a_server_that_is_full_is_told(server: TurnServer) -> None:
    server.refusal = 486
    with pytest.raises(PhoneError, match=f"{server.address}: the server refused with 486"):
        await found(server.address)


async def test_silence_is_told_and_the_next_address_tried(server: TurnServer) -> None:
    with TurnServer() as silent:
        silent.silent = True
        with pytest.raises(PhoneError, match=f"{silent.address} does not answer within 0.35 s"):
            await found(silent.address)
        assert (await found(silent.address, server.address)).server == server.address


def test_a_call_hears_whether_the_server_is_there() -> None:
    with TurnServer() as server:
        address = parse_address(server.address)
        assert turn_check.answers(address)
        server.silent = True
        assert not turn_check.answers(address)
    assert not turn_check.answers(address)
