# SPDX-License-Identifier: GPL-2.0-or-later
"""Remembers the dialogs of an engine's calls, and has its successor end those that it left."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from offhookd.phone.errors import PhoneError
from offhookd.phone.ports import Done
from offhookd.phone.values import AccountId

from .protocol import Command, DialogMade, EndDialog

if TYPE_CHECKING:
    from .client import Routes

logger = logging.getLogger(__name__)


class Farewells:
    """`tell` is for the engine of the moment."""

    def __init__(self, tell: Callable[[Command, Done], None]) -> None:
        self._tell = tell
        self._dialogs: dict[int, DialogMade] = {}
        self._left: list[DialogMade] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def made(self, dialog: DialogMade) -> None:
        self._dialogs[dialog.leg] = dialog

    def ended(self, leg: int) -> None:
        self._dialogs.pop(leg, None)

    def engine_lost(self) -> None:
        self._left += self._dialogs.values()
        self._dialogs.clear()

    def engine_started(self, routes: "Routes") -> None:
        """The next one, which is being told the accounts."""
        left, self._left = self._left, []
        for dialog in left:
            task = asyncio.create_task(self._end(dialog, routes), name=f"end of leg {dialog.leg}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self, dialog: DialogMade, routes: "Routes") -> None:
        account = AccountId(dialog.account)
        next_hop = (dialog.routes or (dialog.target,))[0].strip("<>")
        try:
            if not routes.reachable(account, next_hop):
                await routes.reach(account, next_hop)
        except PhoneError as error:
            self._failed(error)
            return
        command = EndDialog(
            account=dialog.account,
            call_id=dialog.call_id,
            local=dialog.local,
            local_tag=dialog.local_tag,
            remote=dialog.remote,
            remote_tag=dialog.remote_tag,
            target=dialog.target,
            routes=dialog.routes,
        )
        self._tell(command, self._failed)

    @staticmethod
    def _failed(error: PhoneError | None) -> None:
        if error is not None:
            logger.info("a call of the engine before cannot be ended: %s", error)
