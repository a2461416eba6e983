# SPDX-License-Identifier: GPL-2.0-or-later
"""What a display says in every state."""

from datetime import UTC, datetime

from offhookd.phone.display import Counts, Screen, screen
from tests.support.telephone_sets import A, Desktop

NOON = datetime(2026, 3, 9, 12, 5, 20, tzinfo=UTC)
WAITING = Counts(missed=2, messages=1)


def shown(desktop: Desktop, later_s: int = 0) -> Screen:
    desktop.clock.advance(later_s)
    call = desktop.calls.ringing or desktop.handsets.call(A)
    return screen(call, desktop.handsets.digits(A), desktop.clock.now_us(), NOON, WAITING)


def test_an_idle_set_shows_the_time_and_what_waits() -> None:
    desktop = Desktop()
    desktop.plug(A)
    assert shown(desktop) == Screen(now=NOON, counts=WAITING)
    assert shown(desktop).next_s == 40


def test_digits_are_shown_as_they_are_keyed_in() -> None:
    desktop = Desktop()
    desktop.plug(A)
    desktop.do(A, "lift =12")
    assert shown(desktop).number == "12"


def test_a_call_shows_who_it_is_and_how_long_it_lasts() -> None:
    desktop = Desktop()
    desktop.plug(A)
    call = desktop.ring()
    ringing = shown(desktop)
    assert (ringing.number, ringing.name, ringing.incoming) == ("carol", "Carol", True)
    assert ringing.talked_s is None
    desktop.lift(A)
    desktop.connect(call)
    assert shown(desktop, later_s=65).talked_s == 65
    assert shown(desktop).next_s == 1
