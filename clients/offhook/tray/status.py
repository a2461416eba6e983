# SPDX-License-Identifier: GPL-2.0-or-later
"""What the icon in the panel shows: one state of the whole phone, and its words."""

from enum import StrEnum

from offhook.aio import Phone
from offhook.call import Call

from .people import party, shown
from .words import ntr, tr


class Status(StrEnum):
    """The most urgent that is true; values name the icons."""

    OFFLINE = "offline"
    RINGING = "ringing"
    IN_CALL = "active"
    MUTED = "muted"
    HELD = "held"
    DND = "dnd"
    MISSED = "missed"
    VOICEMAIL = "voicemail"
    IDLE = "idle"


def status_of(phone: Phone) -> Status:
    if not phone.present:
        return Status.OFFLINE
    if ringing(phone):
        return Status.RINGING
    calls = conversations(phone)
    return _of_calls(calls) if calls else _while_idle(phone)


def _while_idle(phone: Phone) -> Status:
    facts = {
        Status.OFFLINE: not any(account.state == "registered" for account in phone.accounts),
        Status.DND: phone.availability == "dnd",
        Status.MISSED: phone.history.unseen_missed,
        Status.VOICEMAIL: waiting_messages(phone),
    }
    return next((status for status, true in facts.items() if true), Status.IDLE)


def _of_calls(calls: list[Call]) -> Status:
    heard = [call for call in calls if not call.local_hold]
    if not heard:
        return Status.HELD
    return Status.MUTED if all(call.muted for call in heard) else Status.IN_CALL


def ringing(phone: Phone) -> list[Call]:
    """Calls that wait for an answer here."""
    return [call for call in phone.calls if call.state == "incoming" and not call.forwarded]


def conversations(phone: Phone) -> list[Call]:
    """Every other call that goes on or is being made."""
    here = [call for call in phone.calls if call.up and not call.forwarded]
    return [call for call in here if call.state != "incoming"]


def forwarded(phone: Phone) -> list[Call]:
    """Those that the phone connects with one another."""
    return [call for call in phone.calls if call.up and call.forwarded]


def current(phone: Phone) -> Call | None:
    """The call that is heard, else the newest one."""
    calls = conversations(phone)
    heard = [call for call in calls if not call.local_hold]
    return next(iter(reversed(heard or calls)), None)


def waiting_messages(phone: Phone) -> int:
    """New messages in the voice mail boxes."""
    return sum(account.messages_new for account in phone.accounts)


def tooltip(phone: Phone) -> str:
    """Lines for a person: the calls, or what there is to know while nobody calls."""
    if not phone.present:
        return tr("The phone is not running")
    calls = [f"{call_words(call)}: {party(call)}" for call in phone.calls if call.up]
    return "\n".join(calls or _idle_lines(phone))


def call_words(call: Call) -> str:
    """What a call is doing."""
    if call.forwarded and call.up:
        return tr("Forwarded")
    if call.state == "active":
        return _conversation_words(call)
    return {
        "incoming": tr("Incoming call"),
        "pending": tr("To be dialled"),
        "dialing": tr("Calling"),
        "ringing": tr("Ringing"),
        "early": tr("Ringing"),
        "ended": tr("Ended"),
    }.get(call.state, tr("In call"))


def _conversation_words(call: Call) -> str:
    if call.local_hold:
        return tr("On hold")
    if call.remote_hold:
        return tr("Held by the other side")
    return tr("Muted") if call.muted else tr("In call")


def _idle_lines(phone: Phone) -> list[str]:
    lines = [f"{shown(one.label or one.id)}: {account_words(one.state)}" for one in phone.accounts]
    if not lines:
        lines.append(tr("No account is configured"))
    if phone.availability == "dnd":
        lines.append(tr("Do not disturb"))
    if missed := phone.history.unseen_missed:
        lines.append(ntr("{} missed call", "{} missed calls", missed))
    if waiting := waiting_messages(phone):
        lines.append(ntr("{} voice message", "{} voice messages", waiting))
    return lines


def account_words(state: str) -> str:
    return {
        "registered": tr("ready"),
        "registering": tr("registering"),
        "unregistering": tr("leaving"),
        "disabled": tr("off"),
        "offline": tr("no network"),
    }.get(state, tr("not registered"))
