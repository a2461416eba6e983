# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said in the dialogs of calls that are over.

The stack keeps such a dialog for some time.  An INVITE in it is never answered, and stays in its
memory for ever; the rest is answered with 500.  None of them means anything any more, and the
answer is 481 (RFC 3261 section 12.2.2).
"""

from typing import Protocol

from .gate import Source
from .gate_message import SipMessage
from .sip_call import Leg
from .sip_dialog import text_of
from .sip_status import NO_SUCH_DIALOG
from .walls import Walls

_LIVES_ON = frozenset({b"ACK", b"BYE", b"CANCEL", b"SUBSCRIBE", b"NOTIFY"})
"""They belong to a transaction, or to a subscription that outlives the call (RFC 5057)."""


class CallSlots(Protocol):
    def all(self) -> list[Leg]: ...
    def vacate(self) -> None: ...


class Over:
    """Comes after all who have dialogs of their own."""

    def __init__(self, walls: Walls, calls: CallSlots) -> None:
        self._walls = walls
        self._calls = calls

    def take(self, message: SipMessage, _source: Source) -> bool:
        """Whether the message was dealt with; inside the gate, before pjsip acts on it."""
        if not message.has_to_tag:
            if message.method == b"INVITE":
                self._calls.vacate()
            return False
        if not message.method or message.method in _LIVES_ON:
            return False
        call_id = text_of(message, b"call-id")
        if any(leg.sip_call_id == call_id for leg in self._calls.all()):
            return False
        self._walls.answer(NO_SUCH_DIALOG)
        return True
