# SPDX-License-Identifier: GPL-2.0-or-later
"""What "redial" means, whoever asks for it: D-Bus or a key."""

from .calls import Calls
from .departures import NOT_CONFIRMED
from .errors import NotFoundError
from .records import Filter, Row
from .service import CallHistory
from .values import CallState, Direction

REDIAL_DEPTH = 50
"""How far back Redial looks for a call that was really dialled."""


def last_dialled(history: CallHistory, calls: Calls) -> Row:
    """The newest outgoing call; `NotFoundError` when there is none.

    What a web page chose and nobody confirmed has not been dialled.
    """
    rows, _ = history.query(Filter(direction=Direction.OUTGOING), "", REDIAL_DEPTH)
    for row in rows:
        call = calls.get(row.id)
        pending = call is not None and call.state is CallState.PENDING
        if not pending and row.end_text != NOT_CONFIRMED:
            return row
    raise NotFoundError("Nothing has been dialled yet")
