# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests inside a call that the SIP stack answers with 500.

Exchanges ask OPTIONS and send empty INFOs inside a call to see whether it still stands, and clear
it down on a 500 (RFC 3261 section 11, RFC 6086).  They are answered at the gate.
"""

from collections.abc import Callable, Mapping, Sequence

from .gate import Source
from .gate_message import SipMessage
from .sip_call import Leg
from .sip_dialog import text_of
from .sip_info import ACCEPTED, read_key
from .sip_keys import IS_END
from .sip_outside import ALLOWED, SUPPORTED
from .sip_repetitions import Repetitions
from .sip_status import (
    BAD_EVENT,
    BAD_REQUEST,
    METHOD_NOT_ALLOWED,
    OK,
    UNSUPPORTED_MEDIA_TYPE,
)
from .sip_subscriptions import event_of
from .walls import Walls

ALLOW = {"Allow": ", ".join(ALLOWED)}
CAPABILITIES = {**ALLOW, "Accept": "application/sdp", "Supported": ", ".join(SUPPORTED)}
ACCEPT_KEYS = {"Accept": b", ".join(ACCEPTED).decode()}

_LEFT_TO_OTHERS = frozenset({*(name.encode() for name in ALLOWED), b"SUBSCRIBE"})

Reply = tuple[int, Mapping[str, str]]


class Inside:
    """Comes after all who may have a use for a request."""

    def __init__(self, walls: Walls, legs: Callable[[], Sequence[Leg]]) -> None:
        self._walls = walls
        self._legs = legs
        self._repetitions = Repetitions()

    def take(self, message: SipMessage, _source: Source) -> bool:
        """Whether the message is ours; inside the gate, before pjsip acts on it."""
        if not message.method or not message.has_to_tag:
            return False
        call_id = text_of(message, b"call-id")
        leg = next((leg for leg in self._legs() if leg.sip_call_id == call_id), None)
        reply = self._reply(message, leg) if leg else None
        if reply:
            self._walls.answer(*reply)
        return reply is not None

    def _reply(self, message: SipMessage, leg: Leg) -> Reply | None:
        match message.method:
            case b"OPTIONS":
                return OK, CAPABILITIES
            case b"INFO":
                return self._info(message, leg)
            case b"NOTIFY" if event_of(message) != "refer":
                return BAD_EVENT, {}
            case method if method in _LEFT_TO_OTHERS:
                return None
        return METHOD_NOT_ALLOWED, ALLOW

    def _info(self, message: SipMessage, leg: Leg) -> Reply:
        if not message.body:
            return OK, {}
        if message.content_type not in ACCEPTED:
            return UNSUPPORTED_MEDIA_TYPE, ACCEPT_KEYS
        key = read_key(message.content_type, message.body)
        if key is None:
            return BAD_REQUEST, {}
        if self._repetitions.is_new(message):
            leg.on_dtmf(key.tone, key.duration_ms, IS_END)
        return OK, {}
