# SPDX-License-Identifier: GPL-2.0-or-later
"""Colleagues: what they and their telephones do."""

from typing import TYPE_CHECKING

from .contacts import CONTACTS
from .objects import PhoneObject, Property

if TYPE_CHECKING:
    from .call import Call

PRESENCE = "org.offhook.Phone1.Presence"


class Presence(PhoneObject):
    """A watched address."""

    uri = Property(PRESENCE, "Uri", "")
    label = Property(PRESENCE, "Label", "")
    state = Property(PRESENCE, "State", "unknown")
    dialog = Property(PRESENCE, "Dialog", "unknown")
    note = Property(PRESENCE, "Note", "")
    subscription = Property(PRESENCE, "Subscription", "pending")
    subscription_text = Property(PRESENCE, "SubscriptionText", "")
    desk_phone = Property(PRESENCE, "DeskPhone", "")
    dialogs = Property[list[tuple[str, str, str, str]]](PRESENCE, "Dialogs", [])
    """The calls there: state, direction, address and name of the far end."""

    async def pickup(self) -> "Call":
        """Take over the call that rings there; the new call here."""
        return self._phone.made(await self._call(PRESENCE, "Pickup"))

    async def unwatch(self) -> None:
        """Watch it no more, unless the configuration does."""
        await self._phone.request(self._phone.path, CONTACTS, "Unwatch", "o", self.path)
