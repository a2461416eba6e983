# SPDX-License-Identifier: GPL-2.0-or-later
"""What a click starts: tasks that are kept, and failures that are told."""

import asyncio
from collections.abc import Callable

from offhook.errors import OffhookError

from .menu import Act
from .people import shown


class Deeds:
    """`tell` gets one sentence for a person for everything that could not be done."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, act: Act) -> None:
        task = asyncio.get_running_loop().create_task(self._run(act), name="deed")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Forget what is not done yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, act: Act) -> None:
        try:
            await act()
        except OffhookError as error:
            self._tell(shown(error.message))
