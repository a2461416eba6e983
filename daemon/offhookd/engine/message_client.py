# SPDX-License-Identifier: GPL-2.0-or-later
"""Text messages on their way to the engine."""

import asyncio
from collections.abc import Callable

from offhookd.phone.errors import PhoneError
from offhookd.phone.letters import MessageEngine
from offhookd.phone.ports import Done
from offhookd.phone.values import AccountId

from .client import Routes
from .protocol import Command, SendMessage


class MessageClient(MessageEngine):
    """`tell` sends a command to the engine."""

    def __init__(self, tell: Callable[[Command, Done], None], routes: Routes) -> None:
        self._tell = tell
        self._routes = routes
        self._tasks: set[asyncio.Task[None]] = set()

    def send_message(self, account: AccountId, target: str, text: str, done: Done) -> None:
        work = self._send(account, target, text, done)
        task = asyncio.create_task(work, name=f"message on {account}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Give up what has not gone out yet."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, account: AccountId, target: str, text: str, done: Done) -> None:
        try:
            if not self._routes.reachable(account, target):
                await self._routes.reach(account, target)
        except PhoneError as error:
            done(error)
        else:
            self._tell(SendMessage(account=account, target=target, text=text), done)
