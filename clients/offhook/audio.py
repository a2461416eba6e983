# SPDX-License-Identifier: GPL-2.0-or-later
"""Sound devices and volumes."""

from collections.abc import Sequence
from typing import Any, TypedDict

from .bus import REPLY_TIMEOUT_S
from .objects import PhoneObject, Property

AUDIO = "org.offhook.Phone1.Audio"

PATHS = ("capture", "playback", "ringer")
"""The ways of sound: a microphone, the loudspeaker of calls, what rings."""


class Endpoint(TypedDict):
    """A sound device; `device` is the path of the telephone set it belongs to, or "/"."""

    description: str
    direction: str
    available: bool
    device: str


class Audio(PhoneObject):
    """`path` is one of `PATHS`; volumes are 0.0 to 1.0."""

    silenced = Property(AUDIO, "Silenced", False)
    endpoints = Property[dict[str, Endpoint]](AUDIO, "Endpoints", {})
    """By their names."""

    def preferences(self, path: str) -> list[str]:
        """Names of endpoints, best first."""
        names: list[str] = self._own(path.capitalize(), [])
        return names

    def active(self, path: str) -> str:
        """The endpoint in use, "" for none."""
        return str(self._own("Active", ("",) * len(PATHS))[PATHS.index(path)])

    def volume(self, path: str) -> float:
        """Of this path; 0.0 where there is no daemon."""
        return float(self._own(f"{path.capitalize()}Volume", 0.0))

    def _own(self, name: str, absent: object) -> Any:
        """As `Property`, for names that are made of the path's."""
        return self.interfaces.get(AUDIO, {}).get(name, absent)

    async def prefer(self, path: str, names: Sequence[str]) -> None:
        """Use the first of these endpoints that is there; "default": the sound server's choice."""
        await self._set(AUDIO, path.capitalize(), "as", list(names))

    async def set_volume(self, path: str, volume: float) -> None:
        """Of this path, for the device in use."""
        await self._set(AUDIO, f"{path.capitalize()}Volume", "d", volume)

    async def silence(self, silent: bool = True) -> None:
        """Stop the ringer until the ringing ends, or let it ring again."""
        await self._set(AUDIO, "Silenced", "b", silent)

    async def test(self, path: str, seconds: int) -> float:
        """Play a tone, or loop the microphone back; the highest level heard."""
        timeout_s = REPLY_TIMEOUT_S + seconds
        (peak,) = await self._call(AUDIO, "Test", "su", path, seconds, timeout_s=timeout_s)
        return float(peak)
