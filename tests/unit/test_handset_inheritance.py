# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation that goes on in another call stays on its telephone set."""

import pytest

from offhookd.phone.buttons import DeviceId
from offhookd.phone.call import Call
from offhookd.phone.dialled import DialOptions
from offhookd.phone.handset_table import Stage
from offhookd.phone.policy import Invitation
from offhookd.phone.ports import ignore
from tests.support.telephone_sets import HEADSET, WORK, A, B, Desktop


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


def replace(desk: Desktop, call: Call) -> Call:
    """Another phone of the far end takes the call over."""
    invitation = Invitation(WORK, "new@host", "sip:carol@example.com", "Carol", replaces=call.id)
    return desk.calls.invited(invitation, accept=lambda call: None)


def send_on(desk: Desktop, call: Call, *, confirm: bool) -> Call:
    """The far end transfers us."""
    options = DialOptions(confirm=confirm, replaces=call.id)
    return desk.calls.dial("sip:dave@example.com", "", WORK, options)


def is_talking(desk: Desktop, call: Call) -> bool:
    own = (desk.handsets.owner(call), desk.handsets.call(A), desk.handsets.speaking)
    return own == (A, call, A) and desk.stage(A) is Stage.IN_CALL and not desk.ear.get(A)


def test_a_call_that_takes_the_place_of_another_is_heard_on_the_same_set(desk: Desktop) -> None:
    old = desk.talk(A)
    new = replace(desk, old)
    desk.end(old, "replaced")
    assert is_talking(desk, new)
    desk.connect(new)
    assert is_talking(desk, new)
    desk.put_down(A)
    assert desk.engine.said("hangup") == [(new.id,)]


def test_a_held_call_that_is_replaced_is_picked_up_by_the_same_set(desk: Desktop) -> None:
    old = desk.talk(A)
    desk.do(A, "hold")
    desk.agree()
    desk.put_down(A)
    new = replace(desk, old)
    desk.end(old, "replaced")
    assert desk.stage(A) is Stage.ON_HOOK
    desk.connect(new)
    desk.agree()
    assert desk.stage(A) is Stage.ON_HOOK
    assert desk.handsets.owner(new) == A
    assert "held" in desk.shows(A)


def test_a_held_call_that_fails_to_be_replaced_leaves_nothing_behind(desk: Desktop) -> None:
    old = desk.talk(A)
    desk.do(A, "hold")
    desk.agree()
    new = replace(desk, old)
    desk.end(new, "no-ack")
    assert desk.handsets.owner(new) is None


def test_a_transfer_that_is_followed_stays_on_the_set(desk: Desktop) -> None:
    old = desk.talk(A)
    new = send_on(desk, old, confirm=False)
    desk.end(old)
    assert is_talking(desk, new)


def test_no_tone_sounds_while_a_person_is_asked_whether_to_follow(desk: Desktop) -> None:
    old = desk.talk(A)
    new = send_on(desk, old, confirm=True)
    desk.end(old)
    assert (desk.stage(A), desk.ear.get(A)) == (Stage.RELEASED, None)
    desk.calls.start(new, ignore)
    assert is_talking(desk, new)


def test_who_puts_the_handset_down_hears_the_next_call_elsewhere(desk: Desktop) -> None:
    old = desk.talk(A)
    new = send_on(desk, old, confirm=True)
    desk.put_down(A)
    desk.end(old, "local")
    desk.calls.start(new, ignore)
    assert desk.stage(A) is Stage.ON_HOOK
    assert desk.handsets.owner(new) is None


def test_a_call_on_the_screen_is_replaced_on_the_screen(desk: Desktop) -> None:
    old = desk.connect(desk.ring())
    new = replace(desk, old)
    assert desk.handsets.owner(new) is None


@pytest.mark.parametrize("device", [A, HEADSET])
def test_the_set_ends_the_call_that_it_was_sent_to(desk: Desktop, device: DeviceId) -> None:
    old = desk.talk(device)
    new = send_on(desk, old, confirm=False)
    desk.agree()
    desk.connect(new)
    desk.end(old)
    desk.put_down(device)
    assert desk.engine.said("hangup") == [(new.id,)]
