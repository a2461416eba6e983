# SPDX-License-Identifier: GPL-2.0-or-later
"""When a subscription is asked for, renewed, begun anew and given up (RFC 6665)."""

import itertools

import pytest

from offhookd.phone.presence import Outcome, Package, SubscriptionState
from offhookd.phone.subscription import (
    EXPIRES_S,
    FIRST_NOTIFY_LIMIT_S,
    FIRST_RETRY_S,
    LIFE_OF_PEACE_S,
    LONGEST_RETRY_S,
    REFRESH_AT,
    REFUSED_RETRY_S,
    Phase,
    Subscription,
)
from offhookd.phone.values import AccountId
from tests.support.fakes import FakeClock
from tests.support.presence import FakePresenceEngine

WORK, HOME = AccountId("work"), AccountId("home")
BOB = "sip:bob@pbx"
ACTIVE, PENDING, TERMINATED, FAILED = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.TERMINATED,
    SubscriptionState.FAILED,
)


class Rig:
    def __init__(self) -> None:
        self.engine = FakePresenceEngine()
        self.clock = FakeClock()
        numbers = itertools.count(1)
        self.one = Subscription(
            BOB, Package.PRESENCE, self.engine, self.clock, lambda: next(numbers)
        )
        self.losses = 0
        self.one.lost.connect(self._lost)

    def _lost(self) -> None:
        self.losses += 1

    @property
    def asked(self) -> list[int]:
        """The dialogs in which a SUBSCRIBE went out."""
        return [number for number, *_ in self.engine.subscribed]

    def activate(self, expires_s: int = 600) -> None:
        self.one.use(WORK)
        self.one.answered(Outcome(200, "OK", expires_s=expires_s))
        self.one.notified("active", "", expires_s, 0)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_registered_account_asks_at_once(rig: Rig) -> None:
    assert rig.one.state is PENDING
    rig.one.use(WORK)
    assert rig.engine.subscribed == [(1, WORK, BOB, Package.PRESENCE, EXPIRES_S)]


def test_it_is_active_when_the_first_state_has_come(rig: Rig) -> None:
    rig.one.use(WORK)
    rig.one.answered(Outcome(200, "OK", expires_s=600))
    assert rig.one.state is PENDING
    rig.one.notified("active", "", 600, 0)
    assert (rig.one.state, rig.one.text) == (ACTIVE, "")


def test_a_notify_may_come_before_the_answer(rig: Rig) -> None:
    rig.one.use(WORK)
    rig.one.notified("active", "", 600, 0)
    rig.one.answered(Outcome(200, "OK", expires_s=600))
    assert rig.one.state is ACTIVE
    rig.clock.advance(600 * REFRESH_AT)
    assert rig.asked == [1, 1]


def test_it_is_renewed_in_its_dialog_before_it_expires(rig: Rig) -> None:
    rig.activate(100)
    rig.clock.advance(79)
    assert rig.asked == [1]
    rig.clock.advance(1)
    assert rig.asked == [1, 1]
    rig.one.answered(Outcome(200, "OK", expires_s=100))
    rig.clock.advance(80)
    assert rig.asked == [1, 1, 1]


def test_waiting_for_consent_is_shown(rig: Rig) -> None:
    rig.one.use(WORK)
    rig.one.answered(Outcome(202, "Accepted", expires_s=600))
    rig.one.notified("pending", "", 600, 0)
    assert rig.one.state is PENDING
    assert "consent" in rig.one.text


def test_one_of_which_nothing_is_heard_is_begun_anew(rig: Rig) -> None:
    rig.one.use(WORK)
    rig.one.answered(Outcome(200, "OK", expires_s=600))
    rig.clock.advance(FIRST_NOTIFY_LIMIT_S)
    assert rig.one.state is FAILED
    assert rig.engine.unsubscribed == [1]
    rig.clock.advance(FIRST_RETRY_S)
    assert rig.asked == [1, 2]


@pytest.mark.parametrize("reason", ["deactivated", "timeout"])
def test_what_the_server_only_moved_is_begun_anew_at_once(rig: Rig, reason: str) -> None:
    rig.activate()
    rig.clock.advance(LIFE_OF_PEACE_S)
    rig.one.notified("terminated", reason, 0, 0)
    assert rig.asked == [1, 2]
    assert rig.one.state is ACTIVE
    assert rig.losses == 0


def test_one_that_is_ended_at_once_each_time_is_not_asked_for_in_a_circle(rig: Rig) -> None:
    rig.activate()
    rig.one.notified("terminated", "deactivated", 0, 0)
    assert rig.asked == [1]
    assert rig.one.state is TERMINATED
    rig.clock.advance(FIRST_RETRY_S)
    assert rig.asked == [1, 2]


@pytest.mark.parametrize("reason", ["probation", "giveup", "", "something-new"])
def test_retry_after_is_obeyed(rig: Rig, reason: str) -> None:
    rig.activate()
    rig.one.notified("terminated", reason, 0, 90)
    assert rig.one.state is TERMINATED
    assert reason in rig.one.text
    rig.clock.advance(89)
    assert rig.asked == [1]
    rig.clock.advance(1)
    assert rig.asked == [1, 2]


@pytest.mark.parametrize("reason", ["rejected", "noresource"])
def test_a_final_no_is_taken_for_one(rig: Rig, reason: str) -> None:
    rig.activate()
    rig.one.notified("terminated", reason, 0, 0)
    assert rig.one.state is TERMINATED
    assert reason in rig.one.text
    assert rig.losses == 1
    rig.clock.advance(24 * 3600)
    assert rig.asked == [1]


def test_what_cannot_change_any_more_stays_known(rig: Rig) -> None:
    rig.activate()
    rig.one.notified("terminated", "invariant", 0, 0)
    assert rig.losses == 0
    rig.clock.advance(24 * 3600)
    assert rig.asked == [1]


def test_a_dialog_that_the_server_forgot_is_replaced_at_once(rig: Rig) -> None:
    rig.activate(100)
    rig.clock.advance(80)
    rig.one.answered(Outcome(481, "Subscription does not exist"))
    assert rig.asked == [1, 1, 2]


def test_an_event_that_the_server_does_not_know_is_not_asked_for_again(rig: Rig) -> None:
    rig.one.use(WORK)
    rig.one.answered(Outcome(489, "Bad Event"))
    assert rig.one.state is FAILED
    assert "489 Bad Event" in rig.one.text
    rig.one.refresh("network up")
    rig.clock.advance(24 * 3600)
    assert rig.asked == [1]


@pytest.mark.parametrize("code", [403, 404, 407])
def test_a_refusal_is_shown_and_seldom_questioned(rig: Rig, code: int) -> None:
    rig.one.use(WORK)
    rig.one.answered(Outcome(code, "No"))
    assert (rig.one.state, rig.one.text) == (FAILED, f"refused: {code} No")
    rig.clock.advance(REFUSED_RETRY_S - 1)
    assert rig.asked == [1]
    rig.clock.advance(1)
    assert rig.asked == [1, 2]


def test_a_server_that_is_down_is_asked_ever_more_seldom(rig: Rig) -> None:
    rig.one.use(WORK)
    waits = []
    for attempt in range(1, 10):
        rig.one.answered(Outcome(0, "nobody answered in time"))
        began = rig.clock.now_us()
        while len(rig.asked) == attempt:
            rig.clock.advance(1)
        waits.append((rig.clock.now_us() - began) / 1e6)
    assert waits[:3] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert waits[-1] == LONGEST_RETRY_S


def test_a_longer_time_is_asked_for_when_the_server_wants_one(rig: Rig) -> None:
    rig.one.use(WORK)
    rig.one.answered(Outcome(423, "Interval Too Brief", min_expires_s=7200))
    assert [entry[-1] for entry in rig.engine.subscribed] == [EXPIRES_S, 7200]
    rig.one.answered(Outcome(423, "Interval Too Brief", min_expires_s=7200))
    assert rig.one.state is FAILED


def test_without_an_account_nothing_is_known_and_nothing_sent(rig: Rig) -> None:
    rig.activate()
    rig.one.use(None)
    assert rig.one.state is PENDING
    assert rig.engine.unsubscribed == [1]
    assert rig.losses == 1
    rig.clock.advance(24 * 3600)
    assert rig.asked == [1]
    rig.one.use(WORK)
    assert rig.asked == [1, 2]


def test_another_account_takes_over(rig: Rig) -> None:
    rig.activate()
    rig.one.use(HOME)
    assert rig.engine.unsubscribed == [1]
    assert rig.engine.subscribed[-1][:2] == (2, HOME)


def test_a_dead_engine_is_told_nothing(rig: Rig) -> None:
    rig.activate()
    rig.one.engine_lost()
    assert rig.engine.unsubscribed == []
    assert rig.losses == 1


def test_a_hint_renews_what_is_there_and_retries_what_is_not(rig: Rig) -> None:
    rig.activate()
    rig.one.refresh("network up")
    assert rig.asked == [1, 1]
    rig.one.refresh("network up")
    assert rig.asked == [1, 1]
    rig.one.answered(Outcome(0, "nobody answered in time"))
    rig.one.refresh("resumed")
    assert rig.asked == [1, 1, 2]


def test_closing_it_half_way_leaves_nothing_behind(rig: Rig) -> None:
    rig.one.use(WORK)
    rig.one.close()
    assert rig.engine.unsubscribed == [1]
    rig.one.answered(Outcome(200, "OK", expires_s=600))
    rig.clock.advance(24 * 3600)
    assert rig.asked == [1]
    assert rig.one.phase is Phase.OFF
