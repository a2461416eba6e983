# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers to our INVITE that no session can be made of.

When sound before the answer cannot be agreed on, the stack takes the INVITE back and gives up the
media that it had prepared.  Of what else it is answered, by another telephone or by one that the
CANCEL reaches too late, it makes a session all the same, and asserts that the media are there
(pjsua_media.c:3920).  Such a call is hung up here too, and until then it hears of no answer with
a session any more.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .gate import Source
from .gate_message import SipMessage
from .sip_callbacks import Step
from .sip_dialog import text_of
from .sip_status import OK, TRYING

if TYPE_CHECKING:
    from .sip_call import Leg


class Answers:
    """Those to one INVITE of ours; `unusable` once there was such a one."""

    def __init__(self) -> None:
        self.unusable = False
        self._has_session = False

    def made_session(self) -> None:
        """The stack has agreed on one."""
        self._has_session = True

    def heard(self, step: Step, message: str) -> bool:
        """Take a message that the stack has dealt with; whether it made the call unusable."""
        if step.theirs or step.method != "INVITE" or self._has_session or self.unusable:
            return False
        early = TRYING < step.code < OK
        self.unusable = early and message.partition("\r\n\r\n")[2] != ""
        return self.unusable


class Unusable:
    """Keeps the sessions of further answers from the stack."""

    def __init__(self, legs: Callable[[], Sequence["Leg"]]) -> None:
        self._legs = legs

    def take(self, message: SipMessage, _source: Source) -> bool:
        """Whether nobody is to hear of the message; inside the gate, before pjsip acts on it."""
        if not message.status or message.cseq_method != b"INVITE" or not message.body:
            return False
        call_id = text_of(message, b"call-id")
        return any(leg.answers.unusable and leg.sip_call_id == call_id for leg in self._legs())
