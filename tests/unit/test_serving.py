# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may be asked directly what their user does."""

from offhookd.phone.accounts import Accounts
from offhookd.phone.availability import OwnAvailability, Portrait
from offhookd.phone.choices import Availability
from offhookd.phone.serving import Serving
from offhookd.phone.values import AccountId
from tests.support.fakes import FakeClock
from tests.support.presence import FakePresenceEngine, grant, new_account

WORK = AccountId("work")
OPEN = Portrait("open")


class Phone:
    def __init__(self, *serving: AccountId) -> None:
        self.engine = FakePresenceEngine()
        self.accounts = Accounts()
        self.own = OwnAvailability(Availability.AVAILABLE, "", lambda *_: None)
        self.serving = Serving(self.accounts, self.own, self.engine)
        self.serving.configure(serving)
        clock = FakeClock()
        self.work = new_account("work", clock)
        self.accounts.add(self.work)
        grant(self.work)


def test_nobody_is_served_unless_configured() -> None:
    phone = Phone()
    phone.own.choose("busy")
    phone.serving.stop()
    assert phone.engine.served == []


def test_who_asks_is_shown_what_others_see_and_every_change_once() -> None:
    phone = Phone(WORK)
    phone.own.choose("available")
    phone.own.choose("offline")
    assert phone.engine.served == [(WORK, OPEN), (WORK, Portrait("closed"))]


def test_the_end_is_told_once() -> None:
    phone = Phone(WORK)
    phone.serving.stop()
    phone.serving.stop()
    assert phone.engine.served == [(WORK, OPEN), (WORK, None)]


def test_an_account_that_is_disabled_or_no_longer_configured_refuses() -> None:
    disabled, other = Phone(WORK), Phone(WORK)
    disabled.work.set_enabled(False)
    other.serving.configure([])
    assert disabled.engine.served[1:] == other.engine.served[1:] == [(WORK, None)]


def test_a_new_engine_is_told_anew() -> None:
    phone = Phone(WORK)
    phone.serving.engine_lost()
    phone.work.engine_lost("gone")
    phone.work.engine_ready()
    grant(phone.work)
    assert phone.engine.served == [(WORK, OPEN), (WORK, OPEN)]
