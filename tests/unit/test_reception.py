# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of an incoming call, question by question."""

import pytest

from offhookd.phone.auto_answer import AutoAnswer, AutoAnswerRules, asked_after
from offhookd.phone.caller import ANONYMOUS_URI
from offhookd.phone.choices import AccountChoices, Availability, PhoneChoices
from offhookd.phone.errors import InvalidArgumentError
from offhookd.phone.forwarding import MOST_DIVERSIONS, Forward, ForwardBy
from offhookd.phone.policy import Ignore, Refuse, Ring, Verdict
from offhookd.phone.reception import AccountManners
from offhookd.phone.ring_sound import RingRules
from offhookd.phone.screening import ScreeningRules, Treatment
from offhookd.phone.values import AccountId, CallState, EndReason
from tests.support.reception import CALLER, HOME, OWN, WORK, Desk, call


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_call_simply_rings(desk: Desk) -> None:
    assert desk.decides() == Ring(forward_s=20)


# ---------------------------------------------------------------- do not disturb, busy


@pytest.mark.parametrize("code", [486, 480, 603])
def test_do_not_disturb_refuses_as_configured(desk: Desk, code: int) -> None:
    desk.manners(dnd_code=code)
    desk.wish(do_not_disturb=True)
    assert desk.decides() == Refuse(code, EndReason.BUSY, "Do not disturb")


def test_do_not_disturb_of_the_phone_counts_for_every_account(desk: Desk) -> None:
    desk.store.phone = PhoneChoices(availability=Availability.DND)
    assert desk.decides(account=HOME) == Refuse(486, EndReason.BUSY, "Do not disturb")


def test_do_not_disturb_of_one_account_leaves_the_others(desk: Desk) -> None:
    desk.wish(do_not_disturb=True)
    assert isinstance(desk.decides(account=HOME), Ring)


def test_a_full_engine_is_busy(desk: Desk) -> None:
    assert desk.decides(call(), limit=1) == Refuse(486, EndReason.BUSY)


def test_without_call_waiting_a_second_caller_hears_busy(desk: Desk) -> None:
    desk.manners(AccountManners(uri=OWN, call_waiting=False))
    assert desk.decides(call()) == Refuse(486, EndReason.BUSY)
    assert isinstance(desk.decides(call(HOME)), Ring)
    assert isinstance(desk.decides(call(state=CallState.PENDING)), Ring)


def test_a_group_shares_busy(desk: Desk) -> None:
    desk.manners(AccountManners(uri=OWN, call_waiting=False, group="all"))
    assert desk.decides(call(HOME)) == Refuse(486, EndReason.BUSY)


# ---------------------------------------------------------------- forwarding


def test_forward_always_goes_before_do_not_disturb(desk: Desk) -> None:
    desk.wish(do_not_disturb=True, forward_always="2002", forward_busy="2003")
    assert desk.decides() == Forward("sip:2002@pbx.test", f"<{OWN}>;reason=unconditional;counter=1")


@pytest.mark.parametrize("choice", ["forward_busy", "forward_no_answer"])
def test_do_not_disturb_still_sends_calls_on(desk: Desk, choice: str) -> None:
    desk.wish(do_not_disturb=True, **{choice: "2003"})
    found = desk.decides()
    assert isinstance(found, Forward)
    assert (found.contact, "do-not-disturb" in found.diversion) == ("sip:2003@pbx.test", True)


def test_busy_sends_calls_on(desk: Desk) -> None:
    desk.wish(forward_busy="2003")
    found = desk.decides(call(), limit=1)
    assert isinstance(found, Forward)
    assert "user-busy" in found.diversion


def test_no_answer_sends_calls_on_later(desk: Desk) -> None:
    desk.wish(forward_no_answer="2004", forward_no_answer_seconds=7)
    found = desk.decides()
    assert isinstance(found, Ring)
    assert found.forward == Forward("sip:2004@pbx.test", f"<{OWN}>;reason=no-answer;counter=1")
    assert found.forward_s == 7


@pytest.mark.parametrize(
    ("target", "diverted_by"),
    [
        (OWN, ()),
        (CALLER, ()),
        ("2002", (OWN,)),
        ("2002", ("sip:9@x", "sip:2002@pbx.test:5060")),
        ("2002", tuple(f"sip:{n}@x" for n in range(MOST_DIVERSIONS))),
        ("nonsense", ()),
    ],
)
def test_a_call_that_would_go_in_circles_rings(
    desk: Desk, target: str, diverted_by: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    desk.wish(forward_always=target)
    assert isinstance(desk.decides(diverted_by=diverted_by), Ring)
    assert "not sent on" in caplog.text


def test_a_call_that_was_sent_on_by_somebody_else_may_go_further(desk: Desk) -> None:
    desk.wish(forward_always="2002")
    assert isinstance(desk.decides(diverted_by=("sip:9@x",)), Forward)


# ---------------------------------------------------------------- screening


@pytest.mark.parametrize(
    ("treatment", "verdict"),
    [
        (Treatment.BUSY, Refuse(486, EndReason.DECLINED, "The caller is on the block list")),
        (Treatment.DECLINE, Refuse(603, EndReason.DECLINED, "The caller is on the block list")),
        (Treatment.IGNORE, Ignore("The caller is on the block list")),
        (Treatment.SILENT, Ring(silent=True, forward_s=20)),
        (Treatment.RING, Ring(forward_s=20)),
    ],
)
def test_a_blocked_caller_gets_what_is_configured(
    desk: Desk, treatment: Treatment, verdict: Verdict
) -> None:
    desk.manners(screening=ScreeningRules(block=("@example.com",), blocked=treatment))
    assert desk.decides() == verdict


def test_a_blocked_caller_is_never_sent_on(desk: Desk) -> None:
    desk.manners(screening=ScreeningRules(block=("@example.com",)))
    desk.wish(forward_always="2002")
    assert isinstance(desk.decides(), Refuse)


def test_the_allow_list_outweighs_the_block_list(desk: Desk) -> None:
    desk.manners(screening=ScreeningRules(block=("@example.com",), allow=("carol@*",)))
    assert isinstance(desk.decides(), Refuse), "a host is no range"
    desk.manners(screening=ScreeningRules(block=("@example.com",), allow=("carol",)))
    assert isinstance(desk.decides(), Ring)


def test_only_those_of_the_allow_list_may_be_let_through(desk: Desk) -> None:
    desk.manners(screening=ScreeningRules(allow=("+4930*",), others=Treatment.BUSY))
    assert isinstance(desk.decides(), Refuse)
    assert isinstance(desk.decides(peer_uri="sip:030555555@pbx.test"), Ring)


@pytest.mark.parametrize(
    "facts", [{"peer_uri": ANONYMOUS_URI}, {"privacy": "id"}, {"asserted_uri": "sip:Anonymous@x"}]
)
def test_a_caller_who_hides_is_treated_as_configured(desk: Desk, facts: dict[str, str]) -> None:
    desk.manners(screening=ScreeningRules(anonymous=Treatment.DECLINE))
    assert desk.decides(**facts) == Refuse(
        433, EndReason.DECLINED, "The caller withholds the number"
    )


def test_rules_go_by_what_the_server_says_of_the_caller(desk: Desk) -> None:
    desk.manners(screening=ScreeningRules(block=("+4930123456",)))
    found = desk.decides(peer_uri="sip:friend@x", asserted_uri="sip:+4930123456@pbx.test")
    assert isinstance(found, Refuse)


# ---------------------------------------------------------------- ringing


@pytest.mark.parametrize(
    ("alert_info", "sound"),
    [
        ("Bellcore-dr3", "bellcore-dr3"),
        ("<http://127.0.0.1/Bellcore-dr2>", "bellcore-dr2"),
        ("<urn:x>;info=external", "/rings/out.wav"),
        ("external", "/rings/out.wav"),
        ("<http://evil.test/ring.wav>", "/rings/own.wav"),
        ("Bellcore-dr9", "/rings/own.wav"),
    ],
)
def test_alert_info_chooses_the_ring(desk: Desk, alert_info: str, sound: str) -> None:
    desk.manners(
        AccountManners(uri=OWN, ring="/rings/own.wav"),
        ringing=RingRules(alert_info={"External": "/rings/out.wav"}),
    )
    found = desk.decides(alert_info=alert_info)
    assert isinstance(found, Ring)
    assert found.sound == sound


def test_the_callers_own_ring_comes_first_and_the_phones_last(desk: Desk) -> None:
    rules = RingRules(sound="bellcore-dr5", callers={"carol": "bellcore-dr1"})
    desk.manners(ringing=rules)
    ring, other = desk.decides(alert_info="Bellcore-dr3"), desk.decides(peer_uri="sip:eve@x")
    assert isinstance(ring, Ring)
    assert isinstance(other, Ring)
    assert (ring.sound, other.sound) == ("bellcore-dr1", "bellcore-dr5")


# ---------------------------------------------------------------- auto-answer

INTERCOM = AutoAnswerRules(callers=("carol",))


@pytest.mark.parametrize(
    ("header", "value", "after_s"),
    [
        ("call_info", "<sip:x>;answer-after=0", 0.0),
        ("call_info", "<http://x/a.png>;purpose=icon, <sip:x>;answer-after=3", 3.0),
        ("call_info", "answer-after=0", None),
        ("alert_info", "<sip:x>;answer-after=5", 5.0),
        ("alert_info", "<http://x>;info=alert-autoanswer;delay=0", 0.0),
        ("alert_info", "info=alert-autoanswer", 0.0),
        ("alert_info", "Ring Answer", 0.0),
        ("alert_info", "ring-answer", 0.0),
        ("alert_info", "<http://x>;info=intercom", 0.0),
        ("answer_mode", "Auto", 0.0),
        ("answer_mode", "Auto;require", 0.0),
        ("answer_mode", "Manual", None),
        ("call_info", "<sip:x>;answer-after=999", 60.0),
    ],
)
def test_an_intercom_asks_in_many_ways(
    desk: Desk, header: str, value: str, after_s: float | None
) -> None:
    asked = {"alert_info": "", "call_info": "", "answer_mode": "", header: value}
    assert asked_after(**asked) == after_s
    desk.manners(auto_answer=INTERCOM)
    found = desk.decides(**{header: value})
    assert isinstance(found, Ring)
    assert found.answer == (
        None if after_s is None else AutoAnswer(after_s, beep=True, muted=False)
    )


def test_nobody_may_open_the_microphone_who_is_not_listed(desk: Desk) -> None:
    found = desk.decides(answer_mode="Auto")
    assert isinstance(found, Ring)
    assert found.answer is None


def test_nothing_answers_itself_during_another_call(desk: Desk) -> None:
    desk.manners(auto_answer=INTERCOM)
    found = desk.decides(call(HOME), answer_mode="Auto")
    assert isinstance(found, Ring)
    assert found.answer is None


def test_nothing_answers_itself_while_nothing_is_to_disturb(desk: Desk) -> None:
    desk.manners(auto_answer=INTERCOM)
    desk.wish(do_not_disturb=True)
    assert isinstance(desk.decides(answer_mode="Auto"), Refuse)


def test_an_account_may_answer_everybody(desk: Desk) -> None:
    desk.manners(
        AccountManners(uri=OWN, auto_answer_s=4),
        auto_answer=AutoAnswerRules(muted=True, beep=False),
    )
    found = desk.decides()
    assert isinstance(found, Ring)
    assert found.answer == AutoAnswer(4, beep=False, muted=True)


# ---------------------------------------------------------------- forwarding by calling

BY_CALL = AccountManners(uri=OWN, forward_by=ForwardBy.CALL)


def test_the_phone_calls_itself_where_the_account_says_so(desk: Desk) -> None:
    desk.manners(BY_CALL)
    desk.wish(forward_always="2002")
    found = desk.decides(diverted_by=("sip:9@x",), hops=30)
    assert isinstance(found, Forward)
    assert found.second
    assert (found.second.hops, found.second.comes_back) == (29, False)
    assert found.second.headers == {
        "Diversion": f"<{OWN}>;reason=unconditional;counter=1, <sip:9@x>;reason=unknown;counter=1",
        "History-Info": f"<sip:9@x>;index=1, <{OWN}>;index=1.1;mp=1,"
        " <sip:2002@pbx.test;cause=302>;index=1.1.1;mp=1.1",
    }


def test_a_call_that_has_gone_too_far_rings(desk: Desk) -> None:
    desk.wish(forward_always="2002")
    assert isinstance(desk.decides(hops=1), Forward)
    desk.manners(BY_CALL)
    assert isinstance(desk.decides(hops=1), Ring)


def test_a_person_sends_on_as_the_account_does(desk: Desk) -> None:
    ringing = call(state=CallState.INCOMING)
    assert desk.reception.by_hand(ringing, "sip:x@y") == Forward("sip:x@y", "")
    desk.manners(BY_CALL)
    found = desk.reception.by_hand(ringing, "sip:x@y")
    assert found.second
    assert found.second.comes_back


# ---------------------------------------------------------------- help


def test_an_emergency_centre_that_calls_back_rings_whatever_is_set(desk: Desk) -> None:
    desk.wish(do_not_disturb=True, forward_always="2002")
    desk.manners(screening=ScreeningRules(others=Treatment.BUSY))
    assert isinstance(desk.decides(), Refuse)
    desk.emergency.called()
    assert desk.decides() == Ring()
    desk.clock.advance(31 * 60)
    assert isinstance(desk.decides(), Refuse)


def test_a_server_may_say_that_an_emergency_centre_calls_back(desk: Desk) -> None:
    desk.wish(do_not_disturb=True)
    assert desk.decides(priority="psap-callback") == Ring()
    assert isinstance(desk.decides(priority="urgent"), Refuse)


def test_only_who_was_called_for_help_calls_back_for_it(desk: Desk) -> None:
    desk.emergency.called()
    assert desk.decides(priority="PSAP-callback") == Ring(emergency=True)
    assert desk.decides() == Ring()


def test_whoever_calls_while_help_is_spoken_to_finds_the_line_busy(desk: Desk) -> None:
    desk.emergency.called()
    helped = call()
    helped.emergency = True
    assert desk.decides(helped) == Refuse(486, EndReason.BUSY)
    desk.wish(forward_busy="2003")
    assert isinstance(desk.decides(helped), Forward)
    assert desk.decides(helped, priority="psap-callback") == Ring(emergency=True)


# ---------------------------------------------------------------- wishes


def test_wishes_are_kept_and_told_once(desk: Desk) -> None:
    told: list[AccountId] = []
    desk.wishes.changed.connect(told.append)
    for _ in range(2):
        desk.wishes.set_do_not_disturb(WORK, True)
        desk.wishes.set_forward_always(WORK, " 2002 ")
    assert told == [WORK, WORK]
    assert desk.store.accounts[WORK] == AccountChoices(do_not_disturb=True, forward_always="2002")


@pytest.mark.parametrize("seconds", [0, 181])
def test_a_call_is_not_sent_on_at_once_nor_after_it_rang_out(desk: Desk, seconds: int) -> None:
    with pytest.raises(InvalidArgumentError, match="1 to 180"):
        desk.wishes.set_forward_no_answer_seconds(WORK, seconds)


@pytest.mark.parametrize("target", ["a\nb", "1" * 513])
def test_a_forwarding_target_is_one_line(desk: Desk, target: str) -> None:
    with pytest.raises(InvalidArgumentError, match="one line"):
        desk.wishes.set_forward_busy(WORK, target)


# ---------------------------------------------------------------- the user's desk phone


def test_a_desk_phone_in_a_call_is_a_call_of_its_account(desk: Desk) -> None:
    desk.elsewhere.told(frozenset({WORK}))
    assert isinstance(desk.decides(), Ring)
    desk.manners(AccountManners(uri=OWN, call_waiting=False))
    assert desk.decides() == Refuse(486, EndReason.BUSY)
    desk.wish(forward_busy="1009")
    assert isinstance(desk.decides(), Forward)
    desk.elsewhere.told(frozenset({HOME}))
    assert isinstance(desk.decides(), Ring)


def test_nothing_answers_itself_while_the_user_talks_on_a_desk_phone(desk: Desk) -> None:
    desk.manners(AccountManners(uri=OWN, auto_answer_s=0.0))
    verdict = desk.decides()
    assert isinstance(verdict, Ring)
    assert verdict.answer
    desk.elsewhere.told(frozenset({HOME}))
    verdict = desk.decides()
    assert isinstance(verdict, Ring)
    assert verdict.answer is None
