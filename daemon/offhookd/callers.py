# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds out who calls, while it rings already."""

import asyncio
import logging

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.contacts import Contact, Directory
from offhookd.phone.errors import PhoneError
from offhookd.phone.events import Signal
from offhookd.phone.moments import Moments

logger = logging.getLogger(__name__)


class Callers:
    """Asks `directory` about every call that is added to `calls`, again about one that has `moved`
    to another far end, and tells `moments` when it has answered."""

    def __init__(
        self, calls: Calls, directory: Directory, moments: Moments, moved: Signal[[Call]]
    ) -> None:
        self._calls = calls
        self._moments = moments
        self._directory = directory
        self._tasks: set[asyncio.Task[None]] = set()
        calls.added.connect(self._look_up)
        moved.connect(self._look_up)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _look_up(self, call: Call) -> None:
        # Later, in a task: first of all everybody hears that there is a call.
        task = asyncio.create_task(self._identify(call), name=f"who is call {call.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _identify(self, call: Call) -> None:
        uri = call.far_uri
        contact = await self._looked_up(uri) if self._directory.sources else None
        if uri != call.far_uri:
            return  # somebody else by now, who is looked up as well
        if contact:
            self._calls.identify(call, contact)
        self._moments.identified(call)

    async def _looked_up(self, uri: str) -> Contact | None:
        try:
            return await self._directory.lookup(uri)
        except PhoneError as error:
            logger.warning("nobody is known by name: %s", error)
            return None
