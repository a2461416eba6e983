# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls whose parties all hear each other."""

from .call import Call
from .objects import PhoneObject, Property

CONFERENCE = "org.offhook.Phone1.Conference"


class Conference(PhoneObject):
    """Gone when fewer than two calls are left in it; hold, resume and mute of one of them are
    those of all."""

    call_paths = Property[list[str]](CONFERENCE, "Calls", [])
    muted = Property(CONFERENCE, "Muted", False)

    @property
    def calls(self) -> list[Call]:
        """Its members, oldest first."""
        return [call for call in self._phone.calls if call.path in self.call_paths]

    async def mute(self, muted: bool = True) -> None:
        """Close the microphone for everybody, or open it; the others go on hearing each other."""
        await self._set(CONFERENCE, "Muted", "b", muted)

    async def add(self, call: Call) -> None:
        """Take one more call in, off hold if need be."""
        await self._call(CONFERENCE, "Add", "o", call.path)

    async def split(self, call: Call) -> None:
        """A word with one of them alone; the others are held."""
        await self._call(CONFERENCE, "Split", "o", call.path)

    async def hangup(self) -> None:
        """End every call of it."""
        await self._call(CONFERENCE, "Hangup")
