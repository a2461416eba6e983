# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole calls with sets that declare themselves badly, or answer what they are told."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from offhookd.devices.hook import ACK_S, ECHO_S
from offhookd.devices.layout import layout
from offhookd.devices.mute import BURST_S
from offhookd.devices.touch import FINGER_S
from offhookd.phone.buttons import Button, Lamps, Press
from tests.support.telephone_set import IDLE, RINGING, TALKING, Bench, descriptor

BEHIND_S = 0.02
"""So long after it was told something a set answers."""

ACTIONS = descriptor("status report 7")
HOOK, MUTE = 0x01, 0x04
LIT_HOOK, LIT_MUTE = 0x0002, 0x4000
MUTED = replace(TALKING, muted=True)


class Phone(Bench):
    """Declares hook switch and mute as keys, shows lamps at once as a phone does, and answers them
    as `answer` says: from the lamps and the keys as they were to the keys as they are, one report
    after another."""

    def __init__(self, answer: Callable[[int, int], list[int]] | None = None) -> None:
        self.keys = 0
        self.answer = answer
        self.showing = IDLE
        super().__init__(ACTIONS)
        self.clock.advance(1)

    def move(self, keys: int, for_s: float = 0) -> list[str]:
        """The keys are like that now, and so long."""
        self.keys = keys
        told = self.play(f"07 {keys:02x}")
        self.clock.advance(for_s)
        return told + self.told

    def tell(self, lamps: Lamps, for_s: float = ACK_S) -> list[str]:
        self.showing = lamps
        self.set.show(lamps)
        self.clock.advance(for_s)
        return self.told

    def _send(self, report: bytes) -> None:
        super()._send(report)
        if self.answer:
            for keys in self.answer(int.from_bytes(report[1:], "little"), self.keys):
                self.clock.call_later(BEHIND_S, partial(self._say, keys))

    def _say(self, keys: int) -> None:
        self.keys = keys
        self.set.receive(bytes([7, keys]))

    def _press(self, press: Press) -> None:
        super()._press(press)
        if press.button is Button.HOOK:
            self.showing = replace(IDLE, off_hook=press.down)
        elif press.button is Button.MUTE:
            self.showing = replace(self.showing, muted=not self.showing.muted)
        self.set.show(self.showing)


def mirrors(lamps: int, _keys: int) -> list[int]:
    """Hook switch and mute are levels that follow their lamps."""
    return [HOOK * bool(lamps & LIT_HOOK) | MUTE * bool(lamps & LIT_MUTE)]


class Pulsing:
    """A set that answers each change of its mute lamp by a pulse of its mute button."""

    def __init__(self) -> None:
        self.lit = False

    def __call__(self, lamps: int, keys: int) -> list[int]:
        before, self.lit = self.lit, bool(lamps & LIT_MUTE)
        return [keys | MUTE, keys & ~MUTE] if before is not self.lit else []


def test_a_handset_that_is_declared_as_a_key_is_lifted_and_put_down() -> None:
    phone = Phone()
    phone.tell(RINGING)
    assert phone.move(HOOK, for_s=5) == ["hook+"]
    assert phone.showing.off_hook
    assert phone.move(0, for_s=5) == ["hook-"]
    assert phone.move(HOOK, for_s=5) == ["hook+"]
    assert phone.move(0) == ["hook-"]


def test_a_key_that_is_declared_as_one_lifts_and_hangs_up() -> None:
    phone = Phone()
    phone.tell(RINGING)
    assert phone.move(HOOK, for_s=0.3) + phone.move(0, for_s=5) == ["hook+"]
    assert phone.move(HOOK, for_s=0.3) + phone.move(0, for_s=5) == ["hook-"]
    assert not phone.showing.off_hook


def test_a_handset_in_the_hand_stays_lifted_when_the_far_end_hangs_up() -> None:
    phone = Phone()
    phone.move(HOOK, for_s=5)
    assert phone.tell(IDLE) == []
    assert phone.move(0, for_s=5) == []
    assert phone.move(HOOK) == ["hook+"]


def test_a_handset_is_heard_that_is_put_down_while_the_lamps_change() -> None:
    phone = Phone()
    phone.move(HOOK, for_s=5)
    phone.tell(replace(TALKING, held=True))
    phone.tell(TALKING, for_s=ECHO_S / 2)
    assert phone.move(0) == []
    phone.clock.advance(ECHO_S)
    assert phone.told == ["hook-"]


def test_a_handset_that_was_lifted_when_it_was_plugged_in_is_put_down() -> None:
    bench = Bench(ACTIONS)
    bench.play("07 01")
    bench.clock.advance(1)
    bench.show(TALKING)
    bench.clock.advance(ECHO_S)
    assert bench.play("07 00") == ["hook-"]


def test_the_level_that_answers_a_call_begun_here_does_not_end_it() -> None:
    phone = Phone(mirrors)
    assert phone.tell(TALKING) == []
    assert phone.keys == HOOK
    assert phone.tell(MUTED) == []
    assert phone.keys == HOOK | MUTE
    assert phone.tell(TALKING) == []
    assert phone.tell(IDLE) == []
    assert phone.keys == 0


def test_a_late_level_does_not_end_a_call_begun_here() -> None:
    phone = Phone()
    phone.tell(TALKING, for_s=ACK_S - 0.1)
    assert phone.move(HOOK, for_s=5) == []
    assert phone.move(0) == ["hook-"]


def test_a_mute_switch_that_is_declared_as_a_key_mutes_while_it_stands() -> None:
    phone = Phone()
    phone.tell(TALKING)
    assert phone.move(MUTE, for_s=5) == ["mute"]
    assert phone.showing.muted
    assert phone.move(0, for_s=5) == ["mute"]
    assert not phone.showing.muted


def test_a_mute_key_that_is_declared_as_one_turns_over() -> None:
    phone = Phone()
    phone.tell(TALKING)
    for muted in (True, False, True):
        assert phone.move(MUTE, for_s=0.2) + phone.move(0, for_s=1) == ["mute"]
        assert phone.showing.muted is muted


def test_a_mute_switch_that_stands_already_is_not_turned_over_again() -> None:
    phone = Phone()
    phone.tell(TALKING)
    phone.move(MUTE, for_s=FINGER_S + 1)
    phone.move(0, for_s=1)
    phone.tell(MUTED)
    assert phone.move(MUTE, for_s=5) == []
    assert phone.move(0) == ["mute"]


def test_a_set_that_pulses_for_every_mute_lamp_does_not_mute_for_ever() -> None:
    phone = Phone(Pulsing())
    phone.tell(TALKING)
    assert phone.tell(MUTED) == []
    assert phone.tell(TALKING) == []
    assert phone.move(MUTE, for_s=0.1) + phone.move(0, for_s=5) == ["mute"]
    assert phone.showing.muted


def test_a_set_that_pulses_for_its_own_mute_comes_to_rest_muted() -> None:
    phone = Phone(Pulsing())
    phone.tell(TALKING)
    phone.move(MUTE)
    phone.move(0, for_s=5)
    assert phone.showing.muted
    phone.move(MUTE)
    assert phone.move(0, for_s=5) == []
    assert not phone.showing.muted


def test_a_second_press_is_heard_as_soon_as_the_first_is_shown() -> None:
    phone = Phone()
    phone.tell(TALKING)
    for muted in (True, False):
        assert phone.move(MUTE) + phone.move(0, for_s=BURST_S) == ["mute"]
        assert phone.showing.muted is muted


def test_a_folded_microphone_refuses_to_be_unmuted() -> None:
    phone = Phone()
    phone.tell(TALKING)
    phone.tell(MUTED)
    phone.tell(TALKING, for_s=BEHIND_S)
    assert phone.move(MUTE, for_s=0.05) + phone.move(0, for_s=5) == ["mute"]
    assert phone.showing.muted


@pytest.mark.parametrize("muted", [True, False])
def test_a_level_that_lags_behind_the_lamp_does_not_turn_it_over(muted: bool) -> None:
    bench = Bench.settled(descriptor("Floss"))
    bench.show(TALKING)
    bench.show(replace(TALKING, muted=True))
    bench.show(replace(TALKING, muted=muted))
    assert bench.play("01 01", "01 03", "01 01" if not muted else "01 03") == []
    bench.clock.advance(1)
    assert bench.told == []


def test_a_level_that_stays_otherwise_than_its_lamp_is_meant() -> None:
    bench = Bench.settled(descriptor("Floss"))
    bench.play("01 01")
    bench.show(TALKING)
    bench.show(replace(TALKING, muted=True))
    bench.show(TALKING)
    bench.play("01 03")
    bench.clock.advance(1)
    assert "mute" in bench.told


def test_keys_of_an_array_are_buttons() -> None:
    array = "050b 0901 a101 8501 1501 2503 7508 9501 0920 092f 0926 8100 c0"
    bench = Bench.settled(bytes.fromhex(array))
    bench.answers = TALKING
    assert layout(bytes.fromhex(array)).has_hook
    assert bench.play("01 01", "01 00") == ["hook+"]
    assert bench.set.off_hook
    bench.clock.advance(5)
    assert bench.play("01 02", "01 00") == ["mute"]
    assert bench.play("01 01", "01 00") == ["hook-"]


def test_bytes_behind_a_report_are_none_of_it() -> None:
    bench = Bench.settled(ACTIONS)
    assert bench.play("07 01 ff ff ff ff ff ff") == ["hook+"]
    assert not bench.set.ignored


def test_lamps_declared_before_the_first_report_id_do_not_hide_the_ids() -> None:
    mixed = (
        "050b 0905 a101 1500 2501 7501 9501 0508 0917 9102 9507 9103"
        "8503 050b 9501 0920 8122 9507 8103 c0"
    )
    bench = Bench.settled(bytes.fromhex(mixed))
    assert bench.play("03 01") == ["hook+"]
