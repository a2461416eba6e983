# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine is told, and in which order, before anything can go out on an account."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from offhookd.config.schema import AccountConfig
from offhookd.engine import protocol as p
from offhookd.hosts import Server, host_part, server_of
from offhookd.lines import Lines
from offhookd.phone.account import Answer
from offhookd.phone.accounts import Accounts
from offhookd.phone.calls import LINGER_S, Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import (
    EngineGoneError,
    InvalidTargetError,
    NotRegisteredError,
    PhoneError,
)
from offhookd.phone.ports import Done
from offhookd.phone.problems import Problems
from offhookd.phone.values import AcceptFrom, AccountId, AccountState, StateReason, Transport
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog

WORK = AccountId("work")
CONFIG = AccountConfig(
    id=WORK,
    uri="sip:1001@pbx.example.com",
    username="1001",
    label="work",
    registrar="sip:pbx.example.com:5060",
)
DIRECT = AccountConfig(
    id=AccountId("direct"),
    uri="sip:ada@127.0.0.1",
    username="ada",
    label="direct",
    registrar="",
    accept_from=AcceptFrom.ANYONE,
)


class House:
    """Lines with a name server and a keyring that the test fills."""

    def __init__(self) -> None:
        self.told: list[p.Command] = []
        self.waiting: list[Done] = []
        self.names = {"pbx.example.com": ["192.0.2.1:5060"], "127.0.0.1": ["127.0.0.1:5060"]}
        self.password: str | PhoneError = "secret"
        self.asked = 0
        self.accounts = Accounts()
        self.problems = Problems()
        self.clock = clock = FakeClock()
        self.calls = Calls(FakeEngine(), FakeLog(), FakeAlerting(), clock)
        self.lines = Lines(
            self.accounts,
            self.calls,
            self.problems,
            clock,
            self._tell,
            self._resolve,
            self._password_for,
            self._complete,
            lambda: 0.0,
        )

    def _tell(self, command: p.Command, done: Done | None = None) -> None:
        self.told.append(command)
        self.waiting += [done] if done else []

    def finish(self, error: PhoneError | None = None) -> None:
        """The engine answers what it was told."""
        waiting, self.waiting = self.waiting, []
        for done in waiting:
            done(error)

    async def _resolve(self, host: str, port: int, transport: Transport) -> Sequence[str]:
        if host not in self.names:
            raise PhoneError(f"{host} has no address")
        return self.names[host]

    @staticmethod
    def _complete(account: AccountId, text: str) -> str:
        if not text.isdecimal():
            raise InvalidTargetError(f"'{text}' is no number")
        return f"sip:{account}-{text}@pbx.example.com"

    async def _password_for(self, account: AccountConfig) -> str:
        self.asked += 1
        if isinstance(self.password, PhoneError):
            raise self.password
        return self.password

    async def apply(self, *configs: AccountConfig) -> None:
        self.lines.apply({config.id: config for config in configs}, {})
        await settle()

    async def engine(self) -> None:
        self.lines.engine_started()
        await settle()

    def account(self, account_id: AccountId = WORK) -> AccountState:
        account = self.accounts.get(account_id)
        assert account
        return account.state

    def result(self, answer: Answer) -> None:
        account = self.accounts.get(WORK)
        assert account
        account.result(answer)

    async def next_attempt(self) -> None:
        account = self.accounts.get(WORK)
        assert account
        self.clock.advance((account.next_attempt_us - self.clock.now_us()) / 1e6)
        await settle()


DOWN = Answer(0, "It cannot be reached.", cause=StateReason.NETWORK)


async def settle() -> None:
    """Let the tasks run to where they wait; nothing here waits for time."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def house() -> House:
    return House()


async def test_the_engine_knows_servers_and_account_before_it_registers(house: House) -> None:
    await house.apply(CONFIG)
    assert house.told == []
    await house.engine()
    hosts, account, register = house.told
    assert hosts == p.SetHosts(hosts={"pbx.example.com": ("192.0.2.1:5060",)})
    assert isinstance(account, p.SetAccount)
    assert (account.password, account.servers) == ("secret", ("192.0.2.1",))
    assert register == p.Register(account="work")


async def test_a_new_engine_is_told_everything_again(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    first, house.told[:] = list(house.told), []
    house.lines.engine_lost()
    await house.engine()
    assert house.told == first


async def test_an_engine_that_goes_away_refuses_nothing(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.finish(EngineGoneError("the SIP engine closed its connection"))
    assert house.account() is AccountState.REGISTERING


async def test_a_refresh_tells_only_what_changed(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.told.clear()
    house.lines.register(WORK)
    await settle()
    assert house.told == [p.Register(account="work")]
    assert house.asked == 1


async def test_a_server_that_moved_is_followed(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.told.clear()
    house.names["pbx.example.com"] = ["192.0.2.9:5060"]
    house.lines.register(WORK)
    await settle()
    assert [type(command) for command in house.told] == [p.SetHosts, p.SetAccount, p.Register]


async def test_a_name_without_address_is_a_problem_with_a_remedy(house: House) -> None:
    house.names.clear()
    await house.apply(CONFIG)
    await house.engine()
    assert house.account() is AccountState.FAILED
    (problem,) = house.problems
    assert (problem.code, problem.subject) == ("account-dns", "accounts/work")
    assert "pbx.example.com has no address" in problem.text
    assert house.told == []


async def test_a_password_that_cannot_be_had_is_one_too(house: House) -> None:
    house.password = PhoneError("the keyring is locked; unlock it")
    await house.apply(CONFIG)
    await house.engine()
    (problem,) = house.problems
    assert problem.code == "account-auth"
    assert "the keyring is locked" in problem.text


async def test_an_account_that_the_engine_does_not_take_has_failed(house: House) -> None:
    await house.apply(DIRECT)
    await house.engine()
    house.waiting[0](PhoneError("the URI has a space in it"))
    assert house.account(DIRECT.id) is AccountState.FAILED
    (problem,) = house.problems
    assert "the URI has a space in it" in problem.text


async def test_a_refused_password_is_asked_for_again(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.result(Answer(401, "Unauthorized"))
    house.lines.register(WORK)
    await settle()
    assert house.asked == 2


async def test_a_problem_is_over_when_the_account_is_registered(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.result(Answer(0, "no route", cause=StateReason.NETWORK))
    assert [problem.code for problem in house.problems] == ["account-network"]
    house.result(Answer(200, "OK", expires_s=60))
    assert list(house.problems) == []


async def test_everything_goes_to_a_proxy_where_there_is_one(house: House) -> None:
    house.names = {"edge.example.com": ["198.51.100.7:5070"]}
    await house.apply(replace(CONFIG, proxy="sip:edge.example.com:5070;lr"))
    await house.engine()
    assert isinstance(house.told[1], p.SetAccount)
    assert house.told[1].servers == ("198.51.100.7",)
    assert house.lines.reachable(WORK, "sip:bob@elsewhere.example.net")


async def test_a_direct_account_is_ready_at_once(house: House) -> None:
    await house.apply(DIRECT)
    await house.engine()
    assert house.account(DIRECT.id) is AccountState.REGISTERED
    (told,) = house.told
    assert isinstance(told, p.SetAccount)
    assert told.accept_anyone


async def test_a_call_to_a_stranger_needs_a_look_up_and_is_then_forgotten(house: House) -> None:
    await house.apply(DIRECT)
    await house.engine()
    target = "sip:echo@127.0.0.1:5070"
    assert not house.lines.reachable(DIRECT.id, target)
    call = house.calls.dial(target, "", DIRECT.id, DialOptions())
    await house.lines.reach(DIRECT.id, target)
    assert house.lines.reachable(DIRECT.id, target)
    assert house.told[-1] == p.SetHosts(hosts={"127.0.0.1": ("127.0.0.1:5060",)})
    house.calls.ended(call.id, "remote", 0, "")


async def test_reloading_leaves_unchanged_accounts_alone(house: House) -> None:
    await house.apply(CONFIG, DIRECT)
    await house.engine()
    house.told.clear()
    await house.apply(DIRECT, CONFIG)
    assert house.told == []
    assert [account.id for account in house.accounts] == [DIRECT.id, WORK]
    await house.apply(CONFIG)
    assert house.told == [p.RemoveAccount(account="direct")]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"register_seconds": 90}, [p.SetAccount, p.Register]),
        ({"password_command": ("pass", "show")}, [p.Register]),
        ({"display_name": "Ada"}, [p.SetAccount]),
        ({"label": "Desk"}, []),
        ({"outside_prefix": "0"}, []),
    ],
    ids=lambda one: next(iter(one), "") if isinstance(one, dict) else "",
)
async def test_a_changed_account_registers_anew_only_for_what_the_registrar_is_told(
    house: House, changed: dict[str, Any], told: list[type[p.Command]]
) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.result(Answer(200, "OK", expires_s=60))
    before = house.accounts.get(WORK)
    house.told.clear()
    await house.apply(replace(CONFIG, **changed))
    assert [type(command) for command in house.told] == told
    again = p.Register in told
    assert (house.accounts.get(WORK) is not before) is again
    assert house.account() is (AccountState.REGISTERING if again else AccountState.REGISTERED)


async def test_another_name_in_lists_is_told_at_once(house: House) -> None:
    await house.apply(CONFIG)
    account = house.accounts.get(WORK)
    assert account
    labels: list[str] = []
    account.changed.connect(lambda one: labels.append(one.facts.label))
    await house.apply(replace(CONFIG, label="Desk"))
    assert labels == ["Desk"]


async def test_what_changes_while_the_servers_are_looked_up_is_not_too_late(house: House) -> None:
    await house.apply(CONFIG)
    house.lines.engine_started()
    await house.apply(replace(CONFIG, display_name="Ada"))
    names = [one.display_name for one in house.told if isinstance(one, p.SetAccount)]
    assert names == ["Ada"]
    assert [type(one) for one in house.told].count(p.Register) == 1


async def test_an_account_of_another_name_gives_its_binding_back(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.result(Answer(200, "OK", expires_s=60))
    house.told.clear()
    await house.apply(replace(CONFIG, uri="sip:1002@pbx.example.com"))
    assert [type(command) for command in house.told] == [p.Unregister, p.RemoveAccount]
    house.finish()
    await settle()
    assert [type(command) for command in house.told[2:]] == [p.SetAccount, p.Register]


async def test_a_changed_account_keeps_its_calls(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.result(Answer(200, "OK", expires_s=60))
    house.calls.dial("sip:bob@pbx.example.com", "", WORK, DialOptions())
    house.told.clear()
    await house.apply(replace(CONFIG, uri="sip:1002@pbx.example.com"))
    kinds = [type(command) for command in house.told]
    assert kinds == [p.Unregister, p.SetAccount, p.Register]


async def test_what_is_taken_out_of_the_configuration_is_not_brought_in_late(house: House) -> None:
    await house.apply(CONFIG)
    house.lines.engine_started()
    house.lines.apply({}, {})
    await settle()
    assert not any(isinstance(command, p.SetAccount | p.Register) for command in house.told)
    assert list(house.problems) == []


async def test_what_is_switched_off_during_its_look_up_does_not_register(house: House) -> None:
    await house.apply(CONFIG)
    house.lines.engine_started()
    account = house.accounts.get(WORK)
    assert account
    account.set_enabled(False)
    await settle()
    assert [type(command) for command in house.told] == [p.Unregister]
    house.finish(PhoneError("There is no account 'work'."))
    assert house.account() is AccountState.DISABLED


async def test_a_register_that_the_engine_refuses_is_tried_again(house: House) -> None:
    await house.apply(CONFIG)
    await house.engine()
    house.waiting.pop()(PhoneError("a registration is under way"))
    assert house.account() is AccountState.FAILED


async def test_a_call_waits_until_the_engine_knows_its_account(house: House) -> None:
    await house.apply(CONFIG)
    house.lines.engine_started()
    target = "sip:bob@pbx.example.com"
    assert not house.lines.reachable(WORK, target)
    await house.lines.reach(WORK, target)
    assert house.lines.reachable(WORK, target)


async def test_a_call_on_an_account_without_a_password_says_so(house: House) -> None:
    house.password = PhoneError("the keyring is locked")
    await house.apply(CONFIG)
    await house.engine()
    with pytest.raises(NotRegisteredError, match="work"):
        await house.lines.reach(WORK, "sip:bob@pbx.example.com")


async def test_a_stranger_is_forgotten_with_the_call(house: House) -> None:
    await house.apply(DIRECT)
    await house.engine()
    call = house.calls.dial("sip:echo@127.0.0.1:5070", "", DIRECT.id, DialOptions())
    await house.lines.reach(DIRECT.id, call.peer_uri)
    house.calls.ended(call.id, "remote", 0, "")
    house.clock.advance(LINGER_S)
    assert house.told[-1] == p.SetHosts(hosts={})


@pytest.mark.parametrize("uri", ["sip:x@host:\u00b2", "sip:x@host:" + "9" * 5000, "sip:x@:", "x"])
def test_a_stranger_cannot_break_us_with_a_port(uri: str) -> None:
    assert server_of(uri, Transport.UDP).port == 0


@pytest.mark.parametrize(
    ("uri", "server"),
    [
        ("sip:1@pbx.test", Server("pbx.test", 0, Transport.UDP)),
        ("sip:1@PBX.test:5070", Server("pbx.test", 5070, Transport.UDP)),
        ("sip:pbx.test;transport=tcp;lr", Server("pbx.test", 0, Transport.TCP)),
        ("sips:1@pbx.test", Server("pbx.test", 0, Transport.TLS)),
        ("sip:1@[2001:db8::1]:5070", Server("[2001:db8::1]", 5070, Transport.UDP)),
        ("sip:1@[2001:db8::1]", Server("[2001:db8::1]", 0, Transport.UDP)),
    ],
)
def test_where_a_uri_leads(uri: str, server: Server) -> None:
    assert server_of(uri, Transport.UDP) == server


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.1:5060", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]:5060", "2001:db8::1"),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_part(address) == host


@pytest.mark.parametrize(
    ("written", "uri"), [("99", "sip:work-99@pbx.example.com"), ("@no", ""), ("", "")]
)
async def test_the_mail_box_is_called_by_the_dial_plan(
    house: House, written: str, uri: str
) -> None:
    await house.apply(replace(CONFIG, voicemail=written))
    account = house.accounts.get(WORK)
    assert account
    assert account.voicemail_uri == uri


async def test_server_that_does_not_answer_comes_last_at_the_next_attempt(house: House) -> None:
    house.names["pbx.example.com"] = ["192.0.2.1:5060", "192.0.2.2:5060", "192.0.2.3:5060"]
    await house.apply(CONFIG)
    await house.engine()
    first = []
    for answer in (DOWN, Answer(503, "Down"), DOWN, Answer(200, "OK", expires_s=60), DOWN, DOWN):
        told = [one for one in house.told if isinstance(one, p.SetHosts)]
        first.append(told[-1].hosts["pbx.example.com"][0])
        house.result(answer)
        await house.next_attempt()
    assert [one.partition(":")[0][-1] for one in first] == ["1", "2", "3", "1", "1", "2"]


async def test_server_that_refuses_the_password_keeps_its_place(house: House) -> None:
    house.names["pbx.example.com"] = ["192.0.2.1:5060", "192.0.2.2:5060"]
    await house.apply(CONFIG)
    await house.engine()
    house.result(Answer(401, "Unauthorized"))
    await house.next_attempt()
    told = [one for one in house.told if isinstance(one, p.SetHosts)]
    assert [one.hosts["pbx.example.com"][0] for one in told] == ["192.0.2.1:5060"]
