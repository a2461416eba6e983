# SPDX-License-Identifier: GPL-2.0-or-later
"""The sound goes where the person is: to the set that was lifted, and nowhere else."""

from collections.abc import Callable
from enum import StrEnum

from .buttons import DeviceId


class Place(StrEnum):
    """Where the sound of calls is."""

    CHOSEN = "chosen"
    """On the devices of the user's choice; no set has it."""
    SET = "set"
    TORN = "torn"
    """It was on a set that has been unplugged since, in a call; nothing is heard."""


class Following:
    """`follow` is told the capture and the playback endpoint to use, "" for the user's choice.

    Endpoints of a set that vanish in a call are named all the same: what was said into a private
    ear must not come out of the loudspeakers because the sound went before the keys did.
    """

    def __init__(self, follow: Callable[[str, str], None]) -> None:
        self._follow = follow
        self._place = Place.CHOSEN
        self._device: DeviceId | None = None
        self._names = "", ""

    @property
    def torn(self) -> DeviceId | None:
        """The set that a call has lost."""
        return self._device if self._place is Place.TORN else None

    def on(self, device: DeviceId, capture: str, playback: str, *, keep: bool) -> None:
        """The sound belongs to `device`; `keep` what it had, where it has nothing now."""
        if keep and device == self._device:
            capture, playback = capture or self._names[0], playback or self._names[1]
        self._enter(Place.SET, device, capture, playback)

    def tear(self) -> None:
        """The set that has the sound was unplugged in a call."""
        if self._place is Place.SET:
            self._place = Place.TORN

    def off(self) -> None:
        """No set asks for the sound; what a call has lost is waited for."""
        if self._place is not Place.TORN:
            self.release()

    def release(self) -> None:
        """Back to the devices of the user's choice, whatever was."""
        self._enter(Place.CHOSEN, None, "", "")

    def _enter(self, place: Place, device: DeviceId | None, capture: str, playback: str) -> None:
        self._place, self._device, self._names = place, device, (capture, playback)
        self._follow(capture, playback)
