# SPDX-License-Identifier: GPL-2.0-or-later
"""What is remembered of an engine's calls, and who ends them when it has died."""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from offhookd.engine.farewells import Farewells
from offhookd.engine.protocol import Command, DialogMade, EndDialog
from offhookd.engine.sip_farewells import dialog_of
from offhookd.phone.errors import NotRegisteredError
from offhookd.phone.ports import Done
from offhookd.phone.values import AccountId

ANSWER = """SIP/2.0 200 OK
From: "Ann, B." <sip:ann@pbx>;tag=a
To: sip:bob@pbx;tag=b
Call-ID: 1@pbx
CSeq: 7 INVITE
Record-Route: <sip:one;lr>, <sip:two;lr>
Record-Route: <sip:three;lr>
Contact: <sip:bob@10.0.0.2:5070;ob>

"""


def leg(*, outgoing: bool) -> Any:
    account = SimpleNamespace(id="work")
    contact = "" if outgoing else "<sip:ann@10.0.0.1>"
    return SimpleNamespace(number=1, account=account, outgoing=outgoing, contact=contact)


def test_the_dialog_of_a_call_that_was_dialled() -> None:
    found = dialog_of(leg(outgoing=True), ANSWER)
    assert (found.local, found.local_tag) == ('"Ann, B." <sip:ann@pbx>', "a")
    assert (found.remote, found.remote_tag) == ("<sip:bob@pbx>", "b")
    assert (found.call_id, found.target) == ("1@pbx", "sip:bob@10.0.0.2:5070;ob")
    assert found.routes == ("<sip:three;lr>", "<sip:two;lr>", "<sip:one;lr>")


def test_the_dialog_of_a_call_that_came_in() -> None:
    found = dialog_of(leg(outgoing=False), ANSWER)
    assert (found.local_tag, found.remote_tag, found.target) == ("b", "a", "sip:ann@10.0.0.1")
    assert found.routes == ("<sip:one;lr>", "<sip:two;lr>", "<sip:three;lr>")


@dataclass
class Ways:
    """To everybody but `lost`; `known`: whether they need not be looked up."""

    lost: str = ""
    known: bool = False

    def reachable(self, account: AccountId, target: str) -> bool:
        return self.known

    async def reach(self, account: AccountId, target: str) -> None:
        if target == self.lost:
            raise NotRegisteredError("Account 'work' is not ready; see its StateText")


class Story:
    def __init__(self) -> None:
        self.told: list[Command] = []
        self.farewells = Farewells(self._tell)

    def _tell(self, command: Command, _done: Done) -> None:
        self.told.append(command)

    def talks(self, number: int) -> DialogMade:
        made = dialog_of(leg(outgoing=True), ANSWER).but(leg=number, call_id=f"{number}@pbx")
        self.farewells.made(made)
        return made

    async def ended(self, ways: Ways) -> list[str]:
        """Call-IDs that the next engine is told to end."""
        self.farewells.engine_started(ways)
        for _ in range(3):
            await asyncio.sleep(0)
        ended, self.told = self.told, []
        return [one.call_id for one in ended if isinstance(one, EndDialog)]


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.mark.parametrize("known", [True, False])
async def test_the_next_engine_ends_what_the_last_one_left(story: Story, known: bool) -> None:
    for number in (1, 2, 3):
        story.talks(number)
    story.farewells.ended(2)
    story.farewells.engine_lost()
    assert await story.ended(Ways(known=known)) == ["1@pbx", "3@pbx"]
    story.farewells.engine_lost()
    assert await story.ended(Ways()) == []


async def test_who_cannot_be_reached_is_left(story: Story) -> None:
    story.talks(1)
    story.farewells.engine_lost()
    assert await story.ended(Ways(lost="sip:three;lr")) == []


async def test_an_engine_that_stops_while_a_way_is_sought_ends_nothing(story: Story) -> None:
    story.talks(1)
    story.farewells.engine_lost()
    story.farewells.engine_started(Ways())
    await story.farewells.stop()
    assert story.told == []
