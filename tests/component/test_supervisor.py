# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine's process as seen by the daemon: it dies, lies, hangs, and is started again."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from offhookd.engine import protocol as p
from offhookd.engine import supervisor as module
from offhookd.engine.launch import launch
from offhookd.engine.link import Link
from offhookd.engine.supervisor import Supervisor, describe
from tests.support.processes import PATIENCE_S

COMMAND = (sys.executable, "-m", "tests.support.fake_engine")


class Watch:
    """What the daemon would do with an engine, as queues."""

    def __init__(self) -> None:
        self.links: asyncio.Queue[Link] = asyncio.Queue()
        self.ends: asyncio.Queue[str] = asyncio.Queue()
        self.supervisor = Supervisor(
            self.links.put_nowait, lambda event: None, self.ends.put_nowait, COMMAND
        )

    async def engine(self) -> Link:
        return await asyncio.wait_for(self.links.get(), PATIENCE_S)

    async def end(self) -> str:
        return await asyncio.wait_for(self.ends.get(), PATIENCE_S)


@asynccontextmanager
async def watch() -> AsyncIterator[Watch]:
    watched = Watch()
    watched.supervisor.start()
    try:
        yield watched
    finally:
        await watched.supervisor.stop()


async def ask(link: Link, command: p.Command) -> p.Reply:
    future: asyncio.Future[p.Reply] = asyncio.get_running_loop().create_future()
    link.send(command, future.set_result)
    return await asyncio.wait_for(future, PATIENCE_S)


def dial(target: str) -> p.Dial:
    return p.Dial(leg=1, account="a", target=target, headers={}, anonymous=False, muted=False)


START = p.Start(
    version=p.VERSION,
    bind="127.0.0.1",
    port=0,
    user_agent="test",
    ca_file="",
    log_level=0,
    country="",
)


async def test_commands_are_answered() -> None:
    async with watch() as watched:
        link = await watched.engine()
        reply = await ask(link, START)
        assert reply.data["protocol"] == p.VERSION
        assert (await ask(link, p.Ping())).error == ""


async def test_an_engine_that_was_launched_before_is_the_first() -> None:
    watched, early = Watch(), launch(COMMAND)
    watched.supervisor.start(early)
    try:
        reply = await ask(await watched.engine(), START)
        assert reply.data["pid"] == early.process.pid
    finally:
        await watched.supervisor.stop()


async def test_an_engine_that_was_launched_in_vain_is_ended() -> None:
    watched, early = Watch(), launch(COMMAND)
    watched.supervisor.start(early)
    await watched.supervisor.stop()
    assert early.process.returncode is not None


@pytest.mark.parametrize("how", ["die", "garbage", "endless"])
async def test_an_engine_that_ends_is_started_again(how: str) -> None:
    async with watch() as watched:
        link = await watched.engine()
        reply = await ask(link, dial(how))
        # Whoever waited for it is told, one way or the other.
        assert reply.error or how != "die"
        assert await watched.end()
        again = await watched.engine()
        assert (await ask(again, p.Ping())).error == ""


async def test_a_killed_engine_is_replaced_at_once() -> None:
    async with watch() as watched:
        link = await watched.engine()
        pid = (await ask(link, START)).data["pid"]
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)
        assert "SIGKILL" in await watched.end()
        again = await watched.engine()
        await ask(again, p.Ping())


async def test_an_engine_that_stops_answering_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_EVERY_S", 0.05)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(module, "START_LOOKS", 2)
    monkeypatch.setattr(module, "PING_LOOKS", 2)
    async with watch() as watched:
        link = await watched.engine()
        link.send(dial("deaf"))
        assert "SIGKILL" in await watched.end()
        await watched.engine()


async def test_an_engine_is_given_longer_to_start_than_to_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(module, "PING_LOOKS", 1)
    watched, early = Watch(), launch(COMMAND)
    os.kill(early.process.pid, signal.SIGSTOP)
    watched.supervisor.start(early)
    try:
        link = await watched.engine()
        await asyncio.sleep(10 * module.LOOK_EVERY_S)
        os.kill(early.process.pid, signal.SIGCONT)
        await ask(link, p.Ping())
        assert watched.ends.empty()
    finally:
        await watched.supervisor.stop()


async def test_a_ping_makes_it_alive() -> None:
    async with watch() as watched:
        link = await watched.engine()
        await ask(link, p.Ping())
        assert watched.supervisor.alive


async def test_stopping_does_not_wait_for_an_engine_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "STOP_LIMIT_S", 0.2)
    watched = Watch()
    watched.supervisor.start()
    link = await watched.engine()
    link.send(dial("hang"))
    await watched.supervisor.stop()
    assert "SIGKILL" in await watched.end()


async def test_sending_to_a_closed_link_fails_later_and_kindly() -> None:
    async with watch() as watched:
        link = await watched.engine()
        link.close()
        replies: list[p.Reply] = []
        link.send(p.Ping(), replies.append)
        assert replies == []
        await asyncio.sleep(0)
        assert "not running" in replies[0].error


@pytest.mark.parametrize(
    ("returncode", "words"), [(0, "stopped"), (3, "exited with 3"), (-9, "was ended by SIGKILL")]
)
def test_the_end_of_a_process_in_words(returncode: int, words: str) -> None:
    assert describe(returncode) == words


async def test_an_engine_that_cannot_be_launched_is_tried_again() -> None:
    watched = Watch()
    watched.supervisor = Supervisor(
        watched.links.put_nowait, lambda event: None, watched.ends.put_nowait, ("/nonexistent",)
    )
    watched.supervisor.start()
    try:
        assert "cannot be launched" in await watched.end()
        assert "cannot be launched" in await watched.end()
        # A new daemon could not launch it either: the service manager need not end this one.
        assert watched.supervisor.alive
    finally:
        await watched.supervisor.stop()


async def test_an_engine_whose_end_was_noticed_elsewhere_is_started_again() -> None:
    async with watch() as watched:
        link = await watched.engine()
        process = watched.supervisor._process
        assert process
        process.kill()
        await asyncio.to_thread(process.wait)
        assert "SIGKILL" in await watched.end()
        assert await watched.engine() is not link
