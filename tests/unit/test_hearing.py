# SPDX-License-Identifier: GPL-2.0-or-later
"""What the reports on a call's sound add up to."""

from dataclasses import replace

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.hearing import NO_SOUND, Hearing
from offhookd.phone.media import Media, Statistics
from offhookd.phone.problems import Problems
from offhookd.phone.register import Scores
from offhookd.phone.values import AccountId, CallState, Flow
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog


class Desk:
    """One call with somebody, and what is told of it."""

    def __init__(self) -> None:
        self.log = FakeLog()
        self.calls = Calls(FakeEngine(), self.log, FakeAlerting(), FakeClock())
        self.problems = Problems()
        self.hearing = Hearing(self.calls, self.problems)
        self.call = self.new()

    def new(self) -> Call:
        call = self.calls.dial("sip:bob@x", "Bob", AccountId("work"), DialOptions())
        self.calls.progressed(call.id, CallState.ACTIVE, "")
        self.media(call, Flow.BOTH)
        return call

    def media(self, call: Call, flow: Flow, *, held: bool = False, holds: bool = False) -> None:
        media = replace(Media(codec="PCMA"), flow=flow)
        self.calls.media_changed(call.id, media, local_hold=held, remote_hold=holds)

    def report(self, packets: int, reports: int = 0, mos: float = 0.0) -> None:
        figures = Statistics(packets_received=packets, reports_received=reports, mos=mos)
        self.calls.measured(self.call.id, figures)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.code, one.subject) for one in self.problems]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_call_in_which_nothing_arrives_is_told_after_ten_seconds(desk: Desk) -> None:
    desk.report(0)
    assert desk.told == []
    desk.report(0)
    assert desk.told == [(NO_SOUND, f"calls/c{desk.call.id}")]
    assert "Nothing arrives from Bob" in next(iter(desk.problems)).text


def test_sound_that_stops_is_told_and_sound_that_comes_back_ends_it(desk: Desk) -> None:
    for packets in (250, 500, 500, 500):
        desk.report(packets)
    assert len(desk.told) == 1
    desk.report(750)
    assert desk.told == []


def test_far_end_that_is_silent_but_reports_is_there(desk: Desk) -> None:
    for reports in range(1, 5):
        desk.report(100, reports)
    assert desk.told == []


@pytest.mark.parametrize(
    ("flow", "held", "holds"),
    [
        (Flow.SEND, True, False),
        (Flow.NONE, True, False),
        (Flow.RECEIVE, False, True),
        (Flow.SEND, False, False),
        (Flow.NONE, False, False),
    ],
)
def test_call_on_hold_may_be_silent(desk: Desk, flow: Flow, held: bool, holds: bool) -> None:
    desk.report(0)
    desk.report(0)
    desk.media(desk.call, flow, held=held, holds=holds)
    assert desk.told == []
    desk.report(0)
    desk.report(0)
    assert desk.told == []
    desk.media(desk.call, Flow.BOTH)
    desk.report(0)
    assert desk.told == []


def test_end_of_the_call_ends_the_problem(desk: Desk) -> None:
    desk.report(0)
    desk.report(0)
    desk.calls.ended(desk.call.id, "remote", 0, "")
    assert desk.told == []


def test_each_call_is_judged_by_itself(desk: Desk) -> None:
    first = desk.call
    desk.report(0)
    desk.calls.ended(first.id, "remote", 0, "")
    desk.call = desk.new()
    desk.report(0)
    assert desk.told == []


def test_history_gets_the_mean_score(desk: Desk) -> None:
    for mos in (0.0, 4.4, 4.4, 2.0):
        desk.report(1, mos=mos)
    desk.calls.ended(desk.call.id, "remote", 0, "")
    assert desk.log.rows[desk.call.id]["mos"] == pytest.approx(3.6)


def test_no_score_is_none() -> None:
    assert Scores().mean == 0.0
