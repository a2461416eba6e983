# SPDX-License-Identifier: GPL-2.0-or-later
"""Private protocols: whole reports that mean a word."""

from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """What a report of a private protocol says; the digits are the keys of the keypad."""

    OFF_HOOK = "off-hook"
    ON_HOOK = "on-hook"
    HOOK = "hook"
    """The hook button was pressed, which turns over what was."""
    MUTE = "mute"
    FLASH = "flash"
    REDIAL = "redial"
    REJECT = "reject"
    DROP = "drop"
    HOLD = "hold"
    SPEAKER = "speaker"
    VOICE_MAIL = "voice-mail"
    VOLUME_UP = "volume-up"
    VOLUME_DOWN = "volume-down"
    SPEED_1 = "speed-dial-1"
    SPEED_2 = "speed-dial-2"
    SPEED_3 = "speed-dial-3"
    SPEED_4 = "speed-dial-4"
    LINE_1 = "line-1"
    LINE_2 = "line-2"
    KEY_0 = "0"
    KEY_1 = "1"
    KEY_2 = "2"
    KEY_3 = "3"
    KEY_4 = "4"
    KEY_5 = "5"
    KEY_6 = "6"
    KEY_7 = "7"
    KEY_8 = "8"
    KEY_9 = "9"
    KEY_STAR = "*"
    KEY_POUND = "#"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Bytes a report must begin with, written as ``02 .. !00``: exactly 02, anything, not 00."""

    bytes_: tuple[tuple[int, bool] | None, ...]

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """`ValueError` with the reason when `text` is none."""
        return cls(tuple(map(_byte, text.split())))

    def __str__(self) -> str:
        return " ".join(
            ".." if one is None else f"{'' if one[1] else '!'}{one[0]:02x}" for one in self.bytes_
        )

    def matches(self, report: bytes) -> bool:
        return len(report) >= len(self.bytes_) and all(
            wanted is None or (byte == wanted[0]) is wanted[1]
            for wanted, byte in zip(self.bytes_, report, strict=False)
        )


def _byte(text: str) -> tuple[int, bool] | None:
    if text == "..":
        return None
    digits = text.removeprefix("!")
    if len(digits) != len("00"):
        raise ValueError(f"{text[:10]!r} is no byte; write 02, !02 or ..")
    try:
        return int(digits, 16), digits == text
    except ValueError:
        raise ValueError(f"{text[:10]!r} is no byte; write 02, !02 or ..") from None
