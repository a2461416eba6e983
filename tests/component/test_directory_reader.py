# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that reads address books, when a job of its never ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
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


async def ask(reader: ReaderClient, text: str, limit_s: float = LIMIT_S) -> int:
    """Who answered."""
    book = Book(id="team", kind=SourceKind.HTTP)
    return int(
        (await reader.ask(Job(request=0, do="lookup", book=book, text=text), limit_s)).remark
    )


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_reader_that_hangs_in_a_job_is_left_behind_and_ended(reader: ReaderClient) -> None:
    first = await ask(reader, "at once")
    assert await ask(reader, "at once") == first
    with pytest.raises(SourceError, match="did not answer"):
        await ask(reader, "never", 0.1)
    assert await ask(reader, "at once") != first
    await until(lambda: not lives(first), LIMIT_S, "the end of the first reader")


async def test_what_it_had_begun_is_still_answered(reader: ReaderClient) -> None:
    first = await ask(reader, "at once")
    begun = asyncio.create_task(ask(reader, "later"))
    await asyncio.sleep(0)
    with pytest.raises(SourceError, match="did not answer"):
        await ask(reader, "never", 0.1)
    assert await begun == first
    await until(lambda: not lives(first), LIMIT_S, "the end of the first reader")


async def test_a_reader_that_dies_is_replaced(reader: ReaderClient) -> None:
    first = await ask(reader, "at once")
    os.kill(first, signal.SIGKILL)
    await until(lambda: not lives(first), LIMIT_S, "the end of the first reader")
    assert await ask(reader, "at once") != first
