# SPDX-License-Identifier: GPL-2.0-or-later
"""A call for help goes first (RFC 6881, "Disabling of Features").

It is not put on hold, handed over or joined with others, and beside it no other call is begun,
answered or taken back from hold.  A second call for help is: both lines stay open.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from .call import Call
from .errors import InvalidStateError
from .events import Signal
from .values import CallState, EndReason


class Switchboard(Protocol):
    """The part of `Calls` that is followed."""

    @property
    def added(self) -> Signal[[Call]]: ...

    @property
    def changed(self) -> Signal[[Call]]: ...

    def __iter__(self) -> Iterator[Call]: ...


def helps(calls: Iterable[Call]) -> bool:
    """Whether one of `calls` is for help: on its way, up, or an emergency centre's that rings."""
    return any(_is_under_way(call) for call in calls)


def require_movable(call: Call) -> None:
    """Raises `InvalidStateError` for a call that is to be left alone."""
    if call.emergency:
        raise InvalidStateError(
            "This is an emergency call: it is neither held, handed over nor joined; only hung up"
        )


def require_turn(call: Call, calls: Iterable[Call]) -> None:
    """Raises `InvalidStateError` while another call goes first."""
    if not call.emergency:
        require_silence(calls)


def require_silence(calls: Iterable[Call]) -> None:
    """Raises `InvalidStateError` while help is being called or spoken to."""
    if _is_engaged(calls):
        raise InvalidStateError("An emergency call goes on; hang it up first")


class Precedence:
    """Keeps `Call.yields` true; callers who ring when help is called are told that it is busy."""

    def __init__(self, calls: Switchboard, turn_away: Callable[[Call, EndReason], None]) -> None:
        self._calls = calls
        self._turn_away = turn_away
        calls.added.connect(lambda _: self._follow())
        calls.changed.connect(lambda _: self._follow())

    def _follow(self) -> None:
        engaged = _is_engaged(self._calls)
        for call in self._calls:
            yields = engaged and not call.emergency
            if yields and call.asks:
                self._turn_away(call, EndReason.BUSY)
            if call.yields is not yields:
                call.yields = yields
                self._calls.changed(call)


def _is_engaged(calls: Iterable[Call]) -> bool:
    return any(_is_under_way(call) and call.state is not CallState.INCOMING for call in calls)


def _is_under_way(call: Call) -> bool:
    waits = call.state is CallState.PENDING
    return call.emergency and call.up and not (waits or call.ending)
