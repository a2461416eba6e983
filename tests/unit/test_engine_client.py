# SPDX-License-Identifier: GPL-2.0-or-later
"""Between the switchboard and the engine: what is sent, and what is believed."""

import asyncio
from typing import Any

import pytest

from offhookd.engine import protocol as p
from offhookd.engine.client import EngineClient
from offhookd.engine.link import Link, Replied
from offhookd.engine.reports import cleaned
from offhookd.phone.account import Account, AccountFacts
from offhookd.phone.accounts import Accounts
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.connected import ConnectedLines
from offhookd.phone.detours import Detours
from offhookd.phone.dialled import DialOptions
from offhookd.phone.emergency import Emergency
from offhookd.phone.errors import PhoneError
from offhookd.phone.forwarding import Forward
from offhookd.phone.handovers import Handovers
from offhookd.phone.numbering import Numbering
from offhookd.phone.planner import Planner
from offhookd.phone.relays import Relays
from offhookd.phone.transfers import Transfers
from offhookd.phone.values import AccountId, CallState, EndReason, Transport
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog

WORK = AccountId("work")
START = p.Start(
    version=p.VERSION,
    bind="",
    port=0,
    user_agent="",
    ca_file="",
    log_level=20,
    country="",
)


class FakeLink(Link):
    """Writes down what would be sent; `refuse` answers the last command with an error."""

    def __init__(self) -> None:
        self.sent: list[p.Command] = []
        self._answers: list[Replied] = []

    def send(self, command: p.Command, replied: Replied | None = None) -> None:
        self.sent.append(command)
        self._answers += [replied] if replied else []

    def refuse(self, error: str) -> None:
        self._answers.pop()(p.Reply(request=1, error=error))


class NameServer:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.known = False
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def reachable(self, account: AccountId, target: str) -> bool:
        return self.known

    async def reach(self, account: AccountId, target: str) -> None:
        await self.answer


class Deaf:
    """A listener for tests that do not listen."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class Room:
    def __init__(self) -> None:
        self.link = FakeLink()
        self.names = NameServer()
        self.client = EngineClient(START)
        self.client._link = self.link
        self.log = FakeLog()
        clock = FakeClock()
        self.calls = Calls(self.client, self.log, FakeAlerting(), clock)
        self.accounts = Accounts()
        planner = Planner(self.accounts, Emergency(clock))
        self.handovers = Handovers(
            Transfers(self.calls, self.client, clock),
            Detours(self.calls, self.client, planner),
            Relays(self.calls, self.client, clock, planner, lambda _, uri: Forward(uri, "")),
            ConnectedLines(self.calls, self.log, Numbering().same),
        )
        self.client.connect(self.calls, self.accounts, self.names, Deaf(), self.handovers)
        facts = AccountFacts(WORK, "Work", "sip:1@example.com", True, Transport.UDP)
        self.account = Account(facts, FakeEngine(), clock, lambda: 0.0)
        self.accounts.add(self.account)

    def dial(self) -> Call:
        return self.calls.dial("sip:bob@example.com", "", WORK, DialOptions())

    def sent(self, kind: type[p.Command]) -> list[p.Command]:
        return [command for command in self.link.sent if isinstance(command, kind)]

    def tells(self, event: p.Event) -> None:
        self.client._event(event)

    def invites(self, account: str = "work", **texts: str) -> None:
        facts: dict[str, Any] = dict.fromkeys(
            (
                "sip_call_id",
                "source",
                "peer_name",
                "asserted_uri",
                "asserted_name",
                "alert_info",
                "call_info",
                "answer_mode",
                "privacy",
                "priority",
            ),
            "",
        )
        known = {"peer_uri": "sip:eve@example.com", **facts, **texts}
        self.tells(p.Incoming(leg=-1, account=account, diverted_by=(), **known))


@pytest.fixture
async def room() -> Room:
    return Room()


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_call_hung_up_while_its_server_is_looked_up_never_goes_out(room: Room) -> None:
    call = room.dial()
    done: list[PhoneError | None] = []
    room.calls.hangup(call, done.append)
    await turn()
    room.names.answer.set_result(None)
    await turn()
    assert room.sent(p.Dial) == []
    assert done == [None]
    assert (call.state, call.end_reason) == (CallState.ENDED, EndReason.CANCELLED)


async def test_what_was_muted_during_the_look_up_is_dialled_muted(room: Room) -> None:
    call = room.dial()
    await turn()
    room.calls.mute(call, True)
    room.names.answer.set_result(None)
    await turn()
    (command,) = room.sent(p.Dial)
    assert isinstance(command, p.Dial)
    assert command.muted


async def test_a_call_that_the_engine_refuses_leaves_nothing_behind(room: Room) -> None:
    room.names.known = True
    call = room.dial()
    room.link.refuse("no such host")
    assert call.end_text == "no such host"
    assert room.client.leg(call.id) == 0


@pytest.mark.parametrize("account", ["gone", "work"])
async def test_nobody_rings_an_account_that_is_off_or_gone(room: Room, account: str) -> None:
    room.account.set_enabled(False)
    room.invites(account)
    assert room.link.sent[-1] == p.Refuse(leg=-1, code=480)
    assert list(room.calls) == []


async def test_a_number_that_is_no_sip_code_is_none(room: Room) -> None:
    room.invites()
    (call,) = room.calls
    ended = p.LegState(leg=-1, state="ended", code=70_000, text="", cause="", sip_call_id="")
    room.tells(ended)
    assert call.end_code == 0


async def test_text_that_could_write_a_line_of_its_own_in_the_log_does_not(room: Room) -> None:
    room.invites(peer_name="Eve\nroot: all is well\x1b[2J")
    (call,) = room.calls
    assert call.peer_name == "Everoot: all is well[2J"


def test_harmless_events_are_passed_on_as_they_are() -> None:
    event = p.LogLine(level=20, text="Grüße")
    assert cleaned(event) is event


def test_a_text_message_keeps_its_lines_and_loses_what_deceives() -> None:
    event = p.MessageReceived(
        account="work",
        sip_id="1",
        peer_uri="sip:a@b",
        peer_name="A\nB",
        text="one\r\ntwo\x07\u202e\u200d!",
    )
    seen = cleaned(event)
    assert isinstance(seen, p.MessageReceived)
    assert (seen.peer_name, seen.text) == ("AB", "one\ntwo\u200d!")
