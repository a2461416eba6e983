# SPDX-License-Identifier: GPL-2.0-or-later
"""A call that another telephone carries, seen from here: its stages, as one table.

Whatever the way, the story is the same: somebody who can is asked; the desk phone rings and is
lifted, or answers by itself; from there the far end is called.  The ways differ in what they tell
of it, so every stage may be left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from .values import CallState


class DeskWay(StrEnum):
    """How a desk phone is made to call."""

    ASTERISK = "asterisk"
    """The exchange does it, asked by the Asterisk Manager Interface."""
    REFER = "refer"
    """The telephone does it, asked by a REFER outside a dialog (RFC 5359 section 2.12)."""
    CALL = "call"
    """We call the telephone and, once it is lifted, send it on (RFC 5589)."""


class AutoAnswerHeader(StrEnum):
    """By what a call to the desk phone asks to be answered at once."""

    NONE = "none"
    CALL_INFO = "call-info"
    ALERT_INFO = "alert-info"


AUTO_ANSWER: Mapping[AutoAnswerHeader, Mapping[str, str]] = {
    AutoAnswerHeader.NONE: {},
    AutoAnswerHeader.CALL_INFO: {"Call-Info": "<sip:offhook.invalid>;answer-after=0"},
    AutoAnswerHeader.ALERT_INFO: {"Alert-Info": "<http://offhook.invalid>;info=alert-autoanswer"},
}
"""No standard header does it everywhere: the first is read by Snom, Grandstream and Linphone, the
second by Polycom, Yealink and others."""


class DeskStage(StrEnum):
    ASKED = "asked"
    """The exchange, or the telephone itself, has been asked and has not answered."""
    LIFTING = "lifting"
    """The desk phone rings; its user is to pick up."""
    CALLING = "calling"
    """It calls the far end."""
    RINGING = "ringing"
    """The far end rings."""
    TALKING = "talking"


class DeskNews(StrEnum):
    """What a way tells."""

    DESK_RINGS = "desk rings"
    DESK_ANSWERED = "desk answered"
    FAR_RINGS = "far end rings"
    FAR_ANSWERED = "far end answered"


_S, _N = DeskStage, DeskNews

NEXT_STAGES: Mapping[DeskStage, Mapping[DeskNews, DeskStage]] = {
    _S.ASKED: {
        _N.DESK_RINGS: _S.LIFTING,
        _N.DESK_ANSWERED: _S.CALLING,
        _N.FAR_RINGS: _S.RINGING,
        _N.FAR_ANSWERED: _S.TALKING,
    },
    _S.LIFTING: {
        _N.DESK_ANSWERED: _S.CALLING,
        _N.FAR_RINGS: _S.RINGING,
        _N.FAR_ANSWERED: _S.TALKING,
    },
    _S.CALLING: {_N.FAR_RINGS: _S.RINGING, _N.FAR_ANSWERED: _S.TALKING},
    _S.RINGING: {_N.FAR_ANSWERED: _S.TALKING},
    _S.TALKING: {},
}
"""Where there is no cell the news come late and change nothing."""

CALL_STATES: Mapping[DeskStage, CallState] = {
    _S.ASKED: CallState.DIALING,
    _S.LIFTING: CallState.DIALING,
    _S.CALLING: CallState.DIALING,
    _S.RINGING: CallState.RINGING,
    _S.TALKING: CallState.ACTIVE,
}


class DeskAction(StrEnum):
    """What its carrier may do with a conversation, as D-Bus names it."""

    SEND_DTMF = "SendDtmf"
    TRANSFER = "Transfer"
    TRANSFER_TO = "TransferTo"


@dataclass(frozen=True, slots=True)
class DeskLeg:
    """The desk phone `phone` has the call.  `revocable`: the call can be ended from here.  `able`:
    what else can be done once people talk.  `exchange`: whose calls can be joined with it."""

    phone: str
    stage: DeskStage = DeskStage.ASKED
    revocable: bool = True
    able: frozenset[DeskAction] = frozenset()
    exchange: str = ""

    @property
    def actions(self) -> tuple[str, ...]:
        able = self.able if self.stage is DeskStage.TALKING else frozenset()
        end = ("Hangup",) if self.revocable else ()
        return (*end, *(one for one in DeskAction if one in able))

    def joins(self, other: "DeskLeg") -> bool:
        """Whether its conversation and that of `other` can be made one."""
        return self.exchange == other.exchange and all(
            DeskAction.TRANSFER_TO in one.able and one.stage is DeskStage.TALKING
            for one in (self, other)
        )

    def after(self, news: DeskNews) -> "DeskLeg":
        return replace(self, stage=NEXT_STAGES[self.stage].get(news, self.stage))
