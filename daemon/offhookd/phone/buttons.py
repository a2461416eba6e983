# SPDX-License-Identifier: GPL-2.0-or-later
"""What a telephone set says with its buttons and is told with its lamps.

Devices speak in reports and bits; above them there is only this vocabulary (HID Usage Tables 1.4,
pages 0x0B Telephony and 0x08 LED, in the words of telephony).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

DeviceId = NewType("DeviceId", str)
"""Vendor, product and serial number, or the port where there is none: stable over replugging."""


class Button(StrEnum):
    HOOK = "hook"
    MUTE = "mute"
    FLASH = "flash"
    REDIAL = "redial"
    REJECT = "reject"
    DROP = "drop"
    HOLD = "hold"
    DIGIT = "digit"
    SPEED_DIAL = "speed-dial"
    LINE = "line"
    SPEAKER = "speaker"
    VOICE_MAIL = "voice-mail"
    VOLUME_UP = "volume-up"
    VOLUME_DOWN = "volume-down"
    LINE_BUSY = "line-busy"
    """Not a button: the set is in a call of another program."""


@dataclass(frozen=True, slots=True)
class Press:
    """A person did something.

    `down`: for HOOK True is off-hook; for LINE_BUSY True is busy; for all others only presses are
    told and it is True.  `text`: the digit of DIGIT ("0".."9", "*", "#"), the number of SPEED_DIAL
    and LINE ("1"...).  Echoes of what the host wrote are no presses and never get here.
    """

    device: DeviceId
    button: Button
    down: bool = True
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lamps:
    """What a set should show, whole: the device layer makes the reports from it.

    `ringing` is seen, `ringer` is heard.
    """

    off_hook: bool = False
    ringing: bool = False
    muted: bool = False
    held: bool = False
    message_waiting: bool = False
    ringer: bool = False


class Sets(ABC):
    """The telephone sets that are plugged in, as the handset logic sees them."""

    @abstractmethod
    def show(self, device: DeviceId, lamps: Lamps) -> None:
        """Make the lamps of `device` say this; nothing happens when they do already."""

    @abstractmethod
    def change_volume(self, device: DeviceId, steps: int) -> None:
        """Turn the loudspeaker of `device` up or down."""
