# SPDX-License-Identifier: GPL-2.0-or-later
"""asyncio and Qt in one loop."""

import asyncio
import socket
import sys

import pytest
from PySide6.QtCore import QEventLoop, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from offhook.tray import loop
from tests.support.processes import PATIENCE_S
from tests.support.qt import offscreen

WHILE_MS = 50
TIMES = 1000


@pytest.fixture(scope="module", autouse=True)
def application() -> QApplication:
    return offscreen()


def test_what_arrives_is_read_while_qt_waits() -> None:
    async def story() -> None:
        here, there = socket.socketpair()
        with here, there:
            reader, writer = await asyncio.open_connection(sock=here)
            for number in range(TIMES):
                there.send(b"%d\n" % number)
                async with asyncio.timeout(PATIENCE_S):
                    assert await reader.readline() == b"%d\n" % number
            writer.close()
            await writer.wait_closed()

    loop.run(story())


def test_nothing_turns_while_a_loop_of_qt_runs_in_a_task() -> None:
    async def story() -> None:
        here, there = socket.socketpair()
        with here, there:
            reader, writer = await asyncio.open_connection(sock=here)
            turns = 0

            def turn() -> None:
                nonlocal turns
                turns += 1

            selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined] # asyncio's own name
            there.send(b"x\n")
            nested = QEventLoop()
            (notifier,) = selector._notifiers[here.fileno()]
            assert isinstance(notifier, QSocketNotifier)
            notifier.activated.connect(turn)
            QTimer.singleShot(WHILE_MS, nested.quit)
            nested.exec()
            assert turns <= 1
            async with asyncio.timeout(PATIENCE_S):
                assert await reader.readline() == b"x\n"  # afterwards
            writer.close()
            await writer.wait_closed()

    loop.run(story())


def test_asyncio_goes_on_during_a_drag() -> None:
    """A nested loop that Qt's side of the program starts, as `QDrag.exec` does."""
    nested = QEventLoop()
    over = asyncio.Event()

    def drag() -> None:
        with loop.going_on():
            nested.exec()
        over.set()

    async def story() -> None:
        here, there = socket.socketpair()
        with here, there:
            reader, writer = await asyncio.open_connection(sock=here)
            QTimer.singleShot(0, drag)
            await asyncio.sleep(WHILE_MS / 1000)
            for number in range(TIMES):
                there.send(b"%d\n" % number)
                async with asyncio.timeout(PATIENCE_S):
                    assert await reader.readline() == b"%d\n" % number
            assert nested.isRunning()
            assert not over.is_set()
            nested.quit()
            async with asyncio.timeout(PATIENCE_S):
                await over.wait()
            there.send(b"after\n")
            assert await reader.readline() == b"after\n"
            writer.close()
            await writer.wait_closed()

    loop.run(story())


def test_a_program_that_ends_during_a_drag_ends_after_it() -> None:
    nested = QEventLoop()

    def drag() -> None:
        QTimer.singleShot(WHILE_MS, nested.quit)
        with loop.going_on():
            nested.exec()

    async def story() -> str:
        QTimer.singleShot(0, drag)
        await asyncio.sleep(WHILE_MS / 2000)
        return "over"

    assert loop.run(story()) == "over"


def test_this_qt_keeps_none_alive() -> None:
    """Where None is counted, a build that forgets to count ends the program after an hour."""
    waiting = QEventLoop()
    before = sys.getrefcount(None)
    for _ in range(TIMES):
        waiting.quit()
    assert sys.getrefcount(None) > before - TIMES // 2
