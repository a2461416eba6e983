# SPDX-License-Identifier: GPL-2.0-or-later
"""A call for help goes on undisturbed."""

from collections.abc import Callable
from functools import partial

import pytest

from offhookd.phone.call import Call
from offhookd.phone.conference import Conferences
from offhookd.phone.errors import InvalidStateError
from offhookd.phone.policy import Invitation, Ring
from offhookd.phone.ports import ignore
from offhookd.phone.transfers import Transfers
from offhookd.phone.unplugging import Presence, Unplugging
from offhookd.phone.values import AccountId, CallState, EndReason, OnUnplug
from tests.support.switchboard import WORK
from tests.support.switchboard import Desk as PlainDesk


class Desk(PlainDesk):
    """In a call with `other`, and then in one for `help`."""

    def __init__(self) -> None:
        super().__init__()
        self.transfers = Transfers(self.calls, self.engine, self.clock)
        self.conferences = Conferences(self.calls, self.engine, self.log, self.clock)
        self.other = self.connect(self.dial())
        self.help = self.connect(self.dial(emergency=True))
        self.held(self.other, local=True)

    def ring_for(self, verdict: Ring, account: AccountId = WORK) -> Call:
        self.calls.decide = lambda *_: verdict
        invitation = Invitation(account, "abc@host", "sip:psap@example.com", "")
        return self.calls.invited(invitation, accept=lambda call: None)


@pytest.fixture
def desk() -> Desk:
    return Desk()


Deed = Callable[[Desk], None]

INTERRUPTIONS: dict[str, Deed] = {
    "hold": lambda desk: desk.calls.hold(desk.help, True, ignore),
    "flash": lambda desk: desk.calls.flash(desk.help, ignore),
    "transfer": lambda desk: desk.transfers.blind(desk.help, "sip:x@y", ignore),
    "transfer to": lambda desk: desk.transfers.attended(desk.help, desk.other, ignore),
    "joined by": lambda desk: desk.transfers.attended(desk.other, desk.help, ignore),
    "merge": lambda desk: desk.conferences.merge([desk.other, desk.help], ignore),
}
TURNS: dict[str, Deed] = {
    "resume": lambda desk: desk.calls.hold(desk.other, False, ignore),
    "dial": lambda desk: _do(desk.dial),
    "start": lambda desk: desk.calls.start(desk.dial(confirm=True), ignore),
}


def _do(deed: Callable[[], object]) -> None:
    deed()


@pytest.mark.parametrize("deed", INTERRUPTIONS)
def test_it_is_left_alone(desk: Desk, deed: str) -> None:
    with pytest.raises(InvalidStateError, match="only hung up"):
        INTERRUPTIONS[deed](desk)


@pytest.mark.parametrize("deed", TURNS)
def test_no_other_call_takes_its_place(desk: Desk, deed: str) -> None:
    with pytest.raises(InvalidStateError, match="hang it up first"):
        TURNS[deed](desk)
    desk.calls.hangup(desk.help, ignore)
    TURNS[deed](desk)


def test_clients_are_told_what_is_possible(desk: Desk) -> None:
    assert desk.help.actions == ("Hangup", "SendDtmf", "SetRecording", "Play")
    assert "Resume" not in desk.other.actions
    assert "TransferTo" not in desk.other.actions
    assert desk.dial(confirm=True).actions == ("Hangup",)
    desk.calls.ended(desk.help.id, "remote", 0, "")
    assert "Resume" in desk.other.actions


def test_who_rings_when_help_is_called_hears_that_it_is_busy() -> None:
    desk = PlainDesk()
    caller = desk.ring()
    desk.dial(emergency=True)
    assert desk.engine.said("refuse") == [(caller.id, 486)]
    desk.calls.ended(caller.id, "local", 486, "")
    assert caller.end_reason is EndReason.BUSY


def test_a_second_call_for_help_leaves_the_first_alone(desk: Desk) -> None:
    second = desk.dial(emergency=True)
    desk.connect(second)
    assert not desk.help.to_be_held
    assert not second.to_be_held
    assert desk.calls.focus is second


def test_an_emergency_centre_that_calls_back_is_answered_and_left_alone(desk: Desk) -> None:
    back = desk.ring_for(Ring(emergency=True))
    desk.calls.answer(back, ignore)
    desk.connect(back)
    desk.calls.ended(desk.help.id, "remote", 0, "")
    assert "Hold" not in back.actions
    with pytest.raises(InvalidStateError):
        desk.calls.hold(desk.other, False, ignore)


@pytest.mark.parametrize("policy", OnUnplug)
def test_a_device_that_goes_away_does_not_end_it(desk: Desk, policy: OnUnplug) -> None:
    given_up: list[bool] = []
    unplugging = Unplugging(desk.calls, lambda: policy)
    unplugging.given_up.connect(partial(given_up.append, True))
    unplugging.sound_is(Presence.THERE)
    unplugging.sound_is(Presence.GONE)
    assert desk.help.state is CallState.ACTIVE
    assert not desk.help.to_be_held
    assert not desk.help.ending
    assert given_up
