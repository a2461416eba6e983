# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones behind the kernel's own drivers: their keys, their display, their buzzer."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from offhookd.devices.evdev import Key
from offhookd.devices.keyphone import KeyPhone, Panel
from offhookd.devices.panels import BELL_OFF_S, BELL_ON_S, KEEP, Buzzer, YealinkDisplay
from offhookd.phone.buttons import DeviceId, Lamps, Press
from offhookd.phone.display import Counts, Screen
from tests.support.fakes import FakeClock

RINGING = Lamps(ringing=True, ringer=True)
TALKING = Lamps(off_hook=True)


class Blank(Panel):
    def show(self, lamps: Lamps) -> None:
        pass

    def draw(self, screen: Screen) -> None:
        pass


def told(driver: str, lamps: Lamps, *frames: tuple[int, ...]) -> list[str]:
    """What came of keys that were pressed and released."""
    found: list[str] = []

    def take(press: Press) -> None:
        found.append(f"{press.button}{'' if press.down else '-'} {press.text}".strip())

    phone = KeyPhone(DeviceId("it"), driver, FakeClock(), Blank())
    phone.pressed.connect(take)
    phone.show(lamps)
    for frame in frames:
        phone.receive([Key(code, down=True) for code in frame])
        phone.receive([Key(code, down=False) for code in frame])
    return found


KEYS = [
    ("yealink", Lamps(), [(11,), (2,), (10,)], ["digit 0", "digit 1", "digit 9"]),
    ("yealink", Lamps(), [(55,), (42, 4), (4,)], ["digit *", "digit #", "digit 3"]),
    ("yealink", Lamps(), [(28,), (1,)], ["hook", "hook-"]),
    ("yealink", Lamps(), [(103,), (108,)], ["volume-up", "volume-down"]),
    ("yealink", RINGING, [(28,), (1,)], ["hook", "reject"]),
    ("yealink", TALKING, [(28,), (1,)], ["flash", "hook-"]),
    ("yealink", TALKING, [(2000,), (0,)], []),
    (
        "cm109",
        Lamps(),
        [(0x200,), (0x209,), (0x20A,), (0x20B,)],
        ["digit 0", "digit 9", "digit *", "digit #"],
    ),
    ("cm109", Lamps(), [(248,), (115,)], ["mute", "volume-up"]),
]


@pytest.mark.parametrize(("driver", "lamps", "frames", "presses"), KEYS)
def test_keys_are_heard(
    driver: str, lamps: Lamps, frames: list[tuple[int, ...]], presses: list[str]
) -> None:
    assert told(driver, lamps, *frames) == presses


def test_a_hook_switch_is_one_where_there_is_one() -> None:
    presses: list[Press] = []
    phone = KeyPhone(DeviceId("it"), "yealink", FakeClock(), Blank())
    phone.pressed.connect(presses.append)
    phone.receive([Key(169, down=True)])
    assert phone.off_hook
    phone.show(TALKING)
    phone.receive([Key(169, down=False)])
    assert [press.down for press in presses] == [True, False]


class Sysfs(YealinkDisplay):
    """Keeps what was written, in order."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"))
        self.said: list[str] = []

    def _put(self, name: str, text: str) -> None:
        self.said.append(f"{name}={text.replace(KEEP, '...')}")


NOON = datetime(2026, 3, 9, 12, 5, tzinfo=UTC)


def test_the_display_shows_the_time_and_what_was_missed() -> None:
    display = Sysfs()
    display.draw(Screen(now=NOON, counts=Counts(missed=3, messages=1)))
    assert display.said == [
        "line1= 3M 9D12:05...  3",
        "line3=            ",
        "show_icon=IN",
        "show_icon=NEW",
    ]


def test_the_display_shows_who_calls_and_how_long_it_lasts() -> None:
    display = Sysfs()
    display.show(RINGING)
    display.draw(Screen(number="+49 (30) 1234567890123", incoming=True, now=NOON))
    assert display.said[:2] == ["show_icon=IN", "show_icon=RINGTONE"]
    assert display.said[3] == "line3=234567890123"
    display.said.clear()
    display.show(TALKING)
    display.draw(Screen(number="110", incoming=True, talked_s=61, now=NOON))
    assert display.said[-2:] == ["line1= 3M 9D 1:01...   ", "line3=110         "]
    display.draw(Screen(number="110", incoming=True, talked_s=3_720, now=NOON))
    assert display.said[-1] == "line1= 3M 9D 1:02...   "


def test_nothing_is_written_twice() -> None:
    display = Sysfs()
    display.draw(Screen(now=NOON))
    display.said.clear()
    display.draw(Screen(now=NOON))
    assert not display.said


def test_a_display_is_written_in_sysfs(tmp_path: Path) -> None:
    YealinkDisplay(tmp_path).draw(Screen(number="110", now=NOON))
    assert (tmp_path / "line3").read_text() == "110         "


def test_a_display_that_is_gone_is_dark(tmp_path: Path) -> None:
    YealinkDisplay(tmp_path / "gone").draw(Screen(number="110"))


def test_the_buzzer_rings_like_a_telephone() -> None:
    clock, heard = FakeClock(), list[bool]()
    buzzer = Buzzer(clock, heard.append)
    buzzer.show(RINGING)
    clock.advance(2 * (BELL_ON_S + BELL_OFF_S))
    assert heard == [True, False, True, False, True]
    buzzer.show(Lamps())
    clock.advance(10)
    assert heard == [True, False, True, False, True, False]
