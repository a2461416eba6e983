# SPDX-License-Identifier: GPL-2.0-or-later
"""What servers that ask are told of an account."""

import pytest

from offhookd.phone.account import Account, AccountFacts
from offhookd.phone.accounts import Accounts
from offhookd.phone.calls import Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.reception import AccountManners
from offhookd.phone.standing import Standing
from offhookd.phone.values import AccountId, Transport
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog
from tests.support.reception import OWN, WORK, Desk, call


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ({}, 200),
        ({"do_not_disturb": True}, 480),
        ({"do_not_disturb": True, "forward_busy": "2002"}, 200),
        ({"do_not_disturb": True, "forward_no_answer": "2002"}, 200),
        ({"do_not_disturb": True, "forward_always": "2002"}, 200),
    ],
)
def test_the_status_is_that_of_a_call(desk: Desk, wishes: dict[str, object], code: int) -> None:
    desk.manners(dnd_code=480)
    desk.wish(**wishes)
    assert desk.reception.standing(WORK, (), 4) == code


def test_a_line_that_is_taken_is_busy(desk: Desk) -> None:
    assert desk.reception.standing(WORK, [call()], 4) == 200
    assert desk.reception.standing(WORK, [call()], 1) == 486
    desk.manners(AccountManners(uri=OWN, call_waiting=False))
    assert desk.reception.standing(WORK, [call()], 4) == 486
    desk.wish(forward_busy="2002")
    assert desk.reception.standing(WORK, [call()], 4) == 200


def test_who_may_call_back_finds_the_line_open(desk: Desk) -> None:
    desk.wish(do_not_disturb=True)
    desk.emergency.called()
    assert desk.reception.standing(WORK, (), 4) == 200


def test_the_engine_is_told_of_changes_alone_and_anew_after_a_restart() -> None:
    clock, told, codes = FakeClock(), [], [486]
    calls = Calls(FakeEngine(), FakeLog(), FakeAlerting(), clock)
    accounts = Accounts()
    standing = Standing(calls, accounts, lambda _: codes[-1], lambda *one: told.append(one))
    facts = AccountFacts(WORK, "", OWN, True, Transport.UDP)
    accounts.add(Account(facts, FakeEngine(), clock, lambda: 0.0))
    calls.dial("sip:bob@x", "", AccountId("work"), DialOptions())
    standing.engine_started()
    codes.append(200)
    standing.look()
    standing.engine_started()
    assert told == [(WORK, 486), (WORK, 486), (WORK, 200)]
