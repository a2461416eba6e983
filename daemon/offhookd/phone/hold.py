# SPDX-License-Identifier: GPL-2.0-or-later
"""The states of holding a call here, as one table; docs/call-states.md draws it.

The far end's hold is no state: it is what its last offer or answer said (`Call.remote_hold`).
"""

from collections.abc import Mapping
from enum import StrEnum


class HoldState(StrEnum):
    """What is, and what the user wants."""

    OPEN = "open"
    HOLDING = "holding"
    """Asked to hold; the far end has not agreed yet."""
    RECALLING = "recalling"
    """Asked to hold, and then not to, before the far end had said anything."""
    HELD = "held"
    RESUMING = "resuming"
    REHOLDING = "reholding"
    """Asked to resume, and then not to."""


class HoldEvent(StrEnum):
    HOLD = "hold"
    RESUME = "resume"
    IS_HELD = "media held"
    IS_OPEN = "media open"
    REFUSED = "refused"
    SETTLED = "nothing to do"
    """The last wish needed nothing of the far end any more."""


NEXT_HOLD: Mapping[HoldState, Mapping[HoldEvent, HoldState]] = {
    HoldState.OPEN: {
        HoldEvent.HOLD: HoldState.HOLDING,
        HoldEvent.IS_HELD: HoldState.HELD,
    },
    HoldState.HOLDING: {
        HoldEvent.RESUME: HoldState.RECALLING,
        HoldEvent.IS_HELD: HoldState.HELD,
        HoldEvent.REFUSED: HoldState.OPEN,
    },
    HoldState.RECALLING: {
        HoldEvent.HOLD: HoldState.HOLDING,
        HoldEvent.IS_HELD: HoldState.RESUMING,
        HoldEvent.REFUSED: HoldState.OPEN,
        HoldEvent.SETTLED: HoldState.OPEN,
    },
    HoldState.HELD: {
        HoldEvent.RESUME: HoldState.RESUMING,
        HoldEvent.IS_OPEN: HoldState.OPEN,
    },
    HoldState.RESUMING: {
        HoldEvent.HOLD: HoldState.REHOLDING,
        HoldEvent.IS_OPEN: HoldState.OPEN,
        HoldEvent.REFUSED: HoldState.HELD,
    },
    HoldState.REHOLDING: {
        HoldEvent.RESUME: HoldState.RESUMING,
        HoldEvent.IS_OPEN: HoldState.HOLDING,
        HoldEvent.REFUSED: HoldState.HELD,
        HoldEvent.SETTLED: HoldState.HELD,
    },
}
"""Where there is no cell, nothing changes."""

LOCAL_HOLD = frozenset({HoldState.HELD, HoldState.RESUMING, HoldState.REHOLDING})
WANTED_HOLD = frozenset({HoldState.HOLDING, HoldState.HELD, HoldState.REHOLDING})

COMING_BACK = frozenset({HoldState.RECALLING, HoldState.RESUMING})
"""The user wants it back."""


def after(state: HoldState, event: HoldEvent) -> HoldState:
    return NEXT_HOLD[state].get(event, state)
