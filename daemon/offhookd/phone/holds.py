# SPDX-License-Identifier: GPL-2.0-or-later
"""Putting calls on hold and taking them back.

What the user wants (`Call.hold_wanted`) and what the far end has agreed to (`Call.local_hold`) are
two things; the last wish wins.
"""

from collections.abc import Iterable
from functools import partial

from .call import Call
from .errors import PhoneError
from .events import Signal
from .ports import CallEngine, Done, ignore
from .waits import Wait, Waits


class Holds:
    def __init__(self, engine: CallEngine, waits: Waits, changed: Signal[[Call]]) -> None:
        self._engine = engine
        self._waits = waits
        self._changed = changed

    def want(self, call: Call, held: bool, done: Done) -> None:
        """Hold or resume; done when the far end has agreed."""
        wait = self._waits.add(call, lambda one: one.local_hold is held, done)
        self._ask(call, held, partial(self._failed, call, wait))
        self._waits.look(call)

    def hold(self, call: Call) -> None:
        """Put it on hold because the user turned to another one."""
        self._ask(call, True, ignore)

    def hold_others(self, call: Call, calls: Iterable[Call]) -> None:
        """Of all that talk, only `call` stays, and who is in a conference with it."""
        for other in calls:
            stays = other.joins(call) or other.to_be_held or other.ending
            if other.on_line and not stays:
                self.hold(other)

    def told(self, call: Call, *, local_hold: bool, remote_hold: bool) -> None:
        """What the last offer and answer came to."""
        turned = local_hold is not call.local_hold
        call.local_hold, call.remote_hold = local_hold, remote_hold
        if local_hold is call.hold_wanted:
            call.hold_wanted = None
        elif turned and call.hold_wanted is not None:
            # The user changed his mind while the far end was being asked.
            self._engine.hold(call.id, call.hold_wanted, ignore)

    def _ask(self, call: Call, held: bool, done: Done) -> None:
        call.hold_wanted = held
        self._engine.hold(call.id, held, done)
        self._changed(call)

    def _failed(self, call: Call, wait: Wait, error: PhoneError | None) -> None:
        """The engine could not even ask the far end."""
        if error is not None and self._waits.fail(call, wait, error):
            call.hold_wanted = None
            self._changed(call)
