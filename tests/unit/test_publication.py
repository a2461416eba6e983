# SPDX-License-Identifier: GPL-2.0-or-later
"""What an account publishes, and when (RFC 3903)."""

import pytest

from offhookd.phone.accounts import Accounts
from offhookd.phone.availability import OwnAvailability, Portrait
from offhookd.phone.choices import Availability
from offhookd.phone.presence import Outcome
from offhookd.phone.problems import Problems
from offhookd.phone.publication import FIRST_RETRY_S, REFUSED_RETRY_S, Publication
from offhookd.phone.publications import PROBLEM, Publications
from offhookd.phone.values import AccountId
from tests.support.fakes import FakeClock
from tests.support.presence import FakePresenceEngine, grant, new_account

WORK = AccountId("work")
OPEN, BUSY, AWAY = Portrait("open"), Portrait("open", ("busy",)), Portrait("open", ("away",))
GRANTED = Outcome(200, "OK", expires_s=100, etag="e1")


class Rig:
    def __init__(self) -> None:
        self.engine = FakePresenceEngine()
        self.clock = FakeClock()
        self.refusals: list[str] = []
        self.one = Publication(WORK, 3600, self.engine, self.clock, self.refusals.append)

    @property
    def sent(self) -> list[tuple[Portrait | None, int, str]]:
        return [entry[1:] for entry in self.engine.published]

    def publish(self, portrait: Portrait = OPEN) -> None:
        self.one.show(portrait)
        self.one.answered(GRANTED)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_first_document_begins_a_publication(rig: Rig) -> None:
    rig.publish()
    assert rig.sent == [(OPEN, 3600, "")]


def test_a_change_goes_into_the_same_publication(rig: Rig) -> None:
    rig.publish()
    rig.one.show(BUSY)
    assert rig.sent[1:] == [(BUSY, 3600, "e1")]


def test_what_is_published_already_is_not_sent_again(rig: Rig) -> None:
    rig.publish()
    rig.one.show(OPEN)
    assert len(rig.sent) == 1


def test_what_changes_while_a_request_is_out_follows_once(rig: Rig) -> None:
    rig.one.show(OPEN)
    rig.one.show(BUSY)
    rig.one.show(AWAY)
    assert len(rig.sent) == 1
    rig.one.answered(GRANTED)
    assert rig.sent[1:] == [(AWAY, 3600, "e1")]


def test_it_is_refreshed_without_a_document(rig: Rig) -> None:
    rig.publish()
    rig.clock.advance(80)
    assert rig.sent[1:] == [(None, 3600, "e1")]
    rig.one.answered(Outcome(200, "OK", expires_s=100, etag="e2"))
    rig.clock.advance(80)
    assert rig.sent[2:] == [(None, 3600, "e2")]


def test_a_server_that_forgot_it_gets_it_anew(rig: Rig) -> None:
    rig.publish()
    rig.clock.advance(80)
    rig.one.answered(Outcome(412, "Conditional Request Failed"))
    assert rig.sent[2:] == [(OPEN, 3600, "")]
    rig.one.answered(Outcome(412, "Conditional Request Failed"))
    assert len(rig.sent) == 3  # not in a circle


def test_a_longer_time_is_asked_for_when_the_server_wants_one(rig: Rig) -> None:
    rig.one.show(OPEN)
    rig.one.answered(Outcome(423, "Interval Too Brief", min_expires_s=7200))
    assert rig.sent[1:] == [(OPEN, 7200, "")]


def test_a_refusal_is_told_and_seldom_questioned(rig: Rig) -> None:
    rig.one.show(OPEN)
    rig.one.answered(Outcome(489, "Bad Event"))
    assert rig.refusals == ["489 Bad Event"]
    rig.clock.advance(REFUSED_RETRY_S)
    assert len(rig.sent) == 2
    rig.one.answered(GRANTED)
    assert rig.refusals[-1] == ""


def test_a_server_that_is_down_is_tried_again_and_is_no_refusal(rig: Rig) -> None:
    rig.one.show(OPEN)
    rig.one.answered(Outcome(0, "nobody answered in time"))
    assert rig.refusals == []
    rig.clock.advance(FIRST_RETRY_S)
    assert len(rig.sent) == 2


def test_retry_after_is_obeyed(rig: Rig) -> None:
    rig.one.show(OPEN)
    rig.one.answered(Outcome(503, "Busy", retry_after_s=60))
    rig.clock.advance(59)
    assert len(rig.sent) == 1
    rig.clock.advance(1)
    assert len(rig.sent) == 2


def test_an_engine_that_never_answers_is_a_failure(rig: Rig) -> None:
    rig.one.show(OPEN)
    rig.clock.advance(50)
    assert len(rig.sent) == 2


def test_it_is_withdrawn_when_the_account_leaves(rig: Rig) -> None:
    rig.publish()
    rig.one.withdraw()
    assert rig.sent[1:] == [(None, 0, "e1")]
    rig.one.withdraw()
    rig.one.answered(Outcome(200, "OK"))
    rig.clock.advance(24 * 3600)
    assert len(rig.sent) == 2


def test_what_is_lost_expires_by_itself(rig: Rig) -> None:
    rig.publish()
    rig.one.lost()
    rig.clock.advance(24 * 3600)
    assert len(rig.sent) == 1
    rig.publish(BUSY)
    assert rig.sent[1:] == [(BUSY, 3600, "")]


class Phone:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.engine = FakePresenceEngine()
        self.accounts = Accounts()
        self.problems = Problems()
        self.own = OwnAvailability(Availability.AVAILABLE, "", lambda *_: None)
        self.publications = Publications(
            self.accounts, self.own, self.engine, self.clock, self.problems
        )
        self.publications.configure({WORK: 600})
        self.work = new_account("work", self.clock)
        for account in (self.work, new_account("home", self.clock)):
            self.accounts.add(account)
            grant(account)


def test_only_configured_accounts_publish_and_only_when_registered() -> None:
    phone = Phone()
    assert phone.engine.published == [(WORK, OPEN, 600, "")]


def test_a_call_and_the_users_word_are_published() -> None:
    phone = Phone()
    phone.publications.answered(WORK, GRANTED)
    phone.own.in_call(True)
    assert phone.engine.published[-1][1] == Portrait("open", ("on-the-phone",))
    phone.publications.answered(WORK, GRANTED)
    phone.own.choose("offline")
    assert phone.engine.published[-1][1] == Portrait("closed")


def test_disabling_the_account_takes_back_what_it_published() -> None:
    phone = Phone()
    phone.publications.answered(WORK, GRANTED)
    phone.work.set_enabled(False)
    assert phone.engine.published[-1] == (WORK, None, 0, "e1")


def test_a_refusal_is_a_problem_of_the_account_until_it_is_over() -> None:
    phone = Phone()
    phone.publications.answered(WORK, Outcome(403, "Forbidden"))
    (problem,) = phone.problems
    assert (problem.code, problem.subject) == (PROBLEM, "accounts/work")
    assert "403 Forbidden" in problem.text
    phone.clock.advance(REFUSED_RETRY_S)
    phone.publications.answered(WORK, GRANTED)
    assert not list(phone.problems)


def test_stopping_withdraws_and_a_lost_engine_forgets() -> None:
    phone = Phone()
    phone.publications.answered(WORK, GRANTED)
    phone.publications.engine_lost()
    phone.publications.stop()
    assert len(phone.engine.published) == 1
