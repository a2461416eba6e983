# SPDX-License-Identifier: GPL-2.0-or-later
"""Those who watch us: the notifier of presence (RFC 3856, RFC 6665 section 4.2).

Off unless an account is told to serve; then whoever may send requests to it may watch.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from .gate import Source
from .gate_message import SipMessage
from .pidf import PresenceDocument, build
from .protocol import ServePresence
from .schedule import Alarm
from .sip_account import Account
from .sip_accounts import Accounts
from .sip_dialog import Dialog, contact_of, record_routes, seconds_of, tag_of, text_of
from .sip_headers import name_addr, user_of
from .sip_publications import check_document
from .sip_requests import Answer, Requests
from .sip_status import (
    BAD_EVENT,
    INTERVAL_TOO_BRIEF,
    NO_SUCH_DIALOG,
    NOT_FOUND,
    OK,
    SERVICE_UNAVAILABLE,
)
from .sip_subscriptions import PACKAGES, event_of
from .sip_thread import SipThread

MOST_WATCHERS = 64
LONGEST_EXPIRES_S = 3600
SHORTEST_EXPIRES_S = 60
"""RFC 6665, 4.2.1.1: a shorter wish is refused, but for none at all, which ends it."""


Reply = tuple[int, Mapping[str, str]]
"""Code and further headers."""


@dataclass(slots=True)
class _Watcher:
    account: Account
    dialog: Dialog
    expiry: Alarm


class Watchers:
    """Answers SUBSCRIBE for presence, and tells every change."""

    def __init__(self, thread: SipThread, requests: Requests, accounts: Accounts) -> None:
        self._thread = thread
        self._requests = requests
        self._accounts = accounts
        self._documents: dict[str, PresenceDocument] = {}
        self._watchers: dict[tuple[str, str], _Watcher] = {}

    def serve(self, account: Account, command: ServePresence) -> None:
        """Tell this document from now on; `basic` "": tell nobody anything."""
        check_document(command.basic, command.activities, command.note)
        document = PresenceDocument(command.basic, command.activities, command.note)
        if command.basic:
            self._documents[account.id] = document
        else:
            self._documents.pop(account.id, None)
        for watcher in self._of(account):
            if command.basic:
                self._notify(watcher, document)
            else:
                self._end(watcher, "noresource")

    def forget(self, account: Account) -> None:
        """It is about to be taken out of the stack."""
        self._documents.pop(account.id, None)
        for watcher in self._of(account):
            self._drop(watcher)

    @property
    def serves(self) -> bool:
        """Whether anybody may subscribe here."""
        return bool(self._documents)

    def subscribed(self, message: SipMessage, source: Source) -> Reply:
        """What to answer to a SUBSCRIBE; the NOTIFY follows."""
        if event_of(message) != "presence" or not self._documents:
            return BAD_EVENT, {"Allow-Events": "presence"} if self._documents else {}
        expires_s = LONGEST_EXPIRES_S
        if message.first(b"expires"):
            expires_s = min(seconds_of(message, b"expires"), LONGEST_EXPIRES_S)
        if 0 < expires_s < SHORTEST_EXPIRES_S:
            return INTERVAL_TOO_BRIEF, {"Min-Expires": str(SHORTEST_EXPIRES_S)}
        watcher = self._watchers.get(_key(message))
        if watcher is None:
            if message.has_to_tag:
                return NO_SUCH_DIALOG, {}
            account = self._asked(message, source)
            if account is None:
                return NOT_FOUND, {}
            if len(self._watchers) >= MOST_WATCHERS or not contact_of(message):
                return SERVICE_UNAVAILABLE, {}
            watcher = self._begin(account, message)
        return self._renew(watcher, expires_s)

    def _asked(self, message: SipMessage, source: Source) -> Account | None:
        """The account that serves, may be asked from there, and is meant."""
        user = user_of(name_addr(text_of(message, b"to"))[1])
        for account in self._accounts:
            serves = account.id in self._documents
            if serves and account.accepts(source[0]) and account.is_named(user):
                return account
        return None

    def _begin(self, account: Account, message: SipMessage) -> _Watcher:
        to, sender = text_of(message, b"to"), text_of(message, b"from")
        dialog = Dialog(
            local=_without_tag(to),
            remote=_without_tag(sender),
            target=contact_of(message),
            first_hop=contact_of(message),
            routes=tuple(record_routes(message)),
            call_id=text_of(message, b"call-id"),
            local_tag=_branch(message),
            remote_tag=tag_of(sender),
        )
        made = _Watcher(account, dialog, self._thread.schedule.after(0, lambda: None))
        self._watchers[_key(message)] = made
        return made

    def _renew(self, watcher: _Watcher, expires_s: int) -> Reply:
        watcher.expiry.cancel()
        delay_s = float(expires_s)
        watcher.expiry = self._thread.schedule.after(delay_s, lambda: self._end(watcher, "timeout"))
        if expires_s:
            self._thread.soon(lambda: self._tell(watcher))
        contact = self._requests.contact(watcher.account, watcher.dialog)
        return OK, {"Expires": str(expires_s), "Contact": f"<{contact}>"}

    # ------------------------------------------------------------ NOTIFY

    def _tell(self, watcher: _Watcher) -> None:
        if document := self._documents.get(watcher.account.id):
            self._notify(watcher, document)

    def _notify(self, watcher: _Watcher, document: PresenceDocument) -> None:
        left_s = max(1, watcher.expiry.due_s - time.monotonic())
        self._send(watcher, f"active;expires={left_s:.0f}", document)

    def _end(self, watcher: _Watcher, reason: str) -> None:
        document = self._documents.get(watcher.account.id, PresenceDocument("closed"))
        if watcher in self._watchers.values():
            self._send(watcher, f"terminated;reason={reason}", document)
            self._drop(watcher)

    def _send(self, watcher: _Watcher, state: str, document: PresenceDocument) -> None:
        headers = (
            ("Event", "presence"),
            ("Subscription-State", state),
            ("Content-Type", PACKAGES["presence"]),
        )
        body = build(watcher.account.settings.uri, document)
        self._requests.send(
            watcher.account,
            watcher.dialog,
            "NOTIFY",
            headers,
            lambda answer: self._told(watcher, answer),
            body,
        )

    def _told(self, watcher: _Watcher, answer: Answer) -> None:
        """Who does not answer, or knows of nothing, watches no more (RFC 6665, 4.2.2)."""
        if not answer.code or answer.code == NO_SUCH_DIALOG:
            self._drop(watcher)

    def _drop(self, watcher: _Watcher) -> None:
        watcher.expiry.cancel()
        self._watchers = {key: one for key, one in self._watchers.items() if one is not watcher}

    def _of(self, account: Account) -> list[_Watcher]:
        return [one for one in self._watchers.values() if one.account is account]


def _key(message: SipMessage) -> tuple[str, str]:
    """The dialog, by what the watcher chose."""
    return text_of(message, b"call-id"), tag_of(text_of(message, b"from"))


def _branch(message: SipMessage) -> str:
    """What pjsip takes for the To tag of a response outside a transaction."""
    via = text_of(message, b"via")
    for parameter in via.split(",")[0].split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "branch":
            return value.strip()
    return ""


def _without_tag(value: str) -> str:
    """A From or To as a name-addr."""
    head, bracket, _ = value.rpartition(">")
    return f"{head}>" if bracket else f"<{value.partition(';')[0].strip()}>"
