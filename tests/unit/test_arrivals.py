# SPDX-License-Identifier: GPL-2.0-or-later
"""How incoming calls begin, and what they do when nobody touches them."""

from collections.abc import Iterable
from typing import Any

import pytest

from offhookd.phone.arrivals import BEEP_S, RING_LIMIT_S
from offhookd.phone.auto_answer import AutoAnswer
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import LimitReachedError
from offhookd.phone.forwarding import Forward
from offhookd.phone.media import Media
from offhookd.phone.policy import Ignore, Invitation, Refuse, Ring, Verdict
from offhookd.phone.ports import ignore
from offhookd.phone.room import ROOM_RETRY_S
from offhookd.phone.values import AccountId, CallState, EndReason
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog, Outcome

WORK, HOME = AccountId("work"), AccountId("home")
ON = Forward("sip:2002@pbx.test", "<sip:1@pbx.test>;reason=no-answer;counter=1")


class Desk:
    """A switchboard that decides as the test says."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.log = FakeLog()
        self.bell = FakeAlerting()
        self.clock = FakeClock()
        self.calls = Calls(self.engine, self.log, self.bell, self.clock)
        self.calls.decide = self._decide
        self.verdict: Verdict = Ring()

    def _decide(self, _invitation: Invitation, _calls: Iterable[Call], _limit: int) -> Verdict:
        return self.verdict

    def ring(self, verdict: Verdict, account: AccountId = WORK, **facts: Any) -> Call:
        self.verdict = verdict
        invitation = Invitation(account, "id@host", "sip:carol@example.com", "Carol", **facts)
        return self.calls.invited(invitation, accept=lambda call: None)

    def talk(self, call: Call) -> Call:
        self.calls.progressed(call.id, CallState.ACTIVE, "")
        return call

    def dial(self, **options: Any) -> Call:
        return self.calls.dial("sip:x@y", "", WORK, DialOptions(**options))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_refused_call_is_in_the_history_with_its_reason(desk: Desk) -> None:
    call = desk.ring(Refuse(603, EndReason.DECLINED, "On the block list"))
    desk.calls.ended(call.id, "local", 603, "Decline")
    assert desk.engine.said("refuse") == [(call.id, 603)]
    assert (call.end_reason, call.end_code, call.end_text) == (
        EndReason.DECLINED,
        603,
        "On the block list",
    )
    assert desk.log.rows[call.id]["reason"] is EndReason.DECLINED
    assert not desk.bell.ringing


def test_a_call_that_is_sent_on_says_where_and_why(desk: Desk) -> None:
    call = desk.ring(ON)
    assert desk.engine.said("refuse") == [(call.id, 302, ON.contact, ON.diversion)]
    assert call.end_reason is EndReason.FORWARDED
    assert desk.engine.said("ring") == []


def test_a_call_that_nobody_answers_is_sent_on(desk: Desk) -> None:
    call = desk.ring(Ring(forward=ON, forward_s=20))
    desk.clock.advance(19.9)
    assert desk.engine.said("refuse") == []
    desk.clock.advance(0.2)
    assert desk.engine.said("refuse") == [(call.id, 302, ON.contact, ON.diversion)]
    assert not desk.bell.ringing
    desk.calls.ended(call.id, "local", 302, "Moved Temporarily")
    assert call.end_reason is EndReason.FORWARDED


def test_a_call_that_was_answered_is_not_sent_on(desk: Desk) -> None:
    call = desk.ring(Ring(forward=ON, forward_s=20))
    desk.calls.answer(call, ignore)
    desk.clock.advance(60)
    assert desk.engine.said("refuse") == []


def test_an_ignored_caller_hears_ringing_and_nobody_is_told(desk: Desk) -> None:
    call = desk.ring(Ignore("On the block list"))
    assert desk.engine.said("ring") == [(call.id,)]
    assert not desk.bell.ringing
    assert desk.calls.ringing is None
    desk.calls.ended(call.id, "cancelled", 487, "Request Terminated")
    assert (call.end_reason, call.end_text) == (EndReason.DECLINED, "On the block list")


def test_an_ignored_caller_who_does_not_give_up_is_refused_in_the_end(desk: Desk) -> None:
    call = desk.ring(Ignore("On the block list"))
    desk.clock.advance(RING_LIMIT_S)
    assert desk.engine.said("refuse") == [(call.id, 480)]
    assert call.end_reason is EndReason.DECLINED


def test_an_ignored_call_can_be_hung_up(desk: Desk) -> None:
    call, outcome = desk.ring(Ignore("On the block list")), Outcome()
    desk.calls.hangup(call, outcome)
    assert desk.engine.said("refuse") == [(call.id, 603)]
    desk.calls.ended(call.id, "local", 603, "Decline")
    assert outcome.succeeded
    assert call.end_text == "On the block list"


def test_a_silent_call_is_shown_and_not_heard(desk: Desk) -> None:
    talking = desk.talk(desk.dial())
    call = desk.ring(Ring(silent=True))
    assert desk.calls.ringing is call
    assert not desk.bell.ringing
    assert desk.engine.said("play_tone") == []
    desk.calls.ended(talking.id, "remote", 0, "")
    assert not desk.bell.ringing
    assert "Answer" in call.actions


def test_the_bell_has_the_sound_of_the_first_caller(desk: Desk) -> None:
    first = desk.ring(Ring(sound="bellcore-dr2"))
    desk.ring(Ring(sound="bellcore-dr3"))
    assert desk.bell.sound == "bellcore-dr2"
    desk.calls.ended(first.id, "cancelled", 487, "")
    assert desk.bell.sound == "bellcore-dr3"


def test_a_withheld_number_is_shown_as_such(desk: Desk) -> None:
    call = desk.ring(Ring(), privacy="id", asserted_uri="sip:+4930123456@pbx.test")
    assert (call.peer_uri, call.peer_name) == ("sip:anonymous@anonymous.invalid", "Anonymous")


# ---------------------------------------------------------------- by itself


def test_an_intercom_call_beeps_and_then_answers(desk: Desk) -> None:
    call = desk.ring(Ring(answer=AutoAnswer(2.0, beep=True, muted=False)))
    desk.clock.advance(2.0)
    assert desk.engine.said("play_tone") == [("beep",)]
    assert desk.engine.said("answer") == []
    desk.clock.advance(BEEP_S)
    assert desk.engine.said("answer") == [(call.id,)]


def test_an_intercom_call_may_open_with_a_closed_microphone(desk: Desk) -> None:
    call = desk.ring(Ring(answer=AutoAnswer(0.0, beep=False, muted=True)))
    desk.clock.advance(0.0)
    assert desk.engine.said("answer") == [(call.id,)]
    assert call.muted


def test_nothing_answers_itself_into_a_call_that_began_meanwhile(desk: Desk) -> None:
    desk.ring(Ring(answer=AutoAnswer(2.0, beep=True, muted=False)))
    desk.dial()
    desk.clock.advance(10)
    assert desk.engine.said("answer") == []


def test_a_caller_who_gave_up_is_not_answered_after_the_beep(desk: Desk) -> None:
    call = desk.ring(Ring(answer=AutoAnswer(0.0, beep=True, muted=False)))
    desk.clock.advance(0.0)
    desk.calls.ended(call.id, "cancelled", 487, "")
    desk.clock.advance(10)
    assert desk.engine.said("answer") == []


def test_a_caller_on_two_accounts_of_a_group_is_answered_once(desk: Desk) -> None:
    call = desk.ring(Ring(group="all"))
    twin = desk.ring(Ring(group="all"), HOME)
    stranger = desk.ring(Ring(), HOME)
    desk.calls.answer(call, ignore)
    assert desk.engine.said("refuse") == [(twin.id, 486)]
    desk.calls.ended(twin.id, "local", 486, "Busy Here")
    assert twin.end_reason is EndReason.ELSEWHERE
    assert stranger.asks


# ---------------------------------------------------------------- help


def test_a_call_for_help_gets_the_line_of_the_least_important_call(desk: Desk) -> None:
    held = desk.talk(desk.dial())
    talking = desk.talk(desk.dial())
    desk.calls.media_changed(held.id, Media(), local_hold=True, remote_hold=False)
    desk.calls.limit = 2
    with pytest.raises(LimitReachedError):
        desk.dial()
    call = desk.dial(emergency=True)
    assert call.actions == ("Start", "Hangup")
    assert desk.engine.said("hangup") == [(held.id,)]
    desk.calls.ended(held.id, "local", 0, "")
    assert call.state is CallState.DIALING
    assert desk.calls.focus is call
    assert talking.to_be_held


def test_a_caller_who_only_rings_makes_room_first(desk: Desk) -> None:
    desk.talk(desk.dial())
    ringing = desk.ring(Ring())
    desk.calls.limit = 2
    desk.dial(emergency=True)
    assert desk.engine.said("refuse") == [(ringing.id, 603)]


def test_a_far_end_that_does_not_let_go_does_not_keep_help_away(desk: Desk) -> None:
    desk.calls.limit = 1
    desk.talk(desk.dial())
    call = desk.dial(emergency=True)
    desk.clock.advance(1.0)
    assert call.state is CallState.DIALING
    desk.engine.waiting[-1](LimitReachedError("There are too many calls; end one first."))
    assert call.up
    desk.clock.advance(ROOM_RETRY_S)
    assert len([entry for entry in desk.engine.said("dial") if entry[0] == call.id]) == 2


def test_a_call_for_help_that_was_hung_up_is_not_dialled_again(desk: Desk) -> None:
    desk.calls.limit = 1
    desk.talk(desk.dial())
    call = desk.dial(emergency=True)
    desk.calls.hangup(call, ignore)
    desk.clock.advance(5.0)
    assert call.state is CallState.ENDED
    assert not [entry for entry in desk.engine.said("dial") if entry[0] == call.id]


def test_calls_for_help_do_not_end_each_other(desk: Desk) -> None:
    desk.calls.limit = 1
    desk.talk(desk.dial(emergency=True))
    call = desk.dial(emergency=True)
    assert call.end_text == "Every line carries a call for help"


# ---------------------------------------------------------------- the user's desk phone


def test_who_talks_on_a_desk_phone_is_not_shouted_at(desk: Desk) -> None:
    desk.calls.elsewhere.told(frozenset({WORK}))
    desk.ring(Ring())
    assert not desk.bell.ringing
    assert ("call-waiting",) in desk.engine.said("play_tone")
    desk.calls.elsewhere.told(frozenset())
    assert desk.bell.ringing
    desk.calls.elsewhere.told(frozenset({HOME}))
    assert not desk.bell.ringing


def test_a_call_that_was_to_answer_itself_waits_for_a_hand(desk: Desk) -> None:
    call = desk.ring(Ring(answer=AutoAnswer(after_s=2.0, beep=True, muted=False)))
    desk.calls.elsewhere.told(frozenset({HOME}))
    desk.clock.advance(60.0)
    assert call.asks
