# SPDX-License-Identifier: GPL-2.0-or-later
"""A telephone set in a call: what the far end does, and keys pressed meanwhile."""

import pytest

from offhookd.phone.call import Call
from offhookd.phone.endings import TONE_SECONDS
from offhookd.phone.handset_table import Stage
from offhookd.phone.values import CallState, EndReason
from tests.support.situations import two_calls
from tests.support.telephone_sets import HEADSET, A, B, Desktop


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


@pytest.mark.parametrize(
    ("code", "tone"), [(486, "busy"), (603, "busy"), (404, "congestion"), (480, "congestion")]
)
def test_a_refused_call_sounds_so_until_the_handset_is_put_down(
    desk: Desktop, code: int, tone: str
) -> None:
    desk.do(A, "lift =12#")
    desk.end(desk.focus, "", code)
    assert desk.ear[A] == tone
    desk.put_down(A)
    assert desk.ear[A] == ""


def test_a_far_end_that_hangs_up_leaves_busy_tone(desk: Desktop) -> None:
    desk.end(desk.talk(A))
    assert (desk.ear[A], desk.shows(A)) == ("busy", "off_hook")
    desk.put_down(A)
    assert (desk.ear[A], desk.shows(A)) == ("", "")


def test_a_headset_goes_on_hook_by_itself(desk: Desktop) -> None:
    desk.end(desk.talk(HEADSET))
    assert (desk.ear[HEADSET], desk.shows(HEADSET)) == ("busy", "off_hook")
    desk.clock.advance(TONE_SECONDS)
    assert (desk.ear[HEADSET], desk.shows(HEADSET)) == ("", "")


def test_a_handset_used_hands_free_goes_on_hook_by_itself(desk: Desktop) -> None:
    call = desk.ring()
    desk.do(A, "speaker")
    desk.end(desk.connect(call))
    desk.clock.advance(TONE_SECONDS)
    assert desk.stage(A) is Stage.ON_HOOK


def test_a_lost_engine_is_heard_and_ended(desk: Desktop) -> None:
    two_calls(desk, A)
    desk.calls.engine_lost("The SIP engine was ended by SIGKILL")
    desk.clock.advance(0)
    assert (desk.ear[A], desk.shows(A)) == ("busy", "off_hook")
    desk.put_down(A)
    assert desk.shows(A) == ""


def test_digits_in_a_call_are_dtmf(desk: Desktop) -> None:
    call = desk.talk(A)
    desk.key_in(A, "1#x")
    assert [(one[0], one[1]) for one in desk.engine.said("send_dtmf")] == [
        (call.id, "1"),
        (call.id, "#"),
    ]


def test_digits_before_the_far_end_answers_are_dtmf_only_with_early_media(desk: Desktop) -> None:
    desk.do(A, "lift =12# =5")
    assert desk.engine.said("send_dtmf") == []
    desk.calls.progressed(desk.focus.id, CallState.EARLY, "")
    desk.key_in(A, "5")
    assert len(desk.engine.said("send_dtmf")) == 1


def test_a_hook_button_refuses_where_that_is_configured() -> None:
    desk = Desktop()
    desk.handsets.plugged(HEADSET, hook_rejects=True)
    call: Call = desk.ring()
    desk.put_down(HEADSET)
    assert call.end_reason is EndReason.DECLINED


def test_volume_keys_turn_the_volume_of_their_set(desk: Desktop) -> None:
    desk.do(A, "volume-up volume-up volume-down")
    desk.talk(B)
    desk.do(B, "volume-down")
    assert desk.sets.volume == {A: 1, B: -1}
