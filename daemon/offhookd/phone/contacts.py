# SPDX-License-Identifier: GPL-2.0-or-later
"""People and companies in the address books, as everybody who asks for them sees them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .events import Signal


class SourceKind(StrEnum):
    VCARD = "vcard"
    CARDDAV = "carddav"
    LDAP = "ldap"
    CSV = "csv"
    HTTP = "http"


class SourceState(StrEnum):
    READY = "ready"
    LOADING = "loading"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Source:
    """An address book: `id` is its key in the configuration."""

    id: str
    kind: SourceKind
    state: SourceState


@dataclass(frozen=True, slots=True)
class Contact:
    """One entry.  `id` names it within its source and outlives a refresh; `uris` are pairs of a
    kind ("work", "cell", "sip", ...) and what can be dialled, the preferred one first.

    `photo_path` is a local file, `url` whatever page belongs to the person; each is "" where the
    address book has none.
    """

    id: str
    source: str
    name: str
    organization: str = ""
    note: str = ""
    url: str = ""
    photo_path: str = ""
    uris: tuple[tuple[str, str], ...] = ()


class Directory(ABC):
    """All address books together; `changed` fires when a source changed its state or content."""

    changed: Signal[[]]

    @property
    @abstractmethod
    def sources(self) -> Sequence[Source]: ...

    @property
    @abstractmethod
    def revision(self) -> int:
        """Grows with every change of content."""

    @abstractmethod
    async def search(self, text: str, limit: int) -> Sequence[Contact]:
        """Whose name, organization or number has words that begin like those of `text`."""

    @abstractmethod
    async def lookup(self, uri: str) -> Contact | None:
        """Who is called or calls under `uri`."""

    @abstractmethod
    async def refresh(self, source: str) -> None:
        """Fetch `source` ("" for all) again; `NotFoundError` when there is no such source,
        another `PhoneError` with a sentence when it failed."""
