# SPDX-License-Identifier: GPL-2.0-or-later
"""Histories of conferences, played against the switchboard without engine or clock."""

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.conference import MERGE_LIMIT_S, Conference, Conferences
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import (
    EngineError,
    InvalidArgumentError,
    InvalidStateError,
    PhoneError,
    RequestTimeoutError,
)
from offhookd.phone.media import Media
from offhookd.phone.ports import ignore
from offhookd.phone.values import AccountId, CallState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog, Outcome

WORK = AccountId("work")


class Desk:
    """A switchboard whose far ends agree to everything, but for those in `stubborn`."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.clock = FakeClock()
        self.log = FakeLog()
        self.calls = Calls(self.engine, self.log, FakeAlerting(), self.clock)
        self.conferences = Conferences(self.calls, self.engine, self.log, self.clock)
        self.stubborn: set[Call] = set()

    def talk(self) -> Call:
        """One more call that is up; the others are on hold."""
        call = self.calls.dial("sip:bob@example.com", "Bob", WORK, DialOptions())
        self.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
        self.agree()
        return call

    def agree(self) -> None:
        """Let the far ends answer what they were asked."""
        self.engine.finish()
        for call in self.calls:
            agreed = call.local_hold is call.to_be_held
            if call.up and not agreed and call not in self.stubborn:
                self.calls.media_changed(
                    call.id, Media(), local_hold=call.to_be_held, remote_hold=False
                )

    def merge(self, *calls: Call) -> Conference:
        done = Outcome()
        self.conferences.merge(calls, done)
        self.agree()
        assert done.succeeded, done.error
        conference = self.conferences.of(calls[0])
        assert conference
        return conference

    def end(self, call: Call) -> None:
        self.calls.ended(call.id, "remote", 0, "")

    @property
    def held(self) -> set[Call]:
        return {call for call in self.calls if call.up and call.local_hold}

    @property
    def mixed(self) -> list[tuple[int, tuple[int, ...]]]:
        """What the engine was told of conferences: number and calls."""
        return self.engine.said("confer")  # type: ignore[return-value]  # as FakeEngine writes it


@pytest.fixture
def desk() -> Desk:
    return Desk()


# ---------------------------------------------------------------- together


def test_held_calls_are_resumed_and_then_mixed(desk: Desk) -> None:
    one, two, three = (desk.talk() for _ in range(3))
    assert desk.held == {one, two}
    done = Outcome()
    desk.conferences.merge([one, two, three], done)
    assert not done.calls
    assert not desk.mixed
    desk.agree()
    assert done.succeeded
    conference = desk.conferences.of(one)
    assert conference
    assert conference.members == (one, two, three)
    assert desk.mixed == [(conference.number, (one.id, two.id, three.id))]
    assert not desk.held
    assert desk.calls.focus is three


def test_the_number_of_a_conference_is_no_call_s_and_never_used_again(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    first = desk.merge(one, two).number
    desk.conferences.split(desk.merge(one, two), one, ignore)
    desk.agree()
    second = desk.merge(one, two).number
    assert len({first, second, one.id, two.id}) == 4


def test_a_call_outside_is_held_when_the_others_are_merged(desk: Desk) -> None:
    one, two, three = (desk.talk() for _ in range(3))
    desk.merge(one, two)
    desk.agree()
    assert desk.held == {three}
    assert desk.calls.focus is one


def test_one_more_call_joins_and_keeps_the_conference(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    conference = desk.merge(one, two)
    three = desk.talk()
    assert desk.held == {one, two}
    assert desk.merge(one, three) is conference
    assert conference.members == (one, two, three)
    assert not desk.held


def test_two_conferences_become_one(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    first = desk.merge(one, two)
    three, four = desk.talk(), desk.talk()
    second = desk.merge(three, four)
    gone: list[Conference] = []
    desk.conferences.removed.connect(gone.append)
    assert desk.merge(one, three) is first
    assert gone == [second]
    assert first.members == (one, two, three, four)


def test_merging_what_is_merged_changes_nothing(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    conference = desk.merge(one, two)
    told = len(desk.engine.told)
    assert desk.merge(two, one) is conference
    assert len(desk.engine.told) == told


# ---------------------------------------------------------------- refusals


def test_less_than_two_calls_the_same_twice_and_calls_not_up_are_refused(desk: Desk) -> None:
    one = desk.talk()
    dialled = desk.calls.dial("sip:eve@example.com", "Eve", WORK, DialOptions())
    for calls, error in (
        ([], InvalidArgumentError),
        ([one], InvalidArgumentError),
        ([one, one], InvalidArgumentError),
        ([one, dialled], InvalidStateError),
    ):
        with pytest.raises(error):
            desk.conferences.merge(calls, ignore)
    assert not desk.mixed


def test_a_far_end_that_stays_on_hold_makes_no_conference(desk: Desk) -> None:
    one, two, three = (desk.talk() for _ in range(3))
    desk.stubborn.add(one)
    done = Outcome()
    desk.conferences.merge([one, two, three], done)
    desk.agree()
    assert desk.held == {one}
    desk.clock.advance(MERGE_LIMIT_S)
    desk.agree()
    assert isinstance(done.error, RequestTimeoutError)
    assert str(done.error) == "Bob does not come back from hold"
    assert desk.held == {one, two}
    assert desk.calls.focus is three
    assert not list(desk.conferences)


def test_a_resume_that_the_engine_refuses_fails_the_merge_at_once(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    done = Outcome()
    desk.conferences.merge([one, two], done)
    desk.engine.finish(EngineError("no"))
    assert str(done.error) == "no"
    assert not desk.mixed
    desk.clock.advance(MERGE_LIMIT_S)
    assert done.calls == 1


@pytest.mark.parametrize("which", [0, 1])
def test_a_call_that_ends_meanwhile_fails_the_merge(desk: Desk, which: int) -> None:
    calls = [desk.talk(), desk.talk()]
    done = Outcome()
    desk.conferences.merge(calls, done)
    desk.end(calls[which])
    assert isinstance(done.error, PhoneError)
    desk.agree()
    desk.clock.advance(MERGE_LIMIT_S)
    assert done.calls == 1
    assert not desk.mixed


def test_hanging_up_while_the_others_come_back_fails_the_merge(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    done = Outcome()
    desk.conferences.merge([one, two], done)
    desk.calls.hangup(two, ignore)
    assert str(done.error) == "The call with Bob is over"


def test_the_same_merge_twice_at_once_is_one(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    first, second = Outcome(), Outcome()
    desk.conferences.merge([one, two], first)
    desk.conferences.merge([two, one], second)
    desk.agree()
    assert first.succeeded
    assert second.succeeded
    assert len(desk.mixed) == 1


def test_another_merge_of_a_call_on_its_way_is_refused(desk: Desk) -> None:
    one, two, three = (desk.talk() for _ in range(3))
    desk.conferences.merge([one, two], ignore)
    with pytest.raises(InvalidStateError, match="already"):
        desk.conferences.merge([two, three], ignore)


# ---------------------------------------------------------------- one voice in one room


def test_hold_and_resume_of_one_are_those_of_all(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    desk.merge(one, two)
    done = Outcome()
    desk.calls.hold(one, True, done)
    assert not done.calls
    desk.agree()
    assert done.succeeded
    assert desk.held == {one, two}
    desk.calls.hold(two, False, ignore)
    desk.agree()
    assert not desk.held


def test_a_call_answered_meanwhile_holds_the_conference_whole(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    desk.merge(one, two)
    three = desk.talk()
    assert desk.held == {one, two}
    desk.calls.hold(one, False, ignore)
    desk.agree()
    assert desk.held == {three}
    assert desk.calls.focus is one


def test_mute_of_one_is_that_of_all(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    conference = desk.merge(one, two)
    changed: list[bool] = []
    desk.conferences.changed.connect(lambda one: changed.append(one.muted))
    desk.calls.mute(one, True)
    assert conference.muted
    assert changed[-1]
    desk.conferences.mute(conference, False)
    assert [one.muted, two.muted] == [False, False]


def test_the_microphone_stays_as_it_was_in_the_call_of_the_user(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    desk.calls.mute(two, True)
    assert desk.merge(one, two).muted


# ---------------------------------------------------------------- apart


def test_split_is_a_word_with_one_while_the_others_are_held(desk: Desk) -> None:
    one, two, three = (desk.talk() for _ in range(3))
    conference = desk.merge(one, two, three)
    done = Outcome()
    desk.conferences.split(conference, two, done)
    desk.agree()
    assert done.succeeded
    assert desk.calls.focus is two
    assert desk.held == {one, three}
    assert desk.conferences.of(one) is conference
    assert conference.members == (one, three)
    assert desk.mixed[-1] == (conference.number, (one.id, three.id))


def test_split_of_a_held_conference_resumes_the_one(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    conference = desk.merge(one, two)
    desk.calls.hold(one, True, ignore)
    desk.agree()
    desk.conferences.split(conference, one, ignore)
    desk.agree()
    assert desk.held == {two}
    assert not list(desk.conferences)


def test_split_of_a_stranger_is_refused(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    conference = desk.merge(one, two)
    three = desk.talk()
    with pytest.raises(InvalidArgumentError):
        desk.conferences.split(conference, three, ignore)


def test_a_party_that_leaves_is_missed_by_nobody_else(desk: Desk) -> None:
    one, two, three = (desk.talk() for _ in range(3))
    conference = desk.merge(one, two, three)
    desk.end(three)
    assert conference.members == (one, two)
    assert desk.calls.focus in (one, two)
    assert not desk.held


def test_the_focus_stays_in_the_conference_when_another_call_waits_on_hold(desk: Desk) -> None:
    one, two, three = (desk.talk() for _ in range(3))
    four = desk.talk()
    desk.merge(one, two, three)
    desk.agree()
    assert desk.held == {four}
    focus = desk.calls.focus
    assert focus
    desk.end(focus)
    assert desk.calls.focus in {two, three}


def test_the_conference_is_over_when_one_is_left_who_talks_on(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    conference = desk.merge(one, two)
    gone: list[Conference] = []
    desk.conferences.removed.connect(gone.append)
    desk.end(two)
    assert gone == [conference]
    assert desk.mixed[-1] == (conference.number, ())
    assert desk.calls.focus is one
    assert one.conference == 0
    assert not one.local_hold


def test_hangup_ends_every_call_of_it_and_no_other(desk: Desk) -> None:
    one, two, three = (desk.talk() for _ in range(3))
    conference = desk.merge(one, two)
    done = Outcome()
    desk.conferences.hangup(conference, done)
    assert desk.engine.said("hangup") == [(one.id,), (two.id,)]
    desk.end(one)
    desk.end(two)
    assert done.succeeded
    assert three.up


def test_an_engine_that_dies_ends_the_conference(desk: Desk) -> None:
    one, two = desk.talk(), desk.talk()
    desk.merge(one, two)
    desk.calls.engine_lost("The SIP engine has crashed")
    assert not list(desk.conferences)
