# SPDX-License-Identifier: GPL-2.0-or-later
"""Which call has the microphone, the loudspeaker and the keys of the telephone set."""

from collections.abc import Iterable

from .attention import Attention
from .call import Call
from .endings import tone_of
from .events import Signal
from .ports import CallEngine
from .values import CallState, Direction

_DIALLED = (CallState.DIALING, CallState.RINGING, CallState.EARLY)


class Focus:
    """`call` is the one; `changed` is told when it is another one."""

    def __init__(self, engine: CallEngine, attention: Attention, changed: Signal[[]]) -> None:
        self.call: Call | None = None
        self._engine = engine
        self._attention = attention
        self._changed = changed

    def take(self, call: Call) -> None:
        """The user turns to `call`; one that another telephone carries is not for these ears."""
        if call.here:
            self._attention.hush()
            self.set(call)

    def set(self, call: Call | None) -> None:
        if call is not self.call:
            self.call = call
            self._engine.focus(call.id if call else None)
            self._attention.follow_focus(call)
            self._changed()

    def leave(self, call: Call, was: CallState, calls: Iterable[Call]) -> None:
        """`call` is over and was in state `was` before: turn to another one, if it had the focus.

        The ear is told when it never came about.
        """
        if call is not self.call:
            return
        self.set(_next_of(calls))
        if call.direction is Direction.OUTGOING and was is not CallState.ACTIVE:
            self._attention.mourn(tone_of(call.end_reason))


def _next_of(calls: Iterable[Call]) -> Call | None:
    """One that talks, else one on hold, else one dialled; the latest."""
    here = [call for call in calls if call.here]
    latest = [call for call in reversed(here) if call.up and not call.ending]
    connected = [call for call in latest if call.on_line]
    talking = (call for call in connected if not call.to_be_held)  # a conference goes on
    dialled = (call for call in latest if call.state in _DIALLED)
    return next(talking, next(iter(connected), next(dialled, None)))
