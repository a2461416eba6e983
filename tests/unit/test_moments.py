# SPDX-License-Identifier: GPL-2.0-or-later
"""When a call rings, is answered and is over, and the page that belongs to it."""

from typing import NamedTuple

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.contacts import Contact
from offhookd.phone.dialled import DialOptions
from offhookd.phone.moments import Moment, Moments, facts
from offhookd.phone.policy import Invitation
from offhookd.phone.pop import is_trusted, page_for
from offhookd.phone.ports import ignore
from offhookd.phone.values import AccountId, CallState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog

WORK = AccountId("work")
ADA = Contact("7", "crm", "Ada & Co", "Engines")


class Story(NamedTuple):
    calls: Calls
    moments: Moments
    clock: FakeClock
    came: list[Moment]

    def ring(self) -> Call:
        invitation = Invitation(WORK, "abc@host", "sip:+4930@example.com", "Ada?\n")
        return self.calls.invited(invitation, accept=lambda call: None)

    def answer(self, call: Call) -> None:
        self.calls.answer(call, ignore)
        self.calls.picked_up(call.id)
        self.calls.progressed(call.id, CallState.ACTIVE, "abc@host")


@pytest.fixture
def story() -> Story:
    clock = FakeClock()
    calls = Calls(FakeEngine(), FakeLog(), FakeAlerting(), clock)
    moments, came = Moments(calls), list[Moment]()
    moments.came.connect(lambda moment, _: came.append(moment))
    return Story(calls, moments, clock, came)


def test_each_moment_comes_once(story: Story) -> None:
    call = story.ring()
    story.moments.identified(call)
    story.answer(call)
    story.calls.mute(call, muted=True)
    story.calls.ended(call.id, "remote", 200, "OK")
    assert story.came == [Moment.RINGING, Moment.ANSWERED, Moment.ENDED]


def test_moments_wait_until_the_caller_is_known(story: Story) -> None:
    call = story.ring()
    story.answer(call)
    assert story.came == []
    story.moments.identified(call)
    assert story.came == [Moment.RINGING, Moment.ANSWERED]


def test_a_caller_who_stays_unknown_to_the_end_loses_no_moment(story: Story) -> None:
    call = story.ring()
    story.calls.ended(call.id, "cancelled", 487, "")
    story.clock.advance(60)
    assert story.came == [Moment.RINGING, Moment.ENDED]


def test_an_outgoing_call_does_not_ring_here(story: Story) -> None:
    call = story.calls.dial("sip:bob@example.com", "", WORK, DialOptions())
    story.moments.identified(call)
    story.calls.ended(call.id, "", 486, "Busy Here")
    assert story.came == [Moment.ENDED]


def test_the_facts_of_a_call(story: Story) -> None:
    call = story.ring()
    story.calls.identify(call, ADA)
    told = facts(Moment.RINGING, call)
    assert told["OFFHOOK_EVENT"] == "ringing"
    assert told["OFFHOOK_CONTACT_NAME"] == "Ada & Co"
    assert (told["OFFHOOK_ANSWERED"], told["OFFHOOK_END_REASON"]) == ("", "")
    story.answer(call)
    story.clock.advance(65)
    story.calls.ended(call.id, "remote", 0, "")
    told = facts(Moment.ENDED, call)
    assert (told["OFFHOOK_DURATION"], told["OFFHOOK_END_REASON"]) == ("65", "remote")


def test_a_caller_cannot_lead_to_another_page(story: Story) -> None:
    call = story.ring()
    template = "https://crm.example/{account}?n={number}&who={name}"
    assert page_for(template, call, "+49&x=/../") == (
        "https://crm.example/work?n=%2B49%26x%3D%2F..%2F&who=Ada%3F%0A"
    )
    story.calls.identify(call, ADA)
    assert page_for("https://x/{contact}/{organization}", call, "") == "https://x/7/Engines"


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://crm.example/1", True),
        ("https://CRM.example:8443/1", True),
        ("https://crm.example.evil/1", False),
        ("https://user@evil/crm.example", False),
    ],
)
def test_only_listed_sites_open_by_themselves(url: str, trusted: bool) -> None:
    assert is_trusted(url, ["Crm.example"]) is trusted


def test_a_program_is_told_what_an_environment_can_hold(story: Story) -> None:
    call = story.ring()
    call.contact = Contact("/books/\0.vcf", "team", "Ada\ud800", note="a\nb")
    told = facts(Moment.RINGING, call)
    assert told["OFFHOOK_CONTACT_ID"] == "/books/ .vcf"
    assert told["OFFHOOK_CONTACT_NAME"] == "Ada "
    assert all(text.isprintable() for text in told.values())
