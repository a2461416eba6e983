# SPDX-License-Identifier: GPL-2.0-or-later
"""Which notifications should be on the screen now; how they get there is another matter."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from offhook.aio import Phone
from offhook.call import Call
from offhook.history import Row

from .menu import Act
from .people import details, missed, party, row_party
from .status import ringing
from .words import ntr, tr

MISSED = "missed"
"""Key of the one notification that tells of missed calls."""

NAMED = 4
"""Callers a notification of missed calls names."""


@dataclass(frozen=True, slots=True)
class Button:
    """`url` is a page to be opened instead of something to do."""

    label: str
    act: Act | None = field(default=None, compare=False)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Plain text; `key` says what it is about, so that it is updated and never stacked.

    `category` is one of the Desktop Notifications Specification.
    """

    key: str
    summary: str
    lines: tuple[str, ...]
    icon: str
    category: str = ""
    urgent: bool = False
    photo: str = ""
    buttons: tuple[Button, ...] = ()


def wanted(phone: Phone, recent: Sequence[Row]) -> list[Notice]:
    """Of every call that rings, and of the missed ones nobody has looked at."""
    if not phone.present:
        return []
    notices = [_incoming(call) for call in ringing(phone)]
    if phone.history.unseen_missed:
        notices.append(_missed(phone, recent))
    return notices


def _incoming(call: Call) -> Notice:
    buttons = [Button(tr("Answer"), call.answer), Button(tr("Decline"), call.hangup)]
    if page := call.caller.get("screen-pop", ""):
        buttons.append(Button(tr("Open page"), url=page))
    return Notice(
        key=call.path,
        summary=tr("{} is calling").format(party(call)),
        lines=tuple(details(call)),
        icon="offhook-ringing",
        category="call.incoming",
        urgent=True,
        photo=call.caller.get("photo-path", ""),
        buttons=tuple(buttons),
    )


def _missed(phone: Phone, recent: Sequence[Row]) -> Notice:
    count = phone.history.unseen_missed
    rows = [row for row in recent if missed(row)][: min(count, NAMED)]
    callers = {row["peer-uri"] for row in rows}
    back = [Button(tr("Call back"), partial(phone.dial, uri)) for uri in callers]
    return Notice(
        key=MISSED,
        summary=ntr("{} missed call", "{} missed calls", count),
        lines=tuple(row_party(row) for row in rows),
        icon="offhook-missed",
        category="call.unanswered",
        buttons=tuple(back) if len(back) == 1 else (),
    )


def failure(number: int, sentence: str) -> Notice:
    """Of something the user asked for, the `number`th that was not done."""
    return Notice(
        key=f"failure-{number}",
        summary=tr("That was not done"),
        lines=(sentence,),
        icon="offhook-offline",
    )


def goes_on(open_window: Act, leave: Act) -> Notice:
    """Of the program, when its window is closed and there is no panel for its icon."""
    return Notice(
        key="goes-on",
        summary=tr("The phone goes on without its window"),
        lines=(tr("Start offhook again to see it."),),
        icon="offhook-idle",
        buttons=(Button(tr("Open the phone"), open_window), Button(tr("Quit"), leave)),
    )
