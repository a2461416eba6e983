# SPDX-License-Identifier: GPL-2.0-or-later
"""The reader process: does the jobs that come in on stdin, several at once, until stdin ends."""

import resource
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO

from offhookd.config.files import UnreadableError, read_bytes
from offhookd.phone.contacts import Contact, SourceKind

from .errors import SourceError
from .index import DAMAGE, Index, is_damage, throw_away
from .jobs import LONGEST_LINE, Book, Job, Result
from .keys import key_of
from .photos import keep_only

JOBS_AT_ONCE = 4
MOST_MEMORY = 1 << 30
"""Bytes of address space: what a bomb among the address books may take."""
MOST_FILE_BYTES = 256_000_000
MOST_FILES = 10_000


def serve(jobs: BinaryIO, results: BinaryIO) -> None:
    """Returns at the end of `jobs`, when the last of them is done."""
    Reader(results).serve(jobs)


class Reader:
    def __init__(self, results: BinaryIO) -> None:
        self._results = results
        self._writing = threading.Lock()
        self._filling = threading.Lock()

    def serve(self, jobs: BinaryIO) -> None:
        with ThreadPoolExecutor(JOBS_AT_ONCE) as pool:
            while line := jobs.readline(LONGEST_LINE):
                pool.submit(self._do, line)

    def _do(self, line: bytes) -> None:
        job = Job.decode(line)
        try:
            result = self._result(job)
        except SourceError as error:
            result = Result(request=job.request, error=str(error))
        except ImportError as error:
            result = Result(
                request=job.request,
                error=f"The Python package {error.name} is missing: install offhook[directory]",
            )
        except MemoryError:
            result = Result(request=job.request, error=f"{job.book.id} is too big to be read")
        except Exception as error:  # noqa: BLE001 - the fence: one source must not end the others
            result = Result(request=job.request, error=f"{type(error).__name__}: {error}")
        with self._writing:
            self._results.write(result.encode())
            self._results.flush()

    def _result(self, job: Job) -> Result:
        if job.do in ("sync", "forget"):
            return self._filled_anew(job)
        found = tuple(ask(job))
        return Result(request=job.request, contacts=found, count=len(found))

    def _filled_anew(self, job: Job) -> Result:
        """In a new index, where the old one is damaged."""
        with self._filling:
            try:
                return _filled(job)
            except DAMAGE as error:
                if not is_damage(error):
                    raise
                throw_away(Path(job.index))
                return _filled(job)


def _filled(job: Job) -> Result:
    path = Path(job.index)
    photos = path.parent / "photos"
    with Index(path, partial(key_of, country=job.country)) as index:
        remark = ""
        if job.do == "forget":
            index.forget(job.book.id)
        else:
            index.begin(job.book.id, job.origin)
            remark = sync(job.book, index, photos)
        keep_only(index.photos, photos)
        count = len(index.versions(job.book.id))
    return Result(request=job.request, count=count, remark=remark)


def sync(book: Book, index: Index, photos: Path) -> str:
    """Bring what `index` has of `book` up to date; a remark on what was passed over."""
    match book.kind:
        case SourceKind.CARDDAV:
            from .carddav import CardDav  # noqa: PLC0415 - each library only where it is used

            return CardDav(book).sync(index, photos)
        case SourceKind.VCARD:
            return _sync_files(book, index, "*.vcf", partial(_cards, book, photos))
        case SourceKind.CSV:
            return _sync_files(book, index, "*.csv", partial(_table, book))
    return ""


def ask(job: Job) -> Iterable[Contact]:
    """What the server of a book that is not copied says."""
    match job.book.kind, job.do:
        case SourceKind.LDAP, "search":
            from .ldap import search  # noqa: PLC0415 - as above

            return search(job.book, job.text, job.limit)
        case SourceKind.LDAP, "lookup":
            from .ldap import lookup  # noqa: PLC0415 - as above

            photos = Path(job.index).parent / "photos-of-callers" if job.index else None
            return filter(None, [lookup(job.book, job.text, job.country, photos)])
        case SourceKind.HTTP, "lookup":
            from .web import lookup as ask_web  # noqa: PLC0415 - as above

            return filter(None, [ask_web(job.book, job.text, job.country)])
    return ()


def _cards(book: Book, photos: Path, text: str) -> tuple[list[Contact], int]:
    from .cards import read_cards  # noqa: PLC0415 - as above

    return read_cards(text, book.id, photos)


def _table(book: Book, text: str) -> tuple[list[Contact], int]:
    from .tables import read_table  # noqa: PLC0415 - as above

    return read_table(text, book.id, book.columns), 0


def _sync_files(
    book: Book, index: Index, pattern: str, read: Callable[[str], tuple[list[Contact], int]]
) -> str:
    """Read `book.path`, a file or the directory of many, unless it is as it was."""
    path = Path(book.path)
    try:
        files = sorted(path.glob(pattern))[:MOST_FILES] if path.is_dir() else [path]
        mark = " ".join(
            f"{one.name}:{one.stat().st_mtime_ns}:{one.stat().st_size}" for one in files
        )
        if mark and mark == index.mark(book.id):
            return ""
        contacts: list[Contact] = []
        unreadable = 0
        for one in files:
            found, bad = read(_text_of(one))
            contacts += found
            unreadable += bad
    except OSError as error:
        raise SourceError(f"{error.filename}: {error.strerror}") from None
    except (SourceError, UnreadableError) as error:
        raise SourceError(f"{one}: {error}") from None
    index.replace(book.id, contacts, mark)
    return f"{path}: {unreadable} cards cannot be read" if unreadable else ""


def _text_of(path: Path) -> str:
    """As UTF-8, or as what older programs of Western languages wrote."""
    data, _ = read_bytes(path, MOST_FILE_BYTES)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    serve(sys.stdin.buffer, sys.stdout.buffer)
