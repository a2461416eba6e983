# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that go away in a call, without any device."""

import pytest

from offhookd.phone.buttons import DeviceId
from offhookd.phone.call import Call
from offhookd.phone.errors import EngineError
from offhookd.phone.following import Following
from offhookd.phone.ports import ignore
from offhookd.phone.unplugging import Presence, Unplugging
from offhookd.phone.values import CallState, OnUnplug
from tests.support.telephone_sets import A, B, Desktop

THERE, GONE, UNUSED = Presence.THERE, Presence.GONE, Presence.UNUSED


class Table(Desktop):
    """A phone in a call whose device may go away."""

    def __init__(self, policy: OnUnplug = OnUnplug.HOLD) -> None:
        super().__init__()
        self.policy = policy
        self.given_up = 0
        self.unplugging = Unplugging(self.calls, lambda: self.policy)
        self.unplugging.given_up.connect(self._give_up)

    def _give_up(self) -> None:
        self.given_up += 1

    def talks(self) -> Call:
        call = self.ring()
        self.calls.answer(call, ignore)
        self.connect(call)
        self.sound(THERE)
        return call

    def sound(self, *news: Presence) -> None:
        for presence in news:
            self.unplugging.sound_is(presence)


def test_the_call_is_held_until_its_device_is_back() -> None:
    desk = Table()
    call = desk.talks()
    desk.sound(GONE, GONE)
    assert desk.engine.said("hold") == [(call.id, True)]
    desk.agree()
    desk.sound(THERE, THERE)
    assert desk.engine.said("hold") == [(call.id, True), (call.id, False)]
    assert desk.given_up == 0


def test_the_call_is_hung_up_where_the_user_wants_that() -> None:
    desk = Table(OnUnplug.HANGUP)
    call = desk.talks()
    desk.sound(GONE)
    assert desk.engine.said("hangup") == [(call.id,)]


def test_the_call_goes_on_where_it_may() -> None:
    desk = Table(OnUnplug.SPEAKER)
    desk.talks()
    desk.sound(GONE, THERE)
    assert not desk.engine.said("hold")
    assert desk.unplugging.may_move


def test_a_call_that_was_held_anyway_stays_held() -> None:
    desk = Table()
    call = desk.talks()
    desk.calls.hold(call, True, ignore)
    desk.agree()
    desk.sound(GONE, THERE)
    assert desk.engine.said("hold") == [(call.id, True)]


def test_a_person_may_take_the_call_back_without_the_device() -> None:
    desk = Table()
    call = desk.talks()
    desk.sound(GONE)
    desk.agree()
    desk.calls.hold(call, False, ignore)
    assert desk.given_up == 1
    desk.agree()
    desk.sound(THERE)
    assert desk.engine.said("hold") == [(call.id, True), (call.id, False)]


def test_a_far_end_that_refuses_to_be_held_gives_nobody_the_sound() -> None:
    desk = Table()
    desk.talks()
    desk.sound(GONE)
    desk.engine.finish(EngineError("488"))
    assert desk.given_up == 0


def test_a_call_that_ends_meanwhile_is_forgotten() -> None:
    desk = Table()
    call = desk.talks()
    desk.sound(GONE)
    desk.end(call)
    desk.sound(THERE)
    assert desk.given_up == 0
    assert desk.engine.said("hold") == [(call.id, True)]


def test_a_device_that_was_never_there_is_waited_for() -> None:
    desk = Table(OnUnplug.HANGUP)
    call = desk.ring()
    desk.calls.answer(call, ignore)
    desk.connect(call)
    desk.sound(UNUSED, GONE, GONE, THERE)
    assert call.state is CallState.ACTIVE


# ------------------------------------------------------------ which device the sound is on


class Ear:
    def __init__(self) -> None:
        self.names = "?", "?"
        self.following = Following(self._follow)

    def _follow(self, capture: str, playback: str) -> None:
        self.names = capture, playback


@pytest.mark.parametrize("after", [("", ""), ("mic", ""), ("", "ear")])
def test_what_vanishes_in_a_call_is_still_named(after: tuple[str, str]) -> None:
    ear = Ear()
    ear.following.on(A, "mic", "ear", keep=True)
    ear.following.on(A, *after, keep=True)
    assert ear.names == ("mic", "ear")
    ear.following.on(A, "mic2", "ear2", keep=True)
    assert ear.names == ("mic2", "ear2")
    ear.following.on(A, *after, keep=False)
    assert ear.names == after


def test_a_set_that_is_torn_out_keeps_the_sound_until_it_is_back() -> None:
    ear = Ear()
    ear.following.on(A, "mic", "ear", keep=True)
    ear.following.tear()
    ear.following.off()
    assert ear.following.torn == A
    assert ear.names == ("mic", "ear")
    ear.following.on(A, "", "", keep=True)
    assert ear.following.torn is None
    assert ear.names == ("mic", "ear")
    ear.following.off()
    assert ear.names == ("", "")


def test_another_set_takes_the_sound_of_one_that_was_torn_out() -> None:
    ear = Ear()
    ear.following.on(A, "mic", "ear", keep=True)
    ear.following.tear()
    ear.following.on(B, "", "other", keep=True)
    assert ear.names == ("", "other")
    assert ear.following.torn is None


def test_the_sound_that_is_let_go_is_on_the_chosen_devices() -> None:
    ear = Ear()
    ear.following.on(DeviceId("x"), "mic", "ear", keep=True)
    ear.following.tear()
    ear.following.release()
    assert ear.names == ("", "")
    ear.following.tear()
    assert ear.following.torn is None
