# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones behind the kernel's own drivers: their keys, their display, their buzzer."""

from dataclasses import replace
from pathlib import Path

import pytest

from offhookd.devices.evdev import Key
from offhookd.devices.keyphone import KeyPhone, Panel
from offhookd.devices.panels import BELL_OFF_S, BELL_ON_S, Buzzer, YealinkDisplay
from offhookd.phone.buttons import DeviceId, Lamps, Press
from tests.support.fakes import FakeClock

RINGING = Lamps(ringing=True, ringer=True)
TALKING = Lamps(off_hook=True)


class Blank(Panel):
    def show(self, lamps: Lamps) -> None:
        pass

    def write(self, number: str) -> None:
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


def test_the_display_shows_number_and_icons(tmp_path: Path) -> None:
    display = YealinkDisplay(tmp_path)
    display.write("+49 (30) 1234567890123")
    assert (tmp_path / "line3").read_text() == "234567890123"
    display.write("110")
    assert (tmp_path / "line3").read_text() == "110         "
    display.show(RINGING)
    assert (tmp_path / "show_icon").read_text() == "RINGTONE"
    display.show(replace(RINGING, ringer=False))
    assert (tmp_path / "hide_icon").read_text() == "RINGTONE"


def test_a_display_that_is_gone_is_dark(tmp_path: Path) -> None:
    YealinkDisplay(tmp_path / "gone").write("110")


def test_the_buzzer_rings_like_a_telephone() -> None:
    clock, heard = FakeClock(), list[bool]()
    buzzer = Buzzer(clock, heard.append)
    buzzer.show(RINGING)
    clock.advance(2 * (BELL_ON_S + BELL_OFF_S))
    assert heard == [True, False, True, False, True]
    buzzer.show(Lamps())
    clock.advance(10)
    assert heard == [True, False, True, False, True, False]
