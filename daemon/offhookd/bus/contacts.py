# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Contacts: look-ups in the address books."""

from collections.abc import Mapping, Sequence

from offhookd.phone.contacts import Contact, Directory
from offhookd.phone.errors import InvalidArgumentError, NotFoundError
from offhookd.phone.watches import Watches

from .exported import method
from .options import options
from .presence import Watching
from .signature import Typed

MOST_CONTACTS = 500
"""In one answer; nobody scrolls further while typing."""
LONGEST_TEXT = 256


class ContactsInterface(Watching):
    interface = "org.offhook.Phone1.Contacts"

    def __init__(self, directory: Directory, watches: Watches) -> None:
        super().__init__(watches)
        self._directory = directory

    def values(self) -> Mapping[str, object]:
        return {
            "Sources": [(one.id, one.kind, one.state) for one in self._directory.sources],
            "Revision": self._directory.revision,
        }

    @method("Search")
    async def search(
        self, text: str, limit: int, given: dict[str, object]
    ) -> Sequence[Mapping[str, Typed]]:
        options(given, {})
        _check_text(text)
        found = await self._directory.search(text, min(limit, MOST_CONTACTS))
        return [shown(one) for one in found]

    @method("Lookup")
    async def lookup(self, uri: str) -> Mapping[str, Typed]:
        _check_text(uri)
        found = await self._directory.lookup(uri)
        if found is None:
            raise NotFoundError(f"No address book knows {uri}")
        return shown(found)

    @method("Refresh")
    async def fetch_again(self, source: str) -> None:
        await self._directory.refresh(source)


def shown(contact: Contact) -> dict[str, Typed]:
    return {
        "id": Typed("s", contact.id),
        "source": Typed("s", contact.source),
        "name": Typed("s", contact.name),
        "organization": Typed("s", contact.organization),
        "note": Typed("s", contact.note),
        "url": Typed("s", contact.url),
        "photo-path": Typed("s", contact.photo_path),
        "uris": Typed("a(ss)", contact.uris),
    }


def _check_text(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise InvalidArgumentError(
            f"The text has {len(text)} characters; {LONGEST_TEXT} are allowed"
        )
