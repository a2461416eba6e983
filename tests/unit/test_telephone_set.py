# SPDX-License-Identifier: GPL-2.0-or-later
"""What telephone sets say and are told, as transcripts of their reports."""

from dataclasses import replace

import pytest

from offhookd.devices.controls import Kind
from offhookd.devices.hook import ACK_S, ECHO_S, PULSE_S
from offhookd.devices.layout import layout
from offhookd.devices.mute import BURST_S
from offhookd.devices.quirks import Lamp, Quirks
from offhookd.devices.set import SETTLE_S
from offhookd.phone.buttons import Button, Lamps
from tests.support.telephone_set import (
    IDLE,
    RINGING,
    SHIPPED,
    TALKING,
    Bench,
    descriptor,
    unnumbered,
)

JABRA = descriptor("EVOLVE LINK MS")
BLACKWIRE = descriptor("Blackwire 3220")
FLOSS = descriptor("Floss")

PRESSES = [
    # set, reports, what the person did
    ("EVOLVE LINK MS", ["02 01 00", "02 00 00"], ["hook+"]),
    ("EVOLVE LINK MS", ["02 04 00", "02 00 00"], ["mute"]),
    ("EVOLVE LINK MS", ["02 08 00", "02 00 00", "02 10 00"], ["flash", "redial"]),
    ("EVOLVE LINK MS", ["02 40 00", "02 00 00"], ["reject"]),
    ("EVOLVE LINK MS", ["02 20 00"], ["speed-dial 1"]),
    ("EVOLVE LINK MS", ["01 02 00", "01 00 00", "01 01 00"], ["volume-up", "volume-down"]),
    ("EVOLVE LINK MS", ["02 80 00", "02 00 00"], ["digit 0"]),
    ("EVOLVE LINK MS", ["02 00 06", "02 00 00"], ["digit #"]),
    ("EVOLVE LINK MS", ["02 02 00", "02 00 00"], ["line-busy+", "line-busy-"]),
    ("BIZ 2400 II", ["02 20 00", "02 00 08"], ["voice-mail", "reject"]),
    ("Blackwire 3220", ["08 02", "08 00", "08 01"], ["hook+", "mute"]),
    ("Blackwire C5220", ["08 10"], ["reject"]),
    ("Poly Voyager Base CD", ["01 01", "01 03", "01 01"], ["hook+", "mute"]),
    ("SC 660 ANC USB", ["08 02", "08 12", "08 20"], ["hook+", "drop", "reject"]),
    ("IMPACT D", ["02 04", "02 24", "02 04"], ["hook+", "mute"]),
    ("CX300", ["01 01 00 00 40 d5 5a 00", "01 00 00 00 00 00 00 00"], ["hook+"]),
    ("CX300", ["01 00 0c 00 00 3c b5 00"], ["digit #"]),
    ("SP325", ["05 01", "05 03", "05 01", "05 81"], ["hook+", "mute", "reject"]),
    ("Razer USB microphone", ["02 01", "02 00"], ["hook+"]),
    ("telephony report 5", ["05 01 00", "05 81 00", "05 81 10"], ["hook+", "drop", "reject"]),
    ("consumer+telephony", ["01 00 02", "01 00 00", "01 00 01"], ["hook+", "redial"]),
    ("Qualcomm", ["02 02 00", "02 06 00", "02 02 00"], ["hook+", "flash"]),
    ("Floss", ["01 03", "01 01"], ["hook+", "mute"]),
    ("Apple", ["04", "00", "04"], ["flash", "flash"]),
    ("Launchpad", ["02 01", "02 00", "02 03"], ["mute"]),
    ("Microsoft VID", ["0b 01", "0b 00", "0b 20"], ["hook+", "reject"]),
]


@pytest.mark.parametrize(("name", "reports", "told"), PRESSES)
def test_a_set_is_heard(name: str, reports: list[str], told: list[str]) -> None:
    bench = Bench.settled(descriptor(name))
    assert bench.play(*reports) == told
    assert not bench.set.ignored


LAMPS = [
    # set, lamps one after another, the reports each of them makes
    (
        "EVOLVE LINK MS",
        [
            (RINGING, ["02 24 00"]),
            (TALKING, ["02 01 00"]),
            (replace(TALKING, muted=True), ["02 13 00"]),
            (replace(TALKING, held=True), ["02 09 00"]),
            (replace(TALKING, ringing=True), ["02 05 00"]),
            (replace(TALKING, ringing=True, ringer=True), ["02 25 00"]),
            (IDLE, ["02 01 00", "02 00 00"]),
        ],
    ),
    (
        "Blackwire 3220",
        [
            (RINGING, ["18 01"]),
            (TALKING, ["17 01", "18 00", "09 00"]),
            (replace(TALKING, muted=True), ["09 01"]),
            (replace(TALKING, held=True), ["09 00", "20 01"]),
            (IDLE, ["17 00", "20 00"]),
        ],
    ),
    ("CX300", [(RINGING, []), (TALKING, ["02 01"]), (IDLE, ["02 00"])]),
    ("MX Brio", [(TALKING, ["08 00"]), (replace(TALKING, muted=True), ["08 01"])]),
    ("Razer USB microphone", [(RINGING, []), (TALKING, [])]),
]


@pytest.mark.parametrize(("name", "steps"), LAMPS, ids=lambda one: str(one)[:20])
def test_lamps_are_whole_reports(name: str, steps: list[tuple[Lamps, list[str]]]) -> None:
    bench = Bench.settled(descriptor(name))
    for lamps, sent in steps:
        assert bench.show(lamps) == sent


def test_what_a_set_says_right_after_opening_is_how_it_was_found() -> None:
    bench = Bench(JABRA)
    assert bench.play("02 01 00") == []
    assert bench.set.off_hook is True
    assert not bench.set.ready
    bench.clock.advance(SETTLE_S)
    assert bench.set.ready
    assert bench.play("02 00 00", "02 01 00") == ["hook+"]


def test_every_lamp_is_written_when_the_set_is_opened() -> None:
    assert Bench(BLACKWIRE).sent == ["17 00", "18 00", "09 00", "20 00"]


def test_a_set_opened_again_is_told_what_it_showed() -> None:
    bench = Bench.settled(JABRA)
    bench.show(TALKING)
    bench.set.open()
    assert bench.sent == ["02 01 00"]


def test_the_answer_to_a_command_is_no_press() -> None:
    bench = Bench.settled(JABRA)
    bench.show(TALKING)
    bench.clock.advance(ACK_S - 0.1)
    assert bench.play("02 01 00") == []
    bench.clock.advance(ECHO_S)
    assert bench.play("02 00 00") == ["hook-"]
    bench.show(IDLE)
    bench.show(TALKING)
    assert bench.play("02 01 00", "02 00 00") == []


def test_a_late_answer_does_not_hang_up_the_next_call() -> None:
    bench = Bench.settled(JABRA)
    bench.answers = TALKING
    bench.play("02 01 00")
    bench.show(IDLE)
    bench.show(TALKING)
    assert bench.play("02 00 00", "02 01 00") == []
    bench.clock.advance(ACK_S)
    assert bench.told == []


def test_lifting_is_answered_at_once() -> None:
    bench = Bench.settled(JABRA)
    assert bench.show(RINGING) == ["02 24 00"]
    bench.answers = TALKING
    assert bench.play("02 01 00") == ["hook+"]
    assert bench.sent == ["02 01 00"]


def test_a_switch_that_returns_at_once_stays_lifted() -> None:
    """Jabra with Teams: 02 03, 02 00, and the call goes on."""
    bench = Bench.settled(JABRA)
    bench.show(RINGING)
    bench.answers = TALKING
    assert bench.play("02 03 00", "02 00 00") == ["hook+"]
    bench.clock.advance(ACK_S)
    assert bench.told == []
    bench.answers = None
    assert bench.play("02 01 00", "02 00 00") == ["hook-"]


def test_a_switch_that_says_twice_that_it_is_lifted_is_no_pulse() -> None:
    bench = Bench.settled(JABRA)
    bench.answers = TALKING
    assert bench.play("02 01 00", "02 05 00", "02 00 00") == ["hook+", "mute"]
    bench.clock.advance(ECHO_S)
    assert bench.told == ["hook-"]


def test_a_quick_hand_is_heard_when_the_echoes_are_over() -> None:
    bench = Bench.settled(JABRA)
    bench.answers = TALKING
    bench.play("02 01 00")
    bench.answers = None
    bench.clock.advance(PULSE_S + 0.05)
    assert bench.play("02 00 00") == []
    bench.clock.advance(ECHO_S)
    assert bench.told == ["hook-"]


def test_a_set_that_goes_on_hook_because_of_hold_does_not_hang_up() -> None:
    bench = Bench.settled(JABRA)
    bench.answers = TALKING
    bench.play("02 01 00")
    bench.clock.advance(ECHO_S)
    bench.show(replace(TALKING, held=True))
    bench.clock.advance(PULSE_S + 0.05)
    assert bench.play("02 00 00") == []
    bench.clock.advance(ACK_S)
    assert bench.told == []


def test_a_set_that_never_answers_hangs_up_all_the_same() -> None:
    bench = Bench.settled(JABRA)
    bench.show(TALKING)
    bench.clock.advance(60)
    assert bench.play("02 01 00", "02 00 00") == ["hook-"]


def test_a_set_without_off_hook_lamp_is_not_waited_for() -> None:
    bench = Bench.settled(descriptor("Razer USB microphone"))
    bench.answers = TALKING
    assert bench.play("02 01", "02 00") == ["hook+", "hook-"]


def test_a_hook_button_turns_over_what_was_agreed_on() -> None:
    bench = Bench.settled(descriptor("CX300"), SHIPPED.of(0x095D, 0x9201))
    bench.answers = TALKING
    lifted, rest = "01 01 00 00 40 d5 5a 00", "01 00 00 00 40 d5 5a 00"
    assert bench.play(lifted, rest) == ["hook+"]
    bench.clock.advance(ECHO_S)
    assert bench.play(lifted, rest) == ["hook-"]


def test_bursts_of_the_mute_button_are_one_press() -> None:
    bench = Bench.settled(JABRA)
    assert bench.play("02 04 00", "02 00 00", "02 04 00", "02 00 00") == ["mute"]
    bench.clock.advance(BURST_S)
    assert bench.play("02 04 00", "02 00 00") == ["mute"]


def test_a_mute_level_that_agrees_is_an_echo() -> None:
    bench = Bench.settled(FLOSS)
    bench.show(Lamps(off_hook=True, muted=True))
    assert bench.play("01 03") == []
    assert bench.play("01 01") == ["mute"]


def test_busy_by_our_own_call_is_not_told() -> None:
    bench = Bench.settled(JABRA)
    bench.show(TALKING)
    assert bench.play("02 03 00", "02 01 00") == []


def test_a_call_begins_with_the_truth_about_mute() -> None:
    bench = Bench.settled(BLACKWIRE)
    assert bench.show(replace(TALKING, muted=True)) == ["17 01", "09 01"]


def test_closing_leaves_the_set_idle() -> None:
    bench = Bench.settled(JABRA)
    assert bench.show(replace(RINGING, off_hook=True, muted=True)) == ["02 37 00"]
    bench.set.close()
    assert bench.sent == ["02 13 00", "02 00 00"]


def test_reports_of_no_known_shape_are_ignored_and_counted() -> None:
    bench = Bench.settled(JABRA)
    assert bench.play("", "02", "02 01", "02 01 00 00", "63 01", "02 01 00") == ["hook+"]
    assert bench.set.ignored == 4


def test_rewritten_lamps_get_the_opposite_first() -> None:
    bench = Bench.settled(JABRA, Quirks(rewrite=frozenset({Lamp.OFF_HOOK})))
    assert bench.show(TALKING) == ["02 00 00", "02 01 00"]


def test_a_button_can_be_meant_otherwise_or_not_at_all() -> None:
    quirks = Quirks(buttons={"consumer_mute": Button.MUTE}, ignore=frozenset({"volume_up"}))
    bench = Bench.settled(descriptor("H540"), quirks)
    assert bench.play("01 01", "01 05") == ["mute"]


def test_a_declared_button_may_be_a_state() -> None:
    bench = Bench.settled(descriptor("IMPACT D1"), SHIPPED.of(0x1395, 0x009C))
    bench.answers = TALKING
    assert bench.play("02 01") == ["hook+"]
    bench.clock.advance(ACK_S)
    assert bench.play("02 00") == ["hook-"]


def test_twice_on_hook_rejects_where_there_is_no_other_way() -> None:
    bench = Bench.settled(JABRA, Quirks(reject_by_hook=True))
    assert bench.play("02 00 00", "02 00 00") == []
    bench.show(RINGING)
    assert bench.play("02 00 00") == []
    assert bench.play("02 00 00") == ["reject"]


PRIVATE = [
    # model, reports, what the person did
    ((0x03F0, 0x1C07), ["00 41", "00 07", "00 05", "00 07", "00 05"], ["hook+", *["digit 1"] * 2]),
    (
        (0x03F0, 0x1C07),
        ["00 2b", "00 2f", "00 33", "00 47"],
        ["digit *", "digit 0", "digit #", "mute"],
    ),
    ((0x03F0, 0x1C07), ["00 43", "00 4b"], ["drop", "hold"]),
]


@pytest.mark.parametrize(("model", "reports", "told"), PRIVATE)
def test_a_private_protocol_is_heard(
    model: tuple[int, int], reports: list[str], told: list[str]
) -> None:
    bench = Bench.settled(descriptor("Internet Handset G9"), SHIPPED.of(*model))
    assert bench.play(*reports) == told


def test_the_ex_03_rings_and_is_heard() -> None:
    bench = Bench.settled(unnumbered(16, 33), SHIPPED.of(0x04B4, 0x0302))
    rest = " 00" * 13
    assert bench.show(RINGING) == ["00 01 ff 11" + " 00" * 30]
    assert bench.play("00 00 00" + rest) == ["hook+"]
    assert bench.play("00 15 00" + rest, "00 00 00" + rest) == ["digit 0"]
    bench.clock.advance(1)
    assert bench.play("00 00 01" + rest) == []  # it was never answered: nothing to hang up


def test_keys_of_two_bits_are_not_taken_for_digits() -> None:
    bench = Bench.settled(unnumbered(4, 4), SHIPPED.of(0x0471, 0x2013))
    assert bench.play("00 80 00 00", "00 88 00 00") == []
    bench.clock.advance(0.1)
    assert bench.told == ["mute"]
    assert bench.play("00 00 00 00", "00 01 00 00", "00 00 00 00") == ["digit 1"]
    assert bench.show(RINGING) == ["00 50 9c 07 8d"]


@pytest.mark.parametrize("kind", Kind)
def test_any_bytes_are_taken_without_harm(kind: Kind) -> None:
    bench = Bench.settled(JABRA, Quirks(hook=kind, mute=kind))
    for value in range(256):
        bench.play(f"02 {value:02x} 00", f"{value:02x}", f"02 00 {value:02x}")


def test_a_keyboard_is_no_telephone() -> None:
    keys = "05010906a101 0507 19e029e7 15002501 75019508 8102 0508 19012905 75019505 9102 c0"
    assert not layout(bytes.fromhex(keys)).telephone


@pytest.mark.parametrize("name", ["G535", "Game Voice", "Kraken Kitty", "H540"])
def test_what_has_no_telephone_keys_is_no_telephone(name: str) -> None:
    assert not layout(descriptor(name)).telephone
