# SPDX-License-Identifier: GPL-2.0-or-later
"""A foreign party calls, and everything is done with the keys of the set."""

import time

from tests.vm.caller import Caller
from tests.vm.phones import UsbPhone
from tests.vm.telephone import Telephone

# Reports of the headset: hook switch 01, mute 04, flash 08.
LIFTED, PUT_DOWN = "02 01 00", "02 00 00"
MUTE_PRESSED, FLASH_PRESSED = "02 05 00", "02 09 00"
# Its lamps: off-hook 01, mute 02, ring 04, hold 08, microphone 10, ringer 20.
RINGS, TALKS, MUTED, IDLE = "02 24 00", "02 01 00", "02 13 00", "02 00 00"
TALKS_ONE_HELD = "02 09 00"

AUDIBLE = 1000
"""Of the tone's peak of 8000."""
NOTHING = 8
"""The smallest step of A-law, which has no zero (ITU-T G.711)."""

SILENCE_S = 0.5
"""Longer than any gap in the sound, and than a finger needs for a second press."""


def ring(telephone: Telephone, headset: UsbPhone) -> None:
    Caller(telephone.guest).call()
    telephone.wait_for_calls("incoming")
    headset.wait_for_lamps(RINGS)


def answer(telephone: Telephone, headset: UsbPhone) -> None:
    ring(telephone, headset)
    headset.report(LIFTED)
    telephone.wait_for_calls("active")
    headset.wait_for_lamps(TALKS)


def wait_for_sound(telephone: Telephone, headset: UsbPhone) -> None:
    """Its microphone's tone, which the caller sends back, comes out of its loudspeaker."""
    headset.take_peak()
    telephone.wait(lambda: headset.take_peak() > AUDIBLE, lambda: "the tone to come back")


def wait_for_silence(telephone: Telephone, headset: UsbPhone) -> None:
    heard_s = time.monotonic()

    def silent() -> bool:
        nonlocal heard_s
        if headset.take_peak() > NOTHING:
            heard_s = time.monotonic()
        return time.monotonic() - heard_s > SILENCE_S

    telephone.wait(silent, lambda: "silence")


def test_a_call_from_ring_to_hang_up(plugged: Telephone, headset: UsbPhone) -> None:
    answer(plugged, headset)
    wait_for_sound(plugged, headset)
    capture, playback, _ = plugged.get("Audio", "Active")
    assert headset.model.card in capture
    assert headset.model.card in playback
    assert [headset.model.card in one for one in plugged.sinks_in_use] == [True]
    assert [headset.model.card in one for one in plugged.sources_in_use] == [True]

    headset.report(MUTE_PRESSED, LIFTED)
    headset.wait_for_lamps(MUTED)
    assert plugged.calls[0]["Muted"] is True
    wait_for_silence(plugged, headset)
    headset.report(MUTE_PRESSED, LIFTED)
    headset.wait_for_lamps(TALKS)
    wait_for_sound(plugged, headset)

    headset.report(PUT_DOWN)
    plugged.wait_for_calls()
    headset.wait_for_lamps(IDLE)


def test_flash_answers_a_second_call_and_swaps(plugged: Telephone, headset: UsbPhone) -> None:
    answer(plugged, headset)
    (first,) = (call["Id"] for call in plugged.calls)
    Caller(plugged.guest, 6100).call()
    plugged.wait_for_calls("active", "incoming")
    headset.report(FLASH_PRESSED, LIFTED)
    wait_for_held(plugged, first)
    headset.wait_for_lamps(TALKS_ONE_HELD)
    (second,) = {call["Id"] for call in plugged.calls} - {first}
    headset.report(FLASH_PRESSED, LIFTED)
    wait_for_held(plugged, second)
    headset.wait_for_lamps(TALKS_ONE_HELD)


def wait_for_held(telephone: Telephone, call: int) -> None:
    """This one alone, and both are up."""

    def held() -> dict[int, bool]:
        return {one["Id"]: one["LocalHold"] for one in telephone.calls if one["State"] == "active"}

    telephone.wait(
        lambda: [key for key, on_hold in held().items() if on_hold] == [call] and len(held()) > 1,
        lambda: f"call {call} to be held, not {held()}",
    )
