# SPDX-License-Identifier: GPL-2.0-or-later
"""Room for one call more than the engine carries, when that call is for help."""

from collections.abc import Iterable

from .call import Call
from .values import CallState

ROOM_RETRY_S = 0.3
"""The engine gives a line back when the far end has answered our BYE, or two seconds later."""


def most_expendable(calls: Iterable[Call]) -> Call | None:
    """The call to give up: one that only rings, then one being dialled, then one on hold, and one
    that talks last; never another call for help."""
    here = [c for c in calls if c.up and c.desk is None and not c.emergency]
    carried = [c for c in here if c.state is not CallState.PENDING]
    return min(carried, key=_worth, default=None)


def _worth(call: Call) -> int:
    if call.ending:
        return 0
    if call.state is CallState.INCOMING:
        return 1
    if not call.on_line:
        return 2
    return 3 if call.to_be_held or call.remote_hold else 4
