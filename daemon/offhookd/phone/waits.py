# SPDX-License-Identifier: GPL-2.0-or-later
"""Those who asked for something of a call, and hear when it has come about."""

from collections.abc import Callable
from dataclasses import dataclass

from .call import Call
from .errors import EngineError, PhoneError, RejectedError
from .ports import Done
from .values import CallId

Fits = Callable[[Call], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    """`done` is called as soon as the call `fits`, or has ended otherwise."""

    fits: Fits
    done: Done


class Waits:
    """All of them, by call; none outlives its call."""

    def __init__(self) -> None:
        self._waits: dict[CallId, list[Wait]] = {}

    def add(self, call: Call, fits: Fits, done: Done) -> Wait:
        wait = Wait(fits, done)
        self._waits.setdefault(call.id, []).append(wait)
        return wait

    def fail(self, call: Call, wait: Wait, error: PhoneError) -> bool:
        """It will not come about; False when `wait` has been answered already."""
        return self.answer(call, wait, error)

    def answer(self, call: Call, wait: Wait, error: PhoneError | None) -> bool:
        """Whatever the call is now; False when `wait` has been answered already."""
        waits = self._waits.get(call.id, [])
        if wait not in waits:
            return False
        waits.remove(wait)
        wait.done(error)
        return True

    def look(self, call: Call) -> None:
        """The call has changed: answer those who waited for what it is now."""
        still = []
        for wait in self._waits.pop(call.id, []):
            if wait.fits(call):
                wait.done(None)
            elif not call.up:
                wait.done(_end_of(call))
            else:
                still.append(wait)
        if still:
            self._waits[call.id] = still


def is_out(call: Call) -> bool:
    """The INVITE was sent: the engine has told its Call-ID."""
    return bool(call.sip_call_id)


def is_active(call: Call) -> bool:
    return call.on_line


def has_ended(call: Call) -> bool:
    return not call.up


def has_gone(call: Call) -> bool:
    """It is over, or on its way to somebody else."""
    return call.relayed or not call.up


def _end_of(call: Call) -> PhoneError:
    """For those who wanted something else of the call than its end."""
    if call.end_code:
        return RejectedError(f"{call.end_code} {call.end_text}".strip())
    return EngineError(call.end_text or f"The call has ended ({call.end_reason})")
