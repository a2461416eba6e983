# SPDX-License-Identifier: GPL-2.0-or-later
"""What the user set while the phone ran, over any client; kept apart from the configuration."""

from dataclasses import dataclass
from enum import StrEnum


class Availability(StrEnum):
    """What the user wants others to see; "dnd" does not ring."""

    AVAILABLE = "available"
    BUSY = "busy"
    AWAY = "away"
    DND = "dnd"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneChoices:
    """`default_account` is "" while the configuration decides.  `watches`: addresses that are
    watched for good; `watch_serial`: no watch had a number above it."""

    availability: Availability = Availability.AVAILABLE
    note: str = ""
    default_account: str = ""
    watches: tuple[str, ...] = ()
    watch_serial: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChoices:
    """`enabled` is None while the configuration decides.  Forwarding targets are "" for off."""

    enabled: bool | None = None
    do_not_disturb: bool = False
    forward_always: str = ""
    forward_busy: str = ""
    forward_no_answer: str = ""
    forward_no_answer_seconds: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioChoices:
    """Preference lists of endpoint names, best first; () while the configuration decides."""

    capture: tuple[str, ...] = ()
    playback: tuple[str, ...] = ()
    ringer: tuple[str, ...] = ()
    ringer_volume: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChoices:
    """A device that is not enabled leaves its keys and its sound to others."""

    enabled: bool = True
