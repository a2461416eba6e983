# SPDX-License-Identifier: GPL-2.0-or-later
"""Which TURN servers the engine is given, and what people are told of the others."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from offhookd import server_watch as module
from offhookd.config.schema import AccountConfig, TurnConfig
from offhookd.engine import protocol as p
from offhookd.engine.stun import Mapped
from offhookd.phone.errors import PhoneError
from offhookd.phone.problems import Problems
from offhookd.phone.values import AccountId
from offhookd.server_watch import RefusingError, ServerError
from offhookd.turn import TurnServers
from offhookd.turn_probe import Offer
from tests.support.processes import until

WORK, HOME = AccountId("work"), AccountId("home")
SERVER = "192.0.2.1:3478"
NEAR = TurnConfig(server="turn.example.com", username="ada")


def account(name: AccountId, turn: TurnConfig | None = NEAR) -> AccountConfig:
    return AccountConfig(
        id=name, uri=f"sip:{name}@example.com", username="", label="", registrar="", turn=turn
    )


def given(name: AccountId, server: str = SERVER, password: str = "secret") -> p.SetTurn:  # noqa: S107 - a test's
    return p.SetTurn(account=name, server=server, username="ada", password=password)


def taken(name: AccountId) -> p.SetTurn:
    return p.SetTurn(account=name, server="")


class World:
    """`failure` is what a look at a server ends with, None for success."""

    def __init__(self) -> None:
        self.failure: PhoneError | None = None
        self.password = "secret"
        self.looks = 0
        self.passwords = 0
        self.told: list[p.Command] = []
        self.problems = Problems()
        self.servers = TurnServers(self.told.append, self.problems, self._look, self._password_for)

    async def _password_for(self, _account: AccountId, _turn: TurnConfig) -> str:
        self.passwords += 1
        return self.password

    async def _look(self, _turn: TurnConfig, _password: str) -> Offer:
        self.looks += 1
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        return Offer(SERVER, Mapped("198.51.100.9", 50_000 + self.looks))

    async def configure(self, *configs: AccountConfig) -> None:
        self.servers.configure({config.id: config for config in configs})
        await self.settle()

    async def looked(self, times: int) -> None:
        await until(lambda: self.looks >= times, 5.0, f"look {times}")
        await self.settle()

    @staticmethod
    async def settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(module, "SHORTEST_PAUSE_S", 0)
    made = World()
    yield made
    await made.servers.stop()


async def test_a_server_that_relays_is_given_to_the_engine_with_the_password(world: World) -> None:
    await world.configure(account(WORK), account(AccountId("plain"), None))
    assert world.told == [given(WORK)]
    assert not list(world.problems)
    assert "secret" not in repr(world.told)


async def test_one_that_is_gone_is_told_and_calls_go_without_it(world: World) -> None:
    world.failure = ServerError("it does not answer.")
    await world.configure(account(WORK))
    assert world.told == []
    (problem,) = world.problems
    assert (problem.code, problem.subject) == ("turn", "accounts/work")
    assert "turn.example.com, and where no straight way" in problem.text
    assert "it does not answer. It is tried again" in problem.text


async def test_one_that_refuses_is_not_pressed_and_the_password_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEAD_S", (0.001,))
    world.failure = RefusingError("it refuses the password (401).")
    await world.configure(account(WORK))
    await asyncio.sleep(0.05)
    assert world.looks == 1
    world.failure, world.password = None, "changed"
    world.servers.hint()
    await world.looked(2)
    assert world.passwords == 2
    assert world.told == [given(WORK, password="changed")]
    assert not list(world.problems)


async def test_one_that_goes_is_taken_away_and_one_that_comes_back_is_used_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ALIVE_S", 0.001)
    monkeypatch.setattr(module, "DEAD_S", (0.001, 0.002))
    await world.configure(account(WORK))
    world.failure = ServerError("gone.")
    await world.looked(world.looks + 3)
    assert world.told == [given(WORK), taken(WORK)]
    world.failure = None
    await world.looked(world.looks + 2)
    assert world.told[2:] == [given(WORK)]
    assert world.passwords == 1


async def test_what_a_call_missed_is_looked_at_at_once_and_given_again_if_it_relays(
    world: World,
) -> None:
    await world.configure(account(WORK), account(HOME))
    assert world.told == [given(WORK), given(HOME)]
    world.servers.lost(WORK)
    world.servers.lost("nobody")
    await world.looked(3)
    assert world.told[2:] == [given(WORK)]
    world.failure = ServerError("gone.")
    world.servers.lost(WORK)
    await world.looked(4)
    assert world.told[3:] == []
    assert [problem.subject for problem in world.problems] == ["accounts/work"]


async def test_a_new_engine_is_told_without_another_look(world: World) -> None:
    await world.configure(account(WORK))
    world.servers.engine_started()
    assert world.told == [given(WORK), given(WORK)]
    assert world.looks == 1


async def test_another_configuration_forgets_the_server_and_the_password(world: World) -> None:
    await world.configure(account(WORK), account(HOME))
    await world.configure(account(WORK, TurnConfig(server="other", username="ada")))
    assert world.told[2:] == [taken(WORK), taken(HOME), given(WORK)]
    assert world.passwords == 3
    await world.configure(account(WORK, None))
    assert world.told[5:] == [taken(WORK)]


async def test_reading_the_configuration_again_disturbs_nobody(world: World) -> None:
    world.failure = ServerError("gone.")
    await world.configure(account(WORK))
    await world.configure(account(WORK))
    assert world.looks == 1
    assert len(list(world.problems)) == 1
