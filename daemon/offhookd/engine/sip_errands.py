# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephones that are asked to make a call: REFER outside a dialog (RFC 3515, RFC 5359 section
2.12), and the NOTIFY requests by which they tell how it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .gate import Source
from .gate_message import SipMessage
from .protocol import AskToCall, Command, ErrandTold, LeaveErrand
from .refusal import Refused, check_uri
from .sip_account import Account
from .sip_accounts import Accounts
from .sip_dialog import Dialog, contact_of, record_routes, tag_of, text_of
from .sip_headers import clean, host_of
from .sip_requests import Answer, Requests
from .sip_status import FIRST_FAILURE, FIRST_FINAL, NO_SUCH_DIALOG, OK
from .sip_subscriptions import (
    OUT_OF_ORDER,
    belongs,
    event_of,
    new_dialog,
    seconds,
    subscription_state,
)
from .sip_thread import SipThread
from .walls import Walls

REFER = "refer"
MOST_ERRANDS = 16
UNLIMITED_S = 3600
"""Of a NOTIFY that does not say for how long; longer than a telephone rings."""
_STATUS_LINE = b"SIP/2.0 "


@dataclass(slots=True, eq=False)
class _Errand:
    number: int
    account: Account
    dialog: Dialog
    last_cseq: int = -1


class Errands:
    """`handlers` are the commands it carries out."""

    def __init__(
        self, thread: SipThread, accounts: Accounts, walls: Walls, requests: Requests
    ) -> None:
        self._thread = thread
        self._accounts = accounts
        self._walls = walls
        self._requests = requests
        self._by_call_id: dict[str, _Errand] = {}
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            AskToCall: self._ask,
            LeaveErrand: lambda c: self._leave(c.errand),
        }

    def forget(self, account: Account) -> None:
        """It is about to be taken out of the stack."""
        for errand in list(self._by_call_id.values()):
            if errand.account is account:
                self._over(errand, ErrandTold(**_WORDLESS, errand=errand.number, cause="network"))

    def take(self, message: SipMessage, _source: Source) -> bool:
        """Whether the message is ours; inside the gate, before pjsip acts on it."""
        if message.method != b"NOTIFY" or event_of(message) != REFER:
            return False
        errand = self._by_call_id.get(text_of(message, b"call-id"))
        if errand is None:
            return False  # of a transfer within a call, which is pjsip's
        self._walls.answer(self._notified(errand, message))
        return True

    # ------------------------------------------------------------ REFER

    def _ask(self, command: AskToCall) -> None:
        account = self._accounts.find(command.account)
        phone = check_uri("The desk phone", command.phone)
        target = check_uri("The target", command.target)
        if len(self._by_call_id) >= MOST_ERRANDS:
            raise Refused(f"{MOST_ERRANDS} telephones have been asked to call already.")
        dialog = new_dialog(account, phone, f"<{phone}>")
        if not dialog.routes:
            dialog.first_hop = phone
        if not self._walls.knows(dialog.next_hop):
            raise Refused(f"No address is known for {clean(dialog.next_hop, 80)}.")
        self._walls.admit_target(dialog.next_hop)
        errand = _Errand(command.errand, account, dialog)
        self._by_call_id[dialog.call_id] = errand
        headers = (("Refer-To", f"<{target}>"), ("Referred-By", f"<{account.settings.uri}>"))
        self._requests.send(
            account, dialog, "REFER", headers, lambda answer: self._answered(errand, answer)
        )

    def _answered(self, errand: _Errand, answer: Answer) -> None:
        if self._by_call_id.get(errand.dialog.call_id) is not errand:
            return
        message = answer.message
        taken = message is not None and answer.code < FIRST_FAILURE
        if message and taken:
            routes = record_routes(message)[::-1]
            self._establish(errand, tag_of(text_of(message, b"to")), message, routes)
        told = ErrandTold(
            errand=errand.number,
            code=0 if taken else answer.code,
            text=answer.text,
            taken=taken,
            final=not taken,
            cause=answer.cause,
        )
        if not taken:
            self._over(errand, told)
        elif errand.last_cseq < 0:  # else it has told more already
            self._thread.send(told)

    def _establish(self, errand: _Errand, tag: str, message: SipMessage, routes: list[str]) -> None:
        contact = contact_of(message)
        errand.dialog.established(tag, contact, routes)
        if not errand.dialog.routes:
            self._walls.admit_peer(errand.dialog.call_id, host_of(contact))

    def _leave(self, number: int) -> None:
        for errand in list(self._by_call_id.values()):
            if errand.number == number:
                self._forget(errand)

    # ------------------------------------------------------------ NOTIFY

    def _notified(self, errand: _Errand, message: SipMessage) -> int:
        """Take in a NOTIFY; the code to answer it with."""
        if not belongs(message, errand.dialog):
            return NO_SUCH_DIALOG
        number = int(message.first(b"cseq").split()[0])
        if number <= errand.last_cseq:
            return OK if number == errand.last_cseq else OUT_OF_ORDER
        errand.last_cseq = number
        tag = tag_of(text_of(message, b"from"))
        self._establish(errand, tag, message, record_routes(message))
        self._thread.soon(lambda: self._report(errand, message))
        return OK

    def _report(self, errand: _Errand, message: SipMessage) -> None:
        if self._by_call_id.get(errand.dialog.call_id) is not errand:
            return
        code, text = _status(message.body)
        state, parameters = subscription_state(text_of(message, b"subscription-state"))
        final = state == "terminated" or code >= FIRST_FINAL
        told = ErrandTold(
            errand=errand.number,
            code=code,
            text=text,
            taken=True,
            final=final,
            cause="",
            expires=seconds(parameters.get("expires", "")) or UNLIMITED_S,
        )
        if final:
            self._over(errand, told)
        else:
            self._thread.send(told)

    def _over(self, errand: _Errand, told: ErrandTold) -> None:
        self._forget(errand)
        self._thread.send(told)

    def _forget(self, errand: _Errand) -> None:
        if self._by_call_id.pop(errand.dialog.call_id, None):
            self._walls.dismiss_peer(errand.dialog.call_id)


_WORDLESS: dict[str, Any] = {"code": 0, "text": "", "taken": False, "final": True}


def _status(body: bytes) -> tuple[int, str]:
    """Of a fragment that begins with a status line (RFC 3420); 0 and "" without one."""
    line = body.lstrip().partition(b"\n")[0].strip()
    code, _, text = line.removeprefix(_STATUS_LINE).partition(b" ")
    if not line.startswith(_STATUS_LINE) or len(code) != len("200") or not code.isdigit():
        return 0, ""
    return int(code), clean(text.decode("utf-8", "replace"), 80)
