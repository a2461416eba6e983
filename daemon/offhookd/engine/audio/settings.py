# SPDX-License-Identifier: GPL-2.0-or-later
"""What the user chose for the sound of calls."""

from dataclasses import dataclass
from enum import StrEnum


class Backend(StrEnum):
    AUTO = "auto"
    PULSE = "pulse"
    SILENT = "silent"


class OnUnplug(StrEnum):
    """What happens when the device of a call disappears."""

    HOLD = "hold"
    SPEAKER = "speaker"
    HANGUP = "hangup"


@dataclass(frozen=True, slots=True)
class Settings:
    """`capture` and `playback` are names of the sound server; "" is its default device."""

    backend: Backend = Backend.AUTO
    capture: str = ""
    playback: str = ""
    on_unplug: OnUnplug = OnUnplug.HOLD

    @property
    def may_move(self) -> bool:
        """Whether a call may go on through a device the user has not named."""
        return self.on_unplug is OnUnplug.SPEAKER
