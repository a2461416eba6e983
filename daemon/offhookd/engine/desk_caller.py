# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephones that are called and, once they are lifted, sent on to the far end: third-party call
control as far as it goes without passing on one party's SDP to the other (RFC 5589).

The leg to the telephone has no call of the core and never the focus, so nobody's microphone is on
it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from offhookd.phone.desk import DeskNews
from offhookd.phone.desk_calls import ANSWER_LIMIT_S, DeskCalls, DeskCarrier, Errand
from offhookd.phone.errors import NotSupportedError, PhoneError
from offhookd.phone.ports import CallEngine, Done
from offhookd.phone.values import AccountId, CallId

from .client import Routes
from .protocol import LegState, TransferProgress
from .sip_status import RINGING, SESSION_PROGRESS

SUCCESSES = range(200, 300)

REFER_ANSWER_S = 32
"""A request is repeated for so long (RFC 3261, timer F); only then the news may begin."""


@dataclass(slots=True, eq=False)
class _Journey:
    """`leg`: our call to the telephone; `sent_on`: it was asked to call the far end."""

    errand: Errand
    leg: CallId
    sent_on: bool = False


class Reserve(Protocol):
    def __call__(self) -> CallId:
        """An identity that no call has, had or will have."""


class CalledPhone(DeskCarrier):
    """One telephone, at the SIP address `phone`; `headers` ask it to answer by itself."""

    def __init__(
        self,
        phone: str,
        account: AccountId,
        headers: Mapping[str, str],
        desk: DeskCalls,
        engine: CallEngine,
        routes: Routes,
        reserve: Reserve,
    ) -> None:
        self._phone = phone
        self._account = account
        self._headers = headers
        self._desk = desk
        self._engine = engine
        self._routes = routes
        self._reserve = reserve
        self._journeys: dict[CallId, _Journey] = {}
        self._tasks: dict[CallId, asyncio.Task[None]] = {}

    @property
    def awaited(self) -> tuple[str, ...]:
        """Whom the engine has to reach."""
        return (self._phone,) if self._journeys or self._tasks else ()

    # ------------------------------------------------------------ DeskCarrier

    def dial(self, errand: Errand) -> None:
        task = asyncio.create_task(self._call(errand), name=f"desk call {errand.call}")
        self._tasks[errand.call] = task
        task.add_done_callback(lambda _: self._tasks.pop(errand.call, None))

    def hangup(self, call: CallId, done: Done) -> None:
        journey = self._journey(lambda one: one.errand.call == call)
        if journey and journey.sent_on:
            text = "The desk phone has been sent on already; it can only be hung up there"
            asyncio.get_running_loop().call_soon(done, NotSupportedError(text))
            return
        self.drop(call)
        self._desk.ended(call, "cancelled", 0, "")

    def drop(self, call: CallId) -> None:
        if task := self._tasks.get(call):
            task.cancel()
        if journey := self._journey(lambda one: one.errand.call == call):
            self._leave(journey)

    async def stop(self) -> None:
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------ what the engine tells

    def leg_told(self, leg: CallId, event: LegState | TransferProgress) -> None:
        journey = self._journeys.get(leg)
        if journey is None:
            return
        if isinstance(event, TransferProgress):
            self._sent_on(journey, event)
        elif event.state == "ringing":
            self._desk.told(journey.errand.call, DeskNews.DESK_RINGS)
        elif event.state == "active":
            self._send_on(journey)
        elif event.state == "ended":
            self._hung_up(journey, event)

    def engine_lost(self, text: str) -> None:
        for leg, journey in list(self._journeys.items()):
            del self._journeys[leg]
            self._desk.ended(journey.errand.call, "network", 0, text)

    # ------------------------------------------------------------ how

    def _journey(self, fits: Callable[[_Journey], bool]) -> _Journey | None:
        return next(filter(fits, self._journeys.values()), None)

    async def _call(self, errand: Errand) -> None:
        try:
            if not self._routes.reachable(self._account, self._phone):
                await self._routes.reach(self._account, self._phone)
        except PhoneError as error:
            self._desk.ended(errand.call, "error", 0, str(error))
            return
        journey = _Journey(errand, self._reserve())
        self._journeys[journey.leg] = journey
        self._engine.dial(
            journey.leg,
            self._account,
            self._phone,
            partial(self._failed, journey),
            headers=self._headers,
            anonymous=False,
            muted=True,
        )

    def _send_on(self, journey: _Journey) -> None:
        if journey.sent_on:
            return
        journey.sent_on = True
        call = journey.errand.call
        self._desk.told(call, DeskNews.DESK_ANSWERED)
        self._desk.committed(call)
        self._desk.promised(call, REFER_ANSWER_S)
        target = journey.errand.target
        self._engine.transfer(journey.leg, target, None, partial(self._failed, journey))

    def _sent_on(self, journey: _Journey, event: TransferProgress) -> None:
        call = journey.errand.call
        if not event.final:
            self._desk.promised(call, ANSWER_LIMIT_S)
            if event.code in (RINGING, SESSION_PROGRESS):
                self._desk.told(call, DeskNews.FAR_RINGS)
            return
        self._leave(journey)
        if event.code in SUCCESSES:
            self._desk.released(call)
        else:
            cause = "" if event.code else "error"
            text = (
                event.text or f"Desk phone '{journey.errand.phone}' does not tell what became of it"
            )
            self._desk.ended(call, cause, event.code, text)

    def _hung_up(self, journey: _Journey, event: LegState) -> None:
        del self._journeys[journey.leg]
        name = journey.errand.phone
        if journey.sent_on:
            text = f"Desk phone '{name}' has gone to make the call and tells no more of it"
            self._desk.ended(journey.errand.call, "replaced", 0, text)
        else:
            text = f"Desk phone '{name}' did not answer: {event.code} {event.text}"
            self._desk.ended(journey.errand.call, event.cause, event.code, text)

    def _failed(self, journey: _Journey, error: PhoneError | None) -> None:
        if error is not None and journey.leg in self._journeys:
            self._leave(journey)
            self._desk.ended(journey.errand.call, "error", 0, str(error))

    def _leave(self, journey: _Journey) -> None:
        del self._journeys[journey.leg]
        self._engine.hangup(journey.leg)
