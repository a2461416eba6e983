# SPDX-License-Identifier: GPL-2.0-or-later
"""The address books."""

from typing import TypedDict

from .objects import PhoneObject, Property

CONTACTS = "org.offhook.Phone1.Contacts"

Contact = TypedDict(
    "Contact",
    {
        "id": str,
        "source": str,
        "name": str,
        "organization": str,
        "note": str,
        "url": str,
        "photo-path": str,
        "uris": list[tuple[str, str]],
    },
)
"""As in the contract; `uris` are pairs of a kind and what can be dialled."""

REFRESH_LIMIT_S = 600.0
"""A large address book on a slow server."""


class Contacts(PhoneObject):
    """Who is in the configured address books; whom to watch is `Phone.watch`."""

    sources = Property[list[tuple[str, str, str]]](CONTACTS, "Sources", [])
    """(id, kind, state) of each address book."""
    revision = Property(CONTACTS, "Revision", 0)
    """Grows whenever somebody in them changed."""

    async def search(self, text: str, limit: int = 20) -> list[Contact]:
        """Whose name, organization or number has words that begin like those of `text`."""
        (found,) = await self._call(CONTACTS, "Search", "sua{sv}", text, limit, {})
        people: list[Contact] = found
        return people

    async def lookup(self, uri: str) -> Contact:
        """Who has this number or address; `OffhookError` when nobody is known."""
        (found,) = await self._call(CONTACTS, "Lookup", "s", uri)
        person: Contact = found
        return person

    async def refresh(self, source: str = "") -> None:
        """Fetch one address book, or all, again."""
        await self._call(CONTACTS, "Refresh", "s", source, timeout_s=REFRESH_LIMIT_S)
