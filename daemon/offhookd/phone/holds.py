# SPDX-License-Identifier: GPL-2.0-or-later
"""Putting calls on hold and taking them back; the last wish wins (see `hold`)."""

from collections.abc import Iterable
from functools import partial

from .call import Call
from .errors import PhoneError
from .events import Signal
from .hold import HoldEvent, HoldState, after
from .ports import CallEngine, Done, ignore
from .values import CallId
from .waits import Wait, Waits


class Holds:
    def __init__(self, engine: CallEngine, waits: Waits, changed: Signal[[Call]]) -> None:
        self._engine = engine
        self._waits = waits
        self._changed = changed
        self._latest: dict[CallId, Wait] = {}

    def want(self, call: Call, held: bool, done: Done) -> None:
        """Hold or resume; done when the far end has agreed, or with what it said instead."""
        goal = HoldState.HELD if held else HoldState.OPEN
        wait = self._latest[call.id] = self._waits.add(call, lambda one: one.hold is goal, done)
        self._enter(call, HoldEvent.HOLD if held else HoldEvent.RESUME)
        self._engine.hold(call.id, held, partial(self._answered, call, wait))
        self._changed(call)

    def hold(self, call: Call) -> None:
        """Put it on hold because the user turned to another one."""
        self.want(call, True, ignore)

    def hold_others(self, call: Call, calls: Iterable[Call]) -> None:
        """Of all that talk, only `call` stays, who is in a conference with it, and help."""
        for other in calls:
            stays = other.joins(call) or other.to_be_held or other.ending or other.emergency
            if other.on_line and not stays:
                self.hold(other)

    def told(self, call: Call, *, local_hold: bool, remote_hold: bool) -> None:
        """What the last offer and answer came to."""
        call.remote_hold = remote_hold
        self._enter(call, HoldEvent.IS_HELD if local_hold else HoldEvent.IS_OPEN)

    def ended(self, call: Call) -> None:
        call.hold = HoldState.OPEN
        call.remote_hold = False
        self._latest.pop(call.id, None)

    def _enter(self, call: Call, event: HoldEvent) -> None:
        call.hold = after(call.hold, event)

    def _answered(self, call: Call, wait: Wait, error: PhoneError | None) -> None:
        latest = self._latest.get(call.id) is wait
        if latest:
            before = call.hold
            self._enter(call, HoldEvent.REFUSED if error else HoldEvent.SETTLED)
            if call.hold is not before:
                self._changed(call)
        if error or not latest:
            # A wish that was overtaken is done when the far end has dealt with it.
            self._waits.answer(call, wait, error)
        self._waits.look(call)
