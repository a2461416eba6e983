# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that reads address books, when a job of its never ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from offhookd.directory.client import ReaderClient
from offhookd.directory.errors import SourceError
from offhookd.directory.jobs import Book, Job
from offhookd.phone.contacts import SourceKind
from tests.support.processes import until

READER = """
import json, os, sys, threading
later = []
for line in sys.stdin:
    job = json.loads(line)
    answer = {"request": job["request"], "contacts": [], "remark": str(os.getpid())}
    if job["text"] == "later":
        later.append(answer)
    elif job["text"] != "never":
        print(json.dumps(answer), flush=True)
    if job["text"] == "never":
        for one in later:
            threading.Timer(0.5, lambda: print(json.dumps(one), flush=True)).start()
"""

LIMIT_S = 20.0


@pytest.fixture
async def reader() -> AsyncIterator[ReaderClient]:
    made = ReaderClient((sys.executable, "-c", READER))
    yield made
    await made.stop()


@pytest.fixture
async def real_reader() -> AsyncIterator[ReaderClient]:
    made = ReaderClient()
    yield made
    await made.stop()


async def ask(reader: ReaderClient, text: str, limit_s: float = LIMIT_S) -> int:
    """Who answered."""
    book = Book(id="team", kind=SourceKind.HTTP)
    return int(
        (await reader.ask(Job(request=0, do="lookup", book=book, text=text), limit_s)).remark
    )


async def gone(pid: int) -> None:
    await until(lambda: not Path(f"/proc/{pid}").exists(), LIMIT_S, "the end of a reader")


async def test_a_reader_that_hangs_in_a_job_is_left_behind_and_ended(reader: ReaderClient) -> None:
    first = await ask(reader, "at once")
    assert await ask(reader, "at once") == first
    with pytest.raises(SourceError, match="did not answer"):
        await ask(reader, "never", 0.1)
    assert await ask(reader, "at once") != first
    await gone(first)


async def test_what_it_had_begun_is_still_answered(reader: ReaderClient) -> None:
    first = await ask(reader, "at once")
    begun = asyncio.create_task(ask(reader, "later"))
    await asyncio.sleep(0)
    with pytest.raises(SourceError, match="did not answer"):
        await ask(reader, "never", 0.1)
    assert await begun == first
    await gone(first)


async def test_a_reader_that_dies_is_replaced(reader: ReaderClient) -> None:
    first = await ask(reader, "at once")
    os.kill(first, signal.SIGKILL)
    await gone(first)
    assert await ask(reader, "at once") != first


async def test_a_reader_that_is_ended_leaves_its_exit_status_to_asyncio(
    reader: ReaderClient, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        pid = await ask(reader, "at once")
        with pytest.raises(SourceError, match="did not answer"):
            await ask(reader, "never", 0.1)
        await gone(pid)
    assert "Unknown child process" not in caplog.text


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[int]:
    """Its port; it says the same to everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><x>&b;</x>'
FOREIGN = b'<?xml version="1.0" encoding="nosuch"?><a/>'
REFERENCE = (
    b'<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><response><href>http://[::1'
    b"</href><propstat><prop><resourcetype><C:addressbook/></resourcetype><getetag>1</getetag></prop>"
    b"</propstat></response></multistatus>"
)


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        (SourceKind.CARDDAV, b"HTTP/1.1 207 M\r\n\r\n" + LAUGHS, "no XML"),
        (SourceKind.CARDDAV, b"HTTP/1.1 207 M\r\n\r\n" + FOREIGN, "no XML"),
        (SourceKind.CARDDAV, b"HTTP/1.1 207 M\r\n\r\n" + REFERENCE, "no address"),
        (SourceKind.CARDDAV, b"\0" * 2000, "cannot be reached"),
        (SourceKind.LDAP, b"\0" * 2000, "no LDAP"),
        (SourceKind.LDAP, b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 200, "LDAP|session"),
        (SourceKind.HTTP, b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000, "no JSON"),
        (SourceKind.HTTP, b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 1_100_000, "more than"),
    ],
)
async def test_what_hostile_servers_say_is_told_in_a_sentence(
    tmp_path: Path, real_reader: ReaderClient, kind: SourceKind, answer: bytes, reason: str
) -> None:
    async with server(answer) as port:
        scheme = "ldap" if kind is SourceKind.LDAP else "http"
        url = f"{scheme}://127.0.0.1:{port}/" + "{number}" * (kind is SourceKind.HTTP)
        book = Book(id="team", kind=kind, url=url, start_tls=False, seconds=LIMIT_S)
        do = "sync" if kind is SourceKind.CARDDAV else "lookup"
        job = Job(request=0, do=do, book=book, text="+4930123", index=str(tmp_path / "i.sqlite"))
        with pytest.raises(SourceError, match=reason) as caught:
            await real_reader.ask(job, 2 * LIMIT_S)
    assert str(caught.value).isprintable()
