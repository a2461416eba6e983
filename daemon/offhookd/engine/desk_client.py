# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephones that are asked by REFER to make calls, as the core knows them."""

import asyncio
from collections.abc import Callable

from offhookd.phone.desk import DeskNews
from offhookd.phone.desk_calls import DeskCalls, DeskCarrier, Errand
from offhookd.phone.errors import NotSupportedError, PhoneError
from offhookd.phone.ports import Done, ignore
from offhookd.phone.values import AccountId, CallId

from .client import Routes
from .protocol import AskToCall, Command, ErrandTold, LeaveErrand
from .sip_status import RINGING, SESSION_PROGRESS

SUCCESSES = range(200, 300)
FAILURES = range(300, 700)


class ReferredPhone(DeskCarrier):
    """One telephone, at the SIP address `phone`, asked in the name of `account`."""

    def __init__(
        self,
        phone: str,
        account: AccountId,
        desk: DeskCalls,
        tell: Callable[[Command, Done], None],
        routes: Routes,
    ) -> None:
        self._phone = phone
        self._account = account
        self._desk = desk
        self._tell = tell
        self._routes = routes
        self._errands: dict[CallId, Errand] = {}
        self._tasks: dict[CallId, asyncio.Task[None]] = {}

    @property
    def awaited(self) -> tuple[str, ...]:
        """Whom the engine has to reach."""
        return (self._phone,) if self._errands else ()

    # ------------------------------------------------------------ DeskCarrier

    def dial(self, errand: Errand) -> None:
        self._errands[errand.call] = errand
        task = asyncio.create_task(self._ask(errand), name=f"desk call {errand.call}")
        self._tasks[errand.call] = task
        task.add_done_callback(lambda _: self._tasks.pop(errand.call, None))

    def hangup(self, call: CallId, done: Done) -> None:
        """As long as nothing was sent; then only the telephone can end it."""
        if call in self._tasks:
            self.drop(call)
            self._desk.ended(call, "cancelled", 0, "")
        else:
            text = "The desk phone has been asked already; it can only be hung up there"
            asyncio.get_running_loop().call_soon(done, NotSupportedError(text))

    def drop(self, call: CallId) -> None:
        self._errands.pop(call, None)
        if task := self._tasks.pop(call, None):
            task.cancel()
        self._tell(LeaveErrand(errand=call), ignore)

    async def stop(self) -> None:
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------ what the engine tells

    def told(self, event: ErrandTold) -> bool:
        """Whether the errand is one of this telephone."""
        errand = self._errands.get(CallId(event.errand))
        if errand is None:
            return False
        if event.final:
            del self._errands[errand.call]
        if not event.taken:
            text = f"Desk phone '{errand.phone}' refuses to call: {event.code} {event.text}"
            if event.cause:
                text = f"Desk phone '{errand.phone}' cannot be asked to call: {event.text}"
            cause = event.cause if event.cause == "network" else "error"
            self._desk.ended(errand.call, cause, event.code, text)
        elif event.code in FAILURES:
            self._desk.ended(errand.call, "", event.code, event.text)
        elif event.code in SUCCESSES:
            self._desk.released(errand.call)
        elif event.final:
            text = f"Desk phone '{errand.phone}' does not tell what became of the call"
            self._desk.ended(errand.call, "error", 0, text)
        else:
            self._progress(errand.call, event)
        return True

    def engine_lost(self, text: str) -> None:
        """Whoever was to tell how it goes finds nobody here."""
        for call, errand in list(self._errands.items()):
            del self._errands[call]
            note = f"{text}; desk phone '{errand.phone}' may go on with the call"
            self._desk.ended(call, "network", 0, note)

    # ------------------------------------------------------------ how

    def _progress(self, call: CallId, event: ErrandTold) -> None:
        self._desk.told(call, DeskNews.DESK_ANSWERED)
        if event.code in (RINGING, SESSION_PROGRESS):
            self._desk.told(call, DeskNews.FAR_RINGS)
        self._desk.promised(call, event.expires)

    async def _ask(self, errand: Errand) -> None:
        try:
            if not self._routes.reachable(self._account, self._phone):
                await self._routes.reach(self._account, self._phone)
        except PhoneError as error:
            self._failed(errand, error)
            return
        command = AskToCall(
            errand=errand.call, account=self._account, phone=self._phone, target=errand.target
        )
        self._tell(command, lambda error: self._failed(errand, error))
        self._desk.committed(errand.call)

    def _failed(self, errand: Errand, error: PhoneError | None) -> None:
        if error is not None and errand.call in self._errands:
            del self._errands[errand.call]
            self._desk.ended(errand.call, "error", 0, str(error))
