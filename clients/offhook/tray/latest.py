# SPDX-License-Identifier: GPL-2.0-or-later
"""Something that only the newest wish counts for."""

import asyncio
from contextlib import suppress

from offhook.errors import OffhookError

from .menu import Act


class Latest:
    """One task at a time: a newer one takes the place of the one before.  That it could not be done
    is nobody's concern: the daemon went, and the window shows that."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def start(self, act: Act) -> None:
        self.cancel()
        self._task = asyncio.get_running_loop().create_task(self._run(act), name=self._name)

    def cancel(self) -> None:
        if self._task:
            self._task.cancel()

    async def _run(self, act: Act) -> None:
        with suppress(OffhookError):
            await act()
