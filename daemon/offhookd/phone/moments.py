# SPDX-License-Identifier: GPL-2.0-or-later
"""The moments of a call at which other programs want to act: it rings, is answered, is over."""

from enum import StrEnum

from .call import Call
from .calls import Calls
from .events import Signal
from .values import Direction


class Moment(StrEnum):
    RINGING = "ringing"
    """An incoming call asks for a person; one that is refused at once never does."""
    ANSWERED = "answered"
    ENDED = "ended"


class Moments:
    """Fires `came` once for each moment of a call, in order, and not before `identified` was
    told that all is known of the far end that will be."""

    def __init__(self, calls: Calls) -> None:
        self.came: Signal[[Moment, Call]] = Signal()
        self._waiting: dict[Call, list[Moment]] = {}
        self._seen: dict[Call, set[Moment]] = {}
        calls.added.connect(self._added)
        calls.changed.connect(self._changed)
        calls.removed.connect(self._removed)

    def identified(self, call: Call) -> None:
        for moment in self._waiting.pop(call, ()):
            self.came(moment, call)

    def _added(self, call: Call) -> None:
        self._seen[call] = set()
        self._waiting[call] = []
        if call.direction is Direction.INCOMING and call.asks:
            self._note(Moment.RINGING, call)

    def _changed(self, call: Call) -> None:
        if call not in self._seen:
            return
        if call.answered_us:
            self._note(Moment.ANSWERED, call)
        if not call.up:
            self._note(Moment.ENDED, call)

    def _note(self, moment: Moment, call: Call) -> None:
        if moment in self._seen[call]:
            return
        self._seen[call].add(moment)
        if call in self._waiting:
            self._waiting[call].append(moment)
        else:
            self.came(moment, call)

    def _removed(self, call: Call) -> None:
        self.identified(call)
        self._seen.pop(call, None)


def facts(moment: Moment, call: Call) -> dict[str, str]:
    """What a program is told of `call`, by the names of its environment.  Times are seconds since
    1970, "" for never; lengths are seconds."""
    contact = call.contact
    told = {
        "OFFHOOK_EVENT": moment,
        "OFFHOOK_CALL": str(call.id),
        "OFFHOOK_ACCOUNT": call.account,
        "OFFHOOK_DIRECTION": call.direction,
        "OFFHOOK_PEER_URI": call.far_uri,
        "OFFHOOK_PEER_NAME": call.far_name,
        "OFFHOOK_CONTACT_NAME": contact.name if contact else "",
        "OFFHOOK_CONTACT_ORGANIZATION": contact.organization if contact else "",
        "OFFHOOK_CONTACT_NOTE": contact.note if contact else "",
        "OFFHOOK_CONTACT_URL": contact.url if contact else "",
        "OFFHOOK_CONTACT_ID": contact.id if contact else "",
        "OFFHOOK_CONTACT_SOURCE": contact.source if contact else "",
        "OFFHOOK_CALLED_URI": call.called_uri,
        "OFFHOOK_DIVERSION_URI": call.diversion_uri,
        "OFFHOOK_STARTED": _seconds(call.created_us),
        "OFFHOOK_ANSWERED": _seconds(call.answered_us),
        "OFFHOOK_ENDED": _seconds(call.ended_us),
        "OFFHOOK_DURATION": _length(call),
        "OFFHOOK_END_REASON": call.end_reason if moment is Moment.ENDED else "",
        "OFFHOOK_END_CODE": str(call.end_code or "") if moment is Moment.ENDED else "",
    }
    return {name: _line(text) for name, text in told.items()}


def _line(text: str) -> str:
    """An address book may have what no environment can hold: NUL, halves of a character."""
    return "".join(one if one.isprintable() else " " for one in text)


def _seconds(usec: int) -> str:
    return str(usec // 1_000_000) if usec else ""


def _length(call: Call) -> str:
    """Of the conversation, once it is over."""
    if not (call.answered_us and call.ended_us):
        return ""
    return str((call.ended_us - call.answered_us) // 1_000_000)
