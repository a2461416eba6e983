# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests about the sound of a call before there is anything to speak of.

An INVITE may leave the offer to who is called (RFC 3261 section 13.2.1).  Until that offer goes out
with the 200 the stack has no session to change, and a failed assertion ends the process on any
UPDATE, and on a PRACK with a body (sip_inv.c:4077, 4370).  Both are to be refused anyhow (RFC 3311
section 5.2, RFC 3262 section 5).

Until the ACK the stack makes its answers from the media lines of the first offer, and asserts that
the new one has as many (pjsua_call.c:5640).  Who has more to offer is asked to wait.
"""

from collections.abc import Callable, Sequence

from .gate import Source
from .gate_message import SipMessage
from .sip_call import Leg
from .sip_state import State
from .sip_status import SERVER_INTERNAL_ERROR
from .walls import Walls

RETRY_AFTER_S = 2


class TooEarly:
    """Refuses them while there is such a call, whichever call they are for: to tell that like the
    stack does would mean to read dialogs as it does."""

    def __init__(self, walls: Walls, legs: Callable[[], Sequence[Leg]]) -> None:
        self._walls = walls
        self._legs = legs

    def take(self, message: SipMessage, _source: Source) -> bool:
        """Whether the message was dealt with; inside the gate, before pjsip acts on it."""
        if message.method != b"UPDATE" and not (message.method == b"PRACK" and message.body):
            return False
        lines = sum(line.startswith(b"m=") for line in message.sdp_lines)
        if not any(self._is_too_early(leg, lines) for leg in self._legs()):
            return False
        self._walls.answer(SERVER_INTERNAL_ERROR, {"Retry-After": str(RETRY_AFTER_S)})
        return True

    @staticmethod
    def _is_too_early(leg: Leg, lines: int) -> bool:
        return leg.lacks_session or (
            leg.state not in (State.ACTIVE, State.ENDED) and lines not in (0, leg.offer.lines)
        )
