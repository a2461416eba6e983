# SPDX-License-Identifier: GPL-2.0-or-later
"""What the window shows of each call, and what can be done with it, as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from offhook.aio import Phone
from offhook.call import Call
from offhook.conference import Conference

from .menu import Entry, Role
from .people import details, party
from .status import call_words, conversations, forwarded, ringing
from .words import tr


@dataclass(frozen=True, slots=True)
class Card:
    """`since` is when the conversation began, microseconds since 1970, 0 before that."""

    path: str
    title: str
    state: str
    lines: tuple[str, ...]
    since: int
    ringing: bool
    buttons: tuple[Entry, ...]


def cards(phone: Phone, typed: str) -> list[Card]:
    """One for each call, first those that ring; `typed` is the number in the entry, to which a call
    may be handed."""
    calls = [*ringing(phone), *conversations(phone), *forwarded(phone)]
    return [_card(phone, call, typed) for call in calls]


def _card(phone: Phone, call: Call, typed: str) -> Card:
    return Card(
        path=call.path,
        title=party(call),
        state=_state(call),
        lines=tuple(details(call)),
        since=call.answered_at,
        ringing=call.state == "incoming" and not call.forwarded,
        buttons=tuple(_buttons(phone, call, typed)),
    )


def _state(call: Call) -> str:
    match call.transfer_state:
        case "trying" | "ringing":
            return tr("Being transferred")
        case "failed":
            return tr("The transfer failed")
    words = call_words(call)
    if call.conference_path != "/":
        words = tr("{}, in conference").format(words)
    if call.recording:
        words = tr("{}, recorded").format(words)
    return words


def _buttons(phone: Phone, call: Call, typed: str) -> Iterator[Entry]:
    if "Start" in call.actions:
        yield Entry(tr("Dial"), call.start, role=Role.BEGINS)
    if "Answer" in call.actions:
        yield Entry(tr("Answer"), call.answer, role=Role.BEGINS)
    declines = call.state == "incoming" and not call.forwarded
    yield Entry(tr("Decline") if declines else tr("Hang up"), call.hangup, role=Role.ENDS)
    if call.forwarded:
        return
    if "Hold" in call.actions:
        yield Entry(tr("Hold"), call.hold)
    if "Resume" in call.actions:
        yield Entry(tr("Resume"), call.resume)
    if call.state == "active":
        yield Entry(tr("Mute"), partial(call.mute, not call.muted), checked=call.muted)
    if others := list(_handovers(phone, call, typed)):
        yield Entry(tr("Transfer"), children=others)
    if joins := list(_joins(phone, call)):
        yield Entry(tr("Conference"), children=joins)
    if "SetRecording" in call.actions:
        record = partial(call.record, not call.recording)
        yield Entry(tr("Record"), record, checked=bool(call.recording))


def _handovers(phone: Phone, call: Call, typed: str) -> Iterator[Entry]:
    if typed and "Transfer" in call.actions:
        yield Entry(tr("To {}").format(typed), partial(call.transfer, typed))
    if typed and "Redirect" in call.actions:
        yield Entry(tr("To {}").format(typed), partial(call.redirect, typed))
    if "TransferTo" in call.actions:
        for other in phone.calls:
            if other is not call and "TransferTo" in other.actions:
                yield Entry(tr("To {}").format(party(other)), partial(call.transfer_to, other))


def _joins(phone: Phone, call: Call) -> Iterator[Entry]:
    room = _conference(phone, call)
    if room:
        yield Entry(tr("Talk to {} alone").format(party(call)), partial(room.split, call))
        yield Entry(tr("End for everybody"), room.hangup)
        return
    if call.state != "active":
        return
    for other in phone.calls:
        if other is not call and other.state == "active" and not other.forwarded:
            yield Entry(tr("With {}").format(party(other)), partial(phone.merge, call, other))


def _conference(phone: Phone, call: Call) -> Conference | None:
    for room in phone.conferences:
        if room.path == call.conference_path:
            return room
    return None
