# SPDX-License-Identifier: GPL-2.0-or-later
"""Which STUN servers the engine is given, and what people are told of the others."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from offhookd import server_watch as module
from offhookd.config.schema import AccountConfig
from offhookd.engine import protocol as p
from offhookd.engine.stun import Mapped
from offhookd.phone.errors import PhoneError
from offhookd.phone.problems import Problems
from offhookd.phone.values import AccountId
from offhookd.stun import StunServers
from offhookd.stun_probe import Sighting
from tests.support.processes import until

WORK, HOME = AccountId("work"), AccountId("home")
SERVER = "192.0.2.1:3478"


def account(name: AccountId, stun: str = "stun.example.com") -> AccountConfig:
    return AccountConfig(
        id=name, uri=f"sip:{name}@example.com", username="", label="", registrar="", stun=stun
    )


class World:
    """`answers` says what a look at a server finds."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {"stun.example.com": SERVER}
        self.looks = 0
        self.told: list[dict[str, str]] = []
        self.problems = Problems()
        self.servers = StunServers(self._tell, self.problems, self._look)

    def _tell(self, command: p.Command) -> None:
        assert isinstance(command, p.SetStun)
        self.told.append(dict(command.servers))

    async def _look(self, name: str) -> Sighting:
        self.looks += 1
        await asyncio.sleep(0)
        if name not in self.answers:
            raise PhoneError(f"{name} does not answer.")
        return Sighting(self.answers[name], Mapped("198.51.100.7", 4000))

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


async def test_a_server_that_answers_is_given_to_the_engine(world: World) -> None:
    await world.configure(account(WORK), account(HOME), account(AccountId("plain"), ""))
    assert world.told == [{WORK: SERVER, HOME: SERVER}]
    assert world.looks == 1
    assert not list(world.problems)


async def test_one_that_does_not_is_told_and_calls_go_without_it(world: World) -> None:
    world.answers.clear()
    await world.configure(account(WORK))
    assert world.told == []
    (problem,) = world.problems
    assert (problem.code, problem.subject) == ("stun", "accounts/work")
    assert "stun.example.com does not answer" in problem.text
    assert "offhook.yaml" in problem.text


async def test_one_that_goes_is_taken_away_and_one_that_comes_back_is_used_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ALIVE_S", 0.001)
    monkeypatch.setattr(module, "DEAD_S", (0.001, 0.002))
    await world.configure(account(WORK))
    world.answers.clear()
    await world.looked(world.looks + 5)
    assert world.told == [{WORK: SERVER}, {}]
    assert len(list(world.problems)) == 1
    world.answers["stun.example.com"] = "192.0.2.2:3478"
    await world.looked(world.looks + 2)
    assert world.told[2:] == [{WORK: "192.0.2.2:3478"}]
    assert not list(world.problems)


async def test_what_the_engine_missed_is_looked_at_at_once_and_given_again_if_it_lives(
    world: World,
) -> None:
    await world.configure(account(WORK))
    world.servers.lost(SERVER)
    await world.looked(2)
    assert world.told == [{WORK: SERVER}, {WORK: SERVER}]
    world.answers.clear()
    world.servers.lost(SERVER)
    await world.looked(3)
    assert world.told[2:] == []
    assert len(list(world.problems)) == 1


async def test_another_network_is_a_reason_to_look(world: World) -> None:
    world.answers.clear()
    await world.configure(account(WORK))
    world.answers["stun.example.com"] = SERVER
    world.servers.hint()
    await world.looked(2)
    assert world.told == [{WORK: SERVER}]
    assert not list(world.problems)


async def test_a_new_engine_is_told_without_another_look(world: World) -> None:
    await world.configure(account(WORK))
    world.servers.engine_started()
    assert world.told == [{WORK: SERVER}, {WORK: SERVER}]
    assert world.looks == 1


async def test_an_account_without_a_server_any_more_is_forgotten(world: World) -> None:
    await world.configure(account(WORK), account(HOME, "other.example.com"))
    assert len(list(world.problems)) == 1
    await world.configure(account(WORK, ""))
    assert world.told == [{WORK: SERVER}, {}]
    assert not list(world.problems)
    world.servers.hint()
    await world.settle()
    assert world.looks == 2


async def test_reading_the_configuration_again_disturbs_nobody(world: World) -> None:
    world.answers.clear()
    await world.configure(account(WORK))
    told = list(world.problems)
    world.problems.clear_subject("accounts/work")  # as an account does that is made anew
    await world.configure(account(WORK))
    assert list(world.problems) == told
    assert world.looks == 1


async def test_an_engine_that_complains_without_end_is_not_obeyed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHORTEST_PAUSE_S", 3600.0)
    await world.configure(account(WORK))
    for _ in range(10):
        world.servers.lost(SERVER)
        await world.settle()
    assert world.looks == 1
