# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests of a far end before there is anything to speak of.

An INVITE may leave the offer to who is called (RFC 3261 section 13.2.1).  Until that offer goes out
with the 200 the stack has no session to change, and a failed assertion ends the process on any
UPDATE, and on a PRACK with a body (sip_inv.c:4077, 4370).  Both are to be refused anyhow (RFC 3311
section 5.2, RFC 3262 section 5).

Until the ACK the stack makes its answers from the media lines of the first offer, and asserts that
the new one has as many (pjsua_call.c:5640).  Who has more to offer is asked to wait.

An INVITE within a call that does not stand yet (RFC 3261 section 14.2), and a BYE before any
answer, the stack neither answers nor ever forgets.
"""

from collections.abc import Callable, Sequence

from .gate import Source
from .gate_message import SipMessage
from .sip_call import Leg
from .sip_dialog import text_of
from .sip_state import State
from .sip_status import NO_SUCH_DIALOG, REQUEST_PENDING, SERVER_INTERNAL_ERROR
from .walls import Walls

RETRY_AFTER_S = 2
LATER = {"Retry-After": str(RETRY_AFTER_S)}


class TooEarly:
    def __init__(self, walls: Walls, legs: Callable[[], Sequence[Leg]]) -> None:
        self._walls = walls
        self._legs = legs

    def take(self, message: SipMessage, _source: Source) -> bool:
        """Whether the message was dealt with; inside the gate, before pjsip acts on it."""
        code = self._refusal(message)
        if code:
            self._walls.answer(code, LATER if code == SERVER_INTERNAL_ERROR else {})
        return code != 0

    def _refusal(self, message: SipMessage) -> int:
        if message.method in (b"INVITE", b"BYE") and message.has_to_tag:
            call_id = text_of(message, b"call-id")
            leg = next((leg for leg in self._legs() if leg.sip_call_id == call_id), None)
            return _refusal_within(leg, message.method) if leg else 0
        if message.method == b"UPDATE" or (message.method == b"PRACK" and message.body):
            return self._refusal_of_offer(message)
        return 0

    def _refusal_of_offer(self, message: SipMessage) -> int:
        """While there is such a call, whichever call it is for: to tell that like the stack does
        would mean to read dialogs as it does."""
        lines = sum(line.startswith(b"m=") for line in message.sdp_lines)
        early = any(_is_too_early(leg, lines) for leg in self._legs())
        return SERVER_INTERNAL_ERROR if early else 0


def _refusal_within(leg: Leg, method: bytes) -> int:
    if method == b"BYE":
        unheard = leg.outgoing and leg.state in (State.NEW, State.DIALING)
        return NO_SUCH_DIALOG if unheard else 0
    if leg.state is State.ACTIVE:
        return 0
    return REQUEST_PENDING if leg.outgoing else SERVER_INTERNAL_ERROR


def _is_too_early(leg: Leg, lines: int) -> bool:
    return leg.lacks_session or (
        leg.state not in (State.ACTIVE, State.ENDED) and lines not in (0, leg.offer.lines)
    )
