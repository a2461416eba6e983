# SPDX-License-Identifier: GPL-2.0-or-later
"""The menu of the icon, as data."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from offhook.account import Account
from offhook.aio import Phone
from offhook.call import Call
from offhook.history import Row
from offhook.presence import Presence

from .people import missed, number, party, row_party, shown
from .status import account_words, conversations, current, ringing, waiting_messages
from .words import ntr, tr

Act = Callable[[], Coroutine[Any, Any, object]]
Do = Callable[[Act], None]
"""Starts it, and tells why it was not done."""

RECENT = 8
"""Calls to dial again; more are in the window."""

AVAILABILITIES = ("available", "busy", "away", "dnd", "offline")


class Role(StrEnum):
    """What stands out on a button."""

    PLAIN = "plain"
    BEGINS = "begins"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu: something to do, a choice (`checked` is not None), or more lines.

    Equal entries look the same.
    """

    label: str
    act: Act | None = field(default=None, compare=False)
    checked: bool | None = None
    children: Sequence["Entry"] = field(default=())
    enabled: bool = True
    role: Role = Role.PLAIN


SEPARATOR = Entry("")


def menu_of(phone: Phone, recent: Sequence[Row]) -> list[Entry]:
    """Everything the phone can do now; the caller adds window and quit."""
    if not phone.present:
        stopped = Entry(tr("The phone is not running"), enabled=False)
        return [stopped, Entry(tr("Start the phone"), phone.wake)]
    groups = [
        [*(entry for call in ringing(phone) for entry in _ringing(call)), *_silence(phone)],
        [entry for call in conversations(phone) for entry in _conversation(phone, call)],
        [*_dialling(phone, recent)],
        [_do_not_disturb(phone), _availability(phone), *_accounts(phone), *_devices(phone)],
    ]
    entries: list[Entry] = []
    for group in filter(None, groups):
        entries += [SEPARATOR, *group] if entries else group
    return entries


def _ringing(call: Call) -> Iterator[Entry]:
    who = party(call)
    yield Entry(tr("Answer {}").format(who), call.answer)
    yield Entry(tr("Decline {}").format(who), call.hangup)


def _silence(phone: Phone) -> Iterator[Entry]:
    if ringing(phone) and not phone.audio.silenced:
        yield Entry(tr("Stop ringing"), phone.audio.silence)


def _conversation(phone: Phone, call: Call) -> Iterator[Entry]:
    who = party(call)
    yield Entry(tr("Hang up {}").format(who), call.hangup)
    if "Hold" in call.actions:
        yield Entry(tr("Hold {}").format(who), call.hold)
    if "Resume" in call.actions:
        yield Entry(tr("Resume {}").format(who), call.resume)
    if call is current(phone):
        yield Entry(tr("Mute"), partial(call.mute, not call.muted), checked=call.muted)


def _dialling(phone: Phone, recent: Sequence[Row]) -> Iterator[Entry]:
    if rows := [row for row in recent if row["peer-uri"]][:RECENT]:
        again = [Entry(_row_label(row), partial(phone.dial, row["peer-uri"])) for row in rows]
        yield Entry(tr("Recent calls"), children=again)
    if phone.colleagues:
        yield Entry(tr("Favourites"), children=[_colleague(phone, one) for one in phone.colleagues])
    for account in phone.accounts:
        if account.voicemail_uri and account.messages_new:
            label = ntr("Hear {} voice message", "Hear {} voice messages", waiting_messages(phone))
            yield Entry(label, partial(phone.dial, account.voicemail_uri, account=account))


def _colleague(phone: Phone, one: Presence) -> Entry:
    """Calls, or takes over the call that rings there."""
    who = shown(one.label) or number(one.uri)
    mark = colleague_mark(one.state, one.dialog)
    if one.dialog == "ringing":
        return Entry(f"{mark} {tr('Pick up: {}').format(who)}", one.pickup)
    return Entry(f"{mark} {who}", partial(phone.dial, one.uri))


def _row_label(row: Row) -> str:
    arrow = "↗" if row["direction"] == "outgoing" else "✗" if missed(row) else "↙"
    return f"{arrow} {row_party(row)}"


def colleague_mark(state: str, dialog: str) -> str:
    """One character, so that the lamp is no matter of colour only."""
    match dialog, state:
        case "ringing", _:
            return "◉"
        case ("confirmed" | "held", _) | (_, "busy"):
            return "●"
        case _, "dnd":
            return "⊘"
        case _, "away":
            return "◐"
        case (_, "available") | ("idle", _):
            return "○"
    return "·"


def _do_not_disturb(phone: Phone) -> Entry:
    on = phone.availability == "dnd"
    wanted = "available" if on else "dnd"
    return Entry(tr("Do not disturb"), partial(phone.set_availability, wanted), checked=on)


def availability_words(availability: str) -> str:
    return {
        "available": tr("Available"),
        "busy": tr("Busy"),
        "away": tr("Away"),
        "dnd": tr("Do not disturb"),
        "offline": tr("Seem offline"),
    }.get(availability, tr("Busy"))


def _availability(phone: Phone) -> Entry:
    choices = [
        Entry(
            availability_words(one),
            partial(phone.set_availability, one),
            checked=phone.availability == one,
        )
        for one in AVAILABILITIES
    ]
    return Entry(tr("Availability"), children=choices)


def _accounts(phone: Phone) -> Iterator[Entry]:
    if phone.accounts:
        yield Entry(tr("Accounts"), children=[_account(one) for one in phone.accounts])


def _account(account: Account) -> Entry:
    label = f"{shown(account.label or account.id)} ({account_words(account.state)})"
    return Entry(label, partial(account.enable, not account.enabled), checked=account.enabled)


def _devices(phone: Phone) -> Iterator[Entry]:
    if phone.devices:
        sets = [
            Entry(shown(one.name), partial(one.enable, not one.enabled), checked=one.enabled)
            for one in phone.devices
        ]
        yield Entry(tr("Telephone sets"), children=sets)
