# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.phone.availability import LONGEST_NOTE, OwnAvailability, Portrait
from offhookd.phone.choices import Availability
from offhookd.phone.errors import InvalidArgumentError


class Kept:
    def __init__(self, chosen: Availability = Availability.AVAILABLE, note: str = "") -> None:
        self.stored: list[tuple[str, str]] = []
        self.changes = 0
        self.own = OwnAvailability(chosen, note, lambda *pair: self.stored.append(pair))
        self.own.changed.connect(self.count)

    def count(self) -> None:
        self.changes += 1


@pytest.mark.parametrize(
    ("chosen", "seen"),
    [
        ("available", Portrait("open")),
        ("busy", Portrait("open", ("busy",))),
        ("away", Portrait("open", ("away",))),
        ("dnd", Portrait("open", ("busy", "dnd"))),
        ("offline", Portrait("closed")),
    ],
)
def test_what_the_user_chose_is_what_others_see(chosen: str, seen: Portrait) -> None:
    kept = Kept()
    kept.own.choose(chosen)
    assert kept.own.portrait == seen


def test_a_call_shows_as_on_the_phone_and_idleness_as_away() -> None:
    own = Kept().own
    own.idle(True)
    assert own.portrait.activities == ("away",)
    own.in_call(True)
    assert own.portrait.activities == ("on-the-phone",)
    own.in_call(False)
    own.idle(False)
    assert own.portrait == Portrait("open")


@pytest.mark.parametrize("chosen", ["busy", "away", "dnd", "offline"])
def test_the_users_word_outweighs_what_the_phone_notices(chosen: str) -> None:
    own = Kept(Availability(chosen)).own
    before = own.portrait
    own.in_call(True)
    own.idle(True)
    assert own.portrait == before


def test_a_choice_is_kept_and_told_once() -> None:
    kept = Kept()
    for _ in range(2):
        kept.own.choose("away")
        kept.own.set_note("lunch")
    assert kept.stored == [("away", ""), ("away", "lunch")]
    assert kept.changes == 2
    assert kept.own.portrait.note == "lunch"


@pytest.mark.parametrize("name", ["", "Busy", "unknown"])
def test_what_is_no_availability_is_refused(name: str) -> None:
    kept = Kept()
    with pytest.raises(InvalidArgumentError, match="dnd"):
        kept.own.choose(name)
    assert not kept.stored


@pytest.mark.parametrize("note", ["a\nb", "x" * (LONGEST_NOTE + 1)])
def test_a_note_is_one_line(note: str) -> None:
    with pytest.raises(InvalidArgumentError):
        Kept().own.set_note(note)
