# SPDX-License-Identifier: GPL-2.0-or-later
"""What an account publishes about its user (RFC 3903)."""

from .pidf import PresenceDocument, build
from .protocol import PublicationAnswer, SetPublication
from .refusal import Refused, check_range, check_text
from .sip_account import Account
from .sip_dialog import Dialog, seconds_of, text_of
from .sip_headers import clean
from .sip_requests import Answer, Requests
from .sip_status import FIRST_FAILURE
from .sip_subscriptions import LONGEST_EXPIRES_S, PACKAGES, new_dialog
from .sip_thread import SipThread

LONGEST_NOTE = 256
LONGEST_ETAG = 256
MOST_ACTIVITIES = 8


class Publications:
    """One for each account; every request is a transaction of its own."""

    def __init__(self, thread: SipThread, requests: Requests) -> None:
        self._thread = thread
        self._requests = requests
        self._dialogs: dict[str, Dialog] = {}

    def publish(self, account: Account, command: SetPublication) -> None:
        _check(command)
        uri = account.settings.uri
        dialog = self._dialogs.get(account.id)
        if dialog is None or dialog.target != uri:
            dialog = self._dialogs[account.id] = new_dialog(account, uri, f"<{uri}>")
        headers = [("Event", "presence"), ("Expires", str(command.expires))]
        if command.etag:
            headers.append(("SIP-If-Match", command.etag))
        body = b""
        if command.basic and command.expires:
            document = PresenceDocument(command.basic, command.activities, command.note)
            body = build(uri, document)
            headers.append(("Content-Type", PACKAGES["presence"]))
        self._requests.send(
            account,
            dialog,
            "PUBLISH",
            headers,
            lambda answer: self._answered(account.id, command.expires, answer),
            body,
        )

    def forget(self, account: Account) -> None:
        self._dialogs.pop(account.id, None)

    def _answered(self, account: str, asked_s: int, answer: Answer) -> None:
        message = answer.message
        taken = message is not None and answer.code < FIRST_FAILURE
        granted_s = seconds_of(message, b"expires") if message else 0
        self._thread.send(
            PublicationAnswer(
                account=account,
                code=answer.code,
                text=answer.text,
                etag=_etag(text_of(message, b"sip-etag")) if message and taken else "",
                expires=(granted_s or asked_s) if taken else 0,
                retry_after=seconds_of(message, b"retry-after") if message else 0,
                min_expires=seconds_of(message, b"min-expires") if message else 0,
                cause=answer.cause,
            )
        )


def _etag(text: str) -> str:
    """A token (RFC 3903, 11.3), or "" for what is none or too long to be given back."""
    return text if clean(text, LONGEST_ETAG) == text and " " not in text else ""


def _check(command: SetPublication) -> None:
    check_range("expires", command.expires, 0, LONGEST_EXPIRES_S)
    check_text("etag", command.etag, LONGEST_ETAG)
    check_document(command.basic, command.activities, command.note)


def check_document(basic: str, activities: tuple[str, ...], note: str) -> None:
    """Raise `Refused` unless a presence document can be made of it."""
    check_text("note", note, LONGEST_NOTE)
    if basic not in ("open", "closed", ""):
        raise Refused(f"basic must be open or closed, not {basic[:20]!r}.")
    odd = [name for name in activities if not name.replace("-", "").isalpha()]
    if odd or len(activities) > MOST_ACTIVITIES:
        raise Refused("The activities are no names of RPID.")
