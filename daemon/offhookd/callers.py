# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds out who calls, while it rings already."""

import asyncio

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.contacts import Directory
from offhookd.phone.moments import Moments


class Callers:
    """Asks `directory` about every call that is added to `calls`, and tells `moments` when it
    has answered."""

    def __init__(self, calls: Calls, directory: Directory, moments: Moments) -> None:
        self._calls = calls
        self._moments = moments
        self._directory = directory
        self._tasks: set[asyncio.Task[None]] = set()
        calls.added.connect(self._added)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _added(self, call: Call) -> None:
        # Later, in a task: first of all everybody hears that there is a call.
        task = asyncio.create_task(self._identify(call), name=f"who is call {call.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _identify(self, call: Call) -> None:
        if self._directory.sources and (contact := await self._directory.lookup(call.peer_uri)):
            self._calls.identify(call, contact)
        self._moments.identified(call)
