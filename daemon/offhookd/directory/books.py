# SPDX-License-Identifier: GPL-2.0-or-later
"""All address books: kept up to date, searched, and asked who calls."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from offhookd.config.schema import BookConfig, DirectoryConfig
from offhookd.phone.contacts import Contact, Directory, Source, SourceKind, SourceState
from offhookd.phone.errors import NotFoundError, PhoneError
from offhookd.phone.events import Signal
from offhookd.phone.problems import Problems

from .client import ReaderClient
from .errors import SourceError
from .index import DAMAGE, Index, is_damage, throw_away
from .jobs import Book, Job
from .keys import key_of

COPIED = frozenset({SourceKind.VCARD, SourceKind.CARDDAV, SourceKind.CSV})
"""Read as a whole and searched here; the others are asked each time."""
SEARCHED = frozenset({SourceKind.LDAP})
"""Of those that are asked: which can be searched by words."""

SYNC_LIMIT_S = 600.0
"""A hundred thousand contacts from a slow server."""
MOST_REMEMBERED = 512
"""Answers of servers about callers, "unknown" included: one that calls again is known at once."""

logger = logging.getLogger(__name__)
T = TypeVar("T")
PasswordFor = Callable[[BookConfig], Awaitable[str]]
"""Raises a `PhoneError` with a sentence."""


class AddressBooks(Directory):
    """`index`: where the copy of everything is kept; `country`: ISO 3166, for national numbers."""

    def __init__(
        self,
        index: Path,
        reader: ReaderClient,
        password_for: PasswordFor,
        problems: Problems,
        country: Callable[[], str],
    ) -> None:
        self.changed = Signal()
        self._path = index
        self._reader = reader
        self._password_for = password_for
        self._problems = problems
        self._country = country
        self._config = DirectoryConfig()
        self._states: dict[str, SourceState] = {}
        self._revision = 0
        self._asked: dict[str, Contact | None] = {}
        self._thread = ThreadPoolExecutor(1, "address books")
        self._index: Index | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._forgetting: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ life

    def configure(self, config: DirectoryConfig) -> None:
        """Use these address books from now on, and bring them up to date."""
        if config == self._config and self._forgetting:
            return
        before, self._config = self._config, config
        for name in [
            one for one in self._tasks if config.sources.get(one) != before.sources.get(one)
        ]:
            self._tasks.pop(name).cancel()
        for name in before.sources.keys() - config.sources.keys():
            self._problems.clear("directory-source", _subject(name))
        self._asked.clear()
        self._states = {
            name: self._states.get(
                name, SourceState.LOADING if one.kind in COPIED else SourceState.READY
            )
            for name, one in config.sources.items()
        }
        self._forgetting = asyncio.create_task(
            self._forget_others(self._forgetting), name="forgotten address books"
        )
        for name, book in config.sources.items():
            if book.kind in COPIED and name not in self._tasks:
                self._tasks[name] = asyncio.create_task(
                    self._keep_fresh(book, self._forgetting), name=f"address book {name}"
                )
        self.changed()

    async def stop(self) -> None:
        tasks = [*self._tasks.values(), *([self._forgetting] if self._forgetting else [])]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._reader.stop()
        if self._index:
            await self._in_thread(lambda index: index.close())
        self._thread.shutdown(wait=False)

    # ------------------------------------------------------------ Directory

    @property
    def sources(self) -> Sequence[Source]:
        return [
            Source(name, one.kind, self._states[name]) for name, one in self._config.sources.items()
        ]

    @property
    def revision(self) -> int:
        return self._revision

    async def search(self, text: str, limit: int) -> Sequence[Contact]:
        copied = self._copied()
        found = (
            await self._in_thread(lambda index: index.search(text, limit, copied)) if copied else []
        )
        servers = [one for one in self._config.sources.values() if one.kind in SEARCHED]
        if text.strip() and len(found) < limit:
            asked = (self._ask(one, "search", text, limit - len(found)) for one in servers)
            for people in await asyncio.gather(*asked):
                found += people
        return found[:limit]

    async def lookup(self, uri: str) -> Contact | None:
        if not self._config.sources:
            return None
        copied = self._copied()
        if copied and (found := await self._in_thread(lambda index: index.lookup(uri, copied))):
            return found
        key = key_of(uri, self._country())
        if key in self._asked:
            return self._asked[key]
        servers = [one for one in self._config.sources.values() if one.kind not in COPIED]
        answers = await asyncio.gather(*(self._ask(one, "lookup", uri, 1) for one in servers))
        answer = next((people[0] for people in answers if people), None)
        if servers and not any(self._failed(one.id) for one in servers):
            self._remember(key, answer)
        return answer

    async def refresh(self, source: str) -> None:
        if source and source not in self._config.sources:
            raise NotFoundError(f"There is no address book '{source}'")
        self._asked.clear()
        wanted = [source] if source else list(self._config.sources)
        books = [self._config.sources[one] for one in wanted]
        failures = await asyncio.gather(*(self._sync(one) for one in books if one.kind in COPIED))
        if said := " ".join(filter(None, failures)):
            raise PhoneError(said)

    # ------------------------------------------------------------ how

    def _is_filled(self) -> bool:
        """Whether there is an index at all; asked without a thread, which would stay."""
        return self._path.exists()

    def _copied(self) -> list[str]:
        return [name for name, one in self._config.sources.items() if one.kind in COPIED]

    async def _forget_others(self, before: asyncio.Task[None] | None) -> None:
        """Let the index keep nothing of books that are configured no more, since now or before
        the start."""
        if before:
            await asyncio.wait([before])
        if not self._is_filled():
            return
        with suppress(PhoneError, SourceError):
            known = await self._in_thread(lambda index: index.sources)
            for name in set(known).difference(self._copied()):
                book = Book(id=name, kind=SourceKind.VCARD)
                job = Job(request=0, do="forget", book=book, index=str(self._path))
                await self._reader.ask(job, SYNC_LIMIT_S)

    async def _keep_fresh(self, book: BookConfig, after: asyncio.Task[None]) -> None:
        await asyncio.wait([after])
        while True:
            await self._sync(book)
            await asyncio.sleep(self._config.refresh_minutes * 60)

    async def _sync(self, book: BookConfig) -> str:
        """Bring the copy of `book` up to date; "" or the sentence that says why it failed."""
        self._enter(book.id, SourceState.LOADING)
        failure = remark = ""
        try:
            job = await self._job(book, "sync")
            remark = (await self._reader.ask(job, SYNC_LIMIT_S)).remark
        except (SourceError, PhoneError) as error:
            failure = str(error)
        if book.id not in self._states:  # removed meanwhile
            return ""
        self._report(book, failure or remark)
        with suppress(PhoneError):
            self._revision = await self._in_thread(lambda index: index.revision)
        self._enter(book.id, SourceState.FAILED if failure else SourceState.READY)
        return failure

    async def _ask(self, book: BookConfig, do: str, text: str, limit: int) -> list[Contact]:
        """What a server says; nothing, and a problem, when it does not."""
        try:
            job = replace(await self._job(book, do), text=text, limit=limit)
            # The reader may have to be started, and its libraries have limits of their own.
            people = (await self._reader.ask(job, book.timeout_seconds + 1.0)).contacts
        except (SourceError, PhoneError) as error:
            self._report(book, str(error))
            self._enter(book.id, SourceState.FAILED)
            return []
        if self._failed(book.id):
            self._report(book, "")
            self._enter(book.id, SourceState.READY)
        return list(people)

    async def _job(self, book: BookConfig, do: str) -> Job:
        """For the reader; with the password, which is asked for anew each time."""
        password = await self._password_for(book)
        return Job(
            request=0,
            do=do,
            book=book_for(book, password),
            index=str(self._path),
            country=self._country(),
        )

    def _failed(self, name: str) -> bool:
        return self._states.get(name) is SourceState.FAILED

    def _report(self, book: BookConfig, text: str) -> None:
        if text:
            logger.warning("address book %s: %s", book.id, text)
        self._problems.hold("directory-source", text and f"{book.id}: {text}", _subject(book.id))

    def _enter(self, name: str, state: SourceState) -> None:
        if name in self._states and self._states[name] is not state:
            self._states[name] = state
            self.changed()

    def _remember(self, key: str, answer: Contact | None) -> None:
        if len(self._asked) >= MOST_REMEMBERED:
            self._asked.clear()
        self._asked[key] = answer

    async def _in_thread(self, act: Callable[[Index], T]) -> T:
        def run() -> T:
            try:
                return act(self._current_index())
            except (*DAMAGE, OSError) as error:
                if is_damage(error):
                    throw_away(self._path)
                raise PhoneError(
                    f"The index of the address books cannot be read: {error}"
                ) from None

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _current_index(self) -> Index:
        """The reader begins a new file where the old one was damaged."""
        if self._index and not self._index.current:
            self._index.close()
            self._index = None
        if self._index is None:
            self._index = Index(self._path, lambda uri: key_of(uri, self._country()))
        return self._index


def _subject(name: str) -> str:
    return f"directory/{name}"


def book_for(config: BookConfig, password: str) -> Book:
    """What the reader is told of an address book."""
    return Book(
        id=config.id,
        kind=config.kind,
        path=str(config.path or ""),
        url=config.url,
        username=config.username,
        password=password,
        ca_file=str(config.ca_file or ""),
        columns=dict(config.columns),
        base=config.base,
        filter=config.filter,
        start_tls=config.start_tls,
        attributes=dict(config.attributes),
        fields=dict(config.fields),
        seconds=config.timeout_seconds,
    )
