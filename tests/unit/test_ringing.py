# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a call is heard."""

import pytest

from offhookd.phone.buttons import Button
from offhookd.phone.ringing import RingAt, Ringer, Ringing, ringing
from tests.support.telephone_sets import A, Desktop

HANDSET = Ringer(bell=True, playback="handset")
HEADSET = Ringer(bell=False, playback="headset")
SILENT = Ringer(bell=False, playback="")

PLACES = [
    (RingAt.AUTO, [HANDSET, HEADSET], Ringing()),
    (RingAt.SPEAKERS, [HANDSET, HEADSET], Ringing(bells=False)),
    (RingAt.PHONE, [HANDSET], Ringing(speakers=False)),
    (RingAt.PHONE, [HANDSET, HEADSET], Ringing(speakers=False, sinks=("headset",))),
    (RingAt.PHONE, [HEADSET, HEADSET], Ringing(speakers=False, sinks=("headset",))),
    (RingAt.PHONE, [], Ringing()),
    (RingAt.PHONE, [SILENT], Ringing()),
    (RingAt.BOTH, [HANDSET, HEADSET], Ringing(sinks=("headset",))),
]


@pytest.mark.parametrize(("at", "sets", "place"), PLACES)
def test_a_call_is_heard_where_it_is_wanted(at: RingAt, sets: list[Ringer], place: Ringing) -> None:
    assert ringing(at, sets) == place


def test_a_set_that_must_be_silent_blinks() -> None:
    desktop = Desktop()
    desktop.plug(A)
    desktop.ring()
    assert desktop.shows(A) == "ringing ringer"
    desktop.bells_ring = False
    desktop.handsets.look()
    assert desktop.shows(A) == "ringing"
    desktop.press(A, Button.HOOK)
    assert "ringing" not in desktop.shows(A)
