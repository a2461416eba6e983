# SPDX-License-Identifier: GPL-2.0-or-later
"""How outgoing calls begin: they wait for a confirmation, for room, or go out at once."""

from collections.abc import Iterator
from functools import partial
from typing import Protocol

from .call import Call
from .dialled import Dialled, DialOptions
from .errors import InvalidStateError, LimitReachedError, PhoneError
from .events import Signal
from .focus import Focus
from .holds import Holds
from .ports import CallEngine, Clock, DeskPort, Done, Timer, ignore
from .precedence import require_silence, require_turn
from .register import Register
from .room import ROOM_RETRY_S, most_expendable
from .values import AccountId, CallId, CallState, Direction, EndReason
from .waits import Waits, is_out

CONFIRM_LIMIT_S = 300.0
"""A call that nobody confirmed within this was asked for by a program that is gone."""
MOST_PENDING = 8
"""More questions at once are not asked by a person's clicks."""
NOT_CONFIRMED = "Not confirmed"
"""End text of a call that never left the house; such a call is not dialled again."""


class Switchboard(Protocol):
    """The part of `Calls` that calls going out need."""

    limit: int
    waits: Waits
    desk: DeskPort

    @property
    def changed(self) -> Signal[[Call]]: ...

    @property
    def carried(self) -> int: ...

    def __iter__(self) -> Iterator[Call]: ...

    def introduce(self, call: Call) -> None: ...

    def hangup(self, call: Call, done: Done) -> None: ...

    def fail(self, call: Call, error: PhoneError | None) -> None: ...

    def end(self, call: Call, reason: EndReason, code: int, text: str, why: str) -> None: ...


class Departures:
    def __init__(
        self,
        calls: Switchboard,
        register: Register,
        engine: CallEngine,
        clock: Clock,
        holds: Holds,
        focus: Focus,
    ) -> None:
        self._calls = calls
        self._register = register
        self._engine = engine
        self._clock = clock
        self._holds = holds
        self._focus = focus
        self._dialled = Dialled()
        self._unconfirmed: dict[CallId, Timer] = {}

    def dial(self, uri: str, name: str, account: AccountId, options: DialOptions) -> Call:
        """A new call; "pending" until `start` when `options.confirm` is set.

        A repeated `options.request_id` gives the first call, even one that is over: whoever
        asks again because the reply was lost does not want a second call.
        """
        if known := self._dialled.asked_before(options):
            return known
        if not options.emergency and (options.confirm or options.desk is None):
            self._require_room(pending=options.confirm)
        if not (options.emergency or options.confirm or options.desk or options.relays):
            require_silence(self._calls)
        call = self._register.outgoing(account, uri, name)
        call.muted, call.emergency = options.muted, options.emergency
        call.referred_by, call.replaces = options.referred_by, options.replaces
        call.desk = options.desk
        call.relayed, call.connected_to = options.relays is not None, options.relays
        self._dialled.plan(call, uri, options)
        if options.confirm or self._lacks_room(call):
            self._wait(call, options)
        else:
            self._place(call)
            self._calls.introduce(call)
            self._focus.take(call)
        return call

    def options_of(self, call: Call) -> DialOptions:
        """How a call that is up was asked for."""
        return self._dialled.of(call)[1]

    def start(self, call: Call, done: Done) -> None:
        """Dial a call that waited for a confirmation; done when the INVITE is out."""
        if call.direction is Direction.OUTGOING and call.state is not CallState.PENDING and call.up:
            done(None)
            return
        call.require(CallState.PENDING)
        if call.desk is None:
            require_turn(call, self._calls)
        if self._lacks_room(call):
            self._make_room(call, done)
            return
        if not call.emergency and call.desk is None:
            self._require_room(pending=False)
        self._place(call)
        self._calls.changed(call)
        self._focus.take(call)
        if call.desk:
            done(None)
        else:
            self._calls.waits.add(call, is_out, done)

    def drop_pending(self, call: Call) -> None:
        """Nobody wants it any more; of no effect once it was dialled."""
        if call.state is CallState.PENDING:
            self._calls.end(call, EndReason.CANCELLED, 0, NOT_CONFIRMED, "nobody confirmed it")

    def ended(self, call: Call) -> None:
        """It is over; a repeated request still finds it."""
        self._dialled.forget(call)
        if timer := self._unconfirmed.pop(call.id, None):
            timer.cancel()

    # ------------------------------------------------------------ how it is done

    def _wait(self, call: Call, options: DialOptions) -> None:
        self._calls.introduce(call)
        self._unconfirmed[call.id] = self._clock.call_later(
            CONFIRM_LIMIT_S, partial(self.drop_pending, call)
        )
        if not options.confirm:
            self.start(call, ignore)

    def _place(self, call: Call) -> None:
        uri, options = self._dialled.of(call)
        if call.desk:
            self._calls.desk.dial(call, uri)
            call.change(CallState.DIALING, f"through {call.desk.phone}")
            return
        if call.here:
            self._holds.hold_others(call, self._calls)
        self._engine.dial(
            call.id,
            call.account,
            uri,
            partial(self._not_dialled, call),
            headers=options.headers,
            anonymous=options.anonymous,
            muted=call.muted,
            referral=options.referral,
            codecs=options.codecs,
            relays=options.relays,
            hops=options.hops,
        )
        if call.state is CallState.PENDING:
            call.change(CallState.DIALING, "dialled")  # after it: saying so takes 0.2 ms

    def _not_dialled(self, call: Call, error: PhoneError | None) -> None:
        """A call for help waits for the line that was given up for it."""
        if isinstance(error, LimitReachedError) and call.emergency and not call.ending:
            self._clock.call_later(ROOM_RETRY_S, partial(self._place_again, call))
        else:
            self._calls.fail(call, error)

    def _place_again(self, call: Call) -> None:
        if call.up and not call.ending:
            self._place(call)

    def _require_room(self, *, pending: bool) -> None:
        waiting = sum(call.state is CallState.PENDING for call in self._calls)
        if pending and waiting >= MOST_PENDING:
            raise LimitReachedError(f"{MOST_PENDING} calls wait for a confirmation already")
        if not pending and self._calls.carried >= self._calls.limit:
            limit = self._calls.limit
            raise LimitReachedError(f"{limit} calls at once are all the engine can carry")

    def _lacks_room(self, call: Call) -> bool:
        """Whether a call for help has to wait until another call has given its line up."""
        return call.emergency and self._calls.carried >= self._calls.limit

    def _make_room(self, call: Call, done: Done) -> None:
        other = most_expendable(self._calls)
        if other is None:
            text = "Every line carries a call for help"
            self._calls.end(call, EndReason.ERROR, 0, text, "no room")
            done(LimitReachedError(call.end_text))
            return

        def start(_: PhoneError | None) -> None:
            if call.state is CallState.PENDING:
                self.start(call, done)
            else:
                done(InvalidStateError("The call has ended"))

        self._calls.hangup(other, start)
