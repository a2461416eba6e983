# SPDX-License-Identifier: GPL-2.0-or-later
"""Tones made inside the conference: call progress for the loudspeaker, DTMF for the far end."""

from typing import Any

import pjsua2 as pj

from .audio.tones import segments
from .sip_endpoint import CLOCK_RATE

TONE_VOLUME = 6_000
"""Peak of 32767; two frequencies add up to about -10 dBm0 (ITU-T E.180)."""

DTMF_VOLUME = 12_000
"""Each frequency; about -8 dBm0 as Q.23 asks of a sender."""


BEEP_HZ, BEEP_MS, BEEP_EVERY_MS = 1_400, 500, 15_000
"""The recorder warning tone of Federal Standard 1037C."""


def new_generator() -> Any:
    generator = pj.ToneGenerator()
    generator.createToneGenerator(CLOCK_RATE, 1)
    return generator


def start_tone(generator: Any, tone: str, country: str) -> None:
    """Repeat the tone for ever.  Raises ValueError when there is no such tone."""
    descriptions = pj.ToneDescVector()
    for first_hz, second_hz, on_ms, off_ms in segments(tone, country):
        description = pj.ToneDesc()
        description.freq1 = first_hz
        description.freq2 = second_hz
        description.on_msec = on_ms
        description.off_msec = off_ms
        description.volume = TONE_VOLUME
        descriptions.append(description)
    generator.stop()
    loop = True  # SWIG takes no keywords
    generator.play(descriptions, loop)


def start_digits(generator: Any, digits: str, on_ms: int, off_ms: int) -> None:
    """Play DTMF once (ITU-T Q.23)."""
    descriptions = pj.ToneDigitVector()
    for digit in digits:
        description = pj.ToneDigit()
        description.digit = digit
        description.on_msec = on_ms
        description.off_msec = off_ms
        description.volume = DTMF_VOLUME
        descriptions.append(description)
    generator.playDigits(descriptions)


def start_beeps(generator: Any) -> None:
    """The tone that says that a call is recorded, every 15 s for ever."""
    description = pj.ToneDesc()
    description.freq1 = BEEP_HZ
    description.on_msec = BEEP_MS
    description.off_msec = BEEP_EVERY_MS - BEEP_MS
    description.volume = TONE_VOLUME
    descriptions = pj.ToneDescVector()
    descriptions.append(description)
    loop = True  # SWIG takes no keywords
    generator.play(descriptions, loop)
