# SPDX-License-Identifier: GPL-2.0-or-later
"""Our subscriptions to others' state (RFC 6665): dialogs, and the NOTIFY requests in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import dialog_info, pidf, sip_mailbox
from .gate_message import SipMessage
from .protocol import (
    DialogsTold,
    Notified,
    PresenceTold,
    Subscribe,
    SubscriptionAnswer,
)
from .refusal import Refused, check_range, check_uri
from .schedule import Alarm
from .sip_account import Account, identity, loose
from .sip_dialog import Dialog, contact_of, record_routes, seconds_of, tag_of, text_of
from .sip_headers import clean, host_of
from .sip_requests import TIMER_F_S, Answer, Requests
from .sip_status import (
    BAD_EVENT,
    FIRST_FAILURE,
    NO_SUCH_DIALOG,
    OK,
    SERVER_INTERNAL_ERROR,
    UNSUPPORTED_MEDIA_TYPE,
)
from .sip_thread import INFO, SipThread
from .walls import Walls
from .xml_document import XmlError

MOST_SUBSCRIPTIONS = 512
LONGEST_EXPIRES_S = 86_400

OUT_OF_ORDER = SERVER_INTERNAL_ERROR
"""Of a request with a CSeq below the one before (RFC 3261 section 12.2.2)."""

# What each package's documents are (RFC 3856, RFC 4235, RFC 3842).
PACKAGES: Mapping[str, str] = {
    "presence": "application/pidf+xml",
    "dialog": "application/dialog-info+xml",
    sip_mailbox.EVENT: sip_mailbox.MIME,
}


@dataclass(slots=True)
class _Subscription:
    number: int
    account: Account
    event: str
    dialog: Dialog
    last_cseq: int = -1
    leaving: Alarm | None = None


class Subscriptions:
    """Commands in, `SubscriptionAnswer`, `Notified` and what the documents say out."""

    def __init__(self, thread: SipThread, requests: Requests, walls: Walls) -> None:
        self._thread = thread
        self._requests = requests
        self._walls = walls
        self._by_number: dict[int, _Subscription] = {}
        self._by_call_id: dict[str, _Subscription] = {}

    def subscribe(self, account: Account, command: Subscribe) -> None:
        check_range("expires", command.expires, 1, LONGEST_EXPIRES_S)
        if command.event not in PACKAGES:
            raise Refused(f"There is no event package {command.event[:20]!r}.")
        subscription = self._by_number.get(command.subscription)
        if subscription is None:
            subscription = self._begin(account, command)
        self._send(
            subscription,
            command.expires,
            lambda answer: self._answered(subscription, command.expires, answer),
        )

    def unsubscribe(self, number: int) -> None:
        subscription = self._by_number.pop(number, None)
        if subscription is None:
            return
        if not subscription.dialog.remote_tag:
            self._forget(subscription)  # a NOTIFY that still comes is told that nobody is here
            return
        # RFC 6665, 4.1.2.3: one more NOTIFY follows, with the state for the last time.
        subscription.leaving = self._thread.schedule.after(
            TIMER_F_S, lambda: self._forget(subscription)
        )
        self._send(subscription, 0, lambda _: None)

    def forget(self, account: Account) -> None:
        """It is about to be taken out of the stack."""
        for subscription in list(self._by_call_id.values()):
            if subscription.account is account:
                self._by_number.pop(subscription.number, None)
                self._forget(subscription)

    def _begin(self, account: Account, command: Subscribe) -> _Subscription:
        if len(self._by_call_id) >= MOST_SUBSCRIPTIONS:
            raise Refused(
                f"There are {MOST_SUBSCRIPTIONS} subscriptions; there is no room for more."
            )
        target = check_uri("The address to watch", command.target)
        dialog = new_dialog(account, target, f"<{target}>")
        if not self._walls.knows(dialog.next_hop):
            raise Refused(f"No address is known for {clean(dialog.next_hop, 80)}.")
        self._walls.admit_target(dialog.next_hop)
        made = _Subscription(command.subscription, account, command.event, dialog)
        self._by_number[made.number] = self._by_call_id[dialog.call_id] = made
        return made

    def _send(
        self, subscription: _Subscription, expires_s: int, done: Callable[[Answer], None]
    ) -> None:
        headers = (
            ("Event", subscription.event),
            ("Accept", PACKAGES[subscription.event]),
            ("Expires", str(expires_s)),
        )
        account, dialog = subscription.account, subscription.dialog
        self._requests.send(account, dialog, "SUBSCRIBE", headers, done)

    def _answered(self, subscription: _Subscription, asked_s: int, answer: Answer) -> None:
        message = answer.message
        taken = message is not None and answer.code < FIRST_FAILURE
        if message and taken:
            tag = tag_of(text_of(message, b"to"))
            routes = record_routes(message)[::-1]
            self._establish(subscription, tag, contact_of(message), routes)
        if self._by_number.get(subscription.number) is not subscription:
            if taken and subscription.leaving is None:  # it was called off before it was there
                self._send(subscription, 0, lambda _: None)
            return
        if not taken:
            self._by_number.pop(subscription.number)
            self._forget(subscription)
        self._thread.send(
            SubscriptionAnswer(
                subscription=subscription.number,
                code=answer.code,
                text=answer.text,
                expires=_granted(message, asked_s) if message and taken else 0,
                retry_after=seconds_of(message, b"retry-after") if message else 0,
                min_expires=seconds_of(message, b"min-expires") if message else 0,
                cause=answer.cause,
            )
        )

    def _establish(
        self, subscription: _Subscription, tag: str, contact: str, routes: list[str]
    ) -> None:
        subscription.dialog.established(tag, contact, routes)
        if not subscription.dialog.routes:
            self._walls.admit_peer(subscription.dialog.call_id, host_of(contact))

    def _forget(self, subscription: _Subscription) -> None:
        if subscription.leaving:
            subscription.leaving.cancel()
        call_id = subscription.dialog.call_id
        if self._by_call_id.pop(call_id, None):
            self._walls.dismiss_peer(call_id)

    # ------------------------------------------------------------ NOTIFY

    def notified(self, message: SipMessage) -> int:
        """Take in a NOTIFY; the code to answer it with."""
        subscription = self._by_call_id.get(text_of(message, b"call-id"))
        if subscription is None or not belongs(message, subscription.dialog):
            return NO_SUCH_DIALOG
        if event_of(message) != subscription.event:
            return BAD_EVENT
        number = int(message.first(b"cseq").split()[0])
        if number <= subscription.last_cseq:
            return OK if number == subscription.last_cseq else OUT_OF_ORDER
        kind = message.content_type.decode("ascii", "replace")
        if message.body and kind != PACKAGES[subscription.event]:
            return UNSUPPORTED_MEDIA_TYPE
        subscription.last_cseq = number
        tag = tag_of(text_of(message, b"from"))
        self._establish(subscription, tag, contact_of(message), record_routes(message))
        self._thread.soon(lambda: self._report(subscription, message))
        return OK

    def _report(self, subscription: _Subscription, message: SipMessage) -> None:
        current = self._by_number.get(subscription.number) is subscription
        state, parameters = subscription_state(text_of(message, b"subscription-state"))
        if current:
            if message.body:
                self._tell_document(subscription, message.body)
            self._thread.send(
                Notified(
                    subscription=subscription.number,
                    state=state,
                    reason=parameters.get("reason", ""),
                    expires=seconds(parameters.get("expires", "")),
                    retry_after=seconds(parameters.get("retry-after", "")),
                    empty=not message.body,
                )
            )
        if state == "terminated":
            if current:
                self._by_number.pop(subscription.number)
            self._forget(subscription)

    def _tell_document(self, subscription: _Subscription, body: bytes) -> None:
        if subscription.event == sip_mailbox.EVENT:
            if told := sip_mailbox.mailbox_told(subscription.account.id, body):
                self._thread.send(told)
            return
        try:
            if subscription.event == "presence":
                self._thread.send(_presence_told(subscription.number, pidf.parse(body)))
            else:
                self._thread.send(_dialogs_told(subscription.number, dialog_info.parse(body)))
        except XmlError as error:
            target = clean(subscription.dialog.remote, 80)
            self._thread.log(INFO, f"What was told of {target} cannot be read: {error}.")


def new_dialog(account: Account, target: str, remote: str) -> Dialog:
    """A dialog that `account` begins: through its proxy, else its registrar, else directly."""
    settings = account.settings
    return Dialog(
        local=identity(settings.display_name, settings.uri),
        remote=remote,
        target=target,
        first_hop=settings.registrar or target,
        routes=(account.route(loose(settings.proxy)),) if settings.proxy else (),
    )


def event_of(message: SipMessage) -> str:
    """The event package, without its parameters."""
    return text_of(message, b"event").partition(";")[0].strip().lower()


def belongs(message: SipMessage, dialog: Dialog) -> bool:
    """Whether the tags are the dialog's; the first NOTIFY may come before the 200."""
    tag = tag_of(text_of(message, b"from"))
    ours = tag_of(text_of(message, b"to")) == dialog.local_tag
    return ours and tag != "" and dialog.remote_tag in ("", tag)


def subscription_state(value: str) -> tuple[str, Mapping[str, str]]:
    """State and parameters of a Subscription-State header (RFC 6665, 8.2.3), cleaned."""
    state, *rest = value.split(";")
    pairs = (part.partition("=") for part in rest)
    parameters = {name.strip().lower(): clean(text.strip().lower(), 64) for name, _, text in pairs}
    return clean(state.strip().lower(), 32), parameters


def seconds(text: str) -> int:
    """A number of seconds as a header has it; 0 when it is none."""
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def _granted(message: SipMessage, asked_s: int) -> int:
    """A 2xx has to say it (RFC 6665, 4.2.1.1); one that does not grants what was asked."""
    return seconds_of(message, b"expires") if message.first(b"expires") else asked_s


def _presence_told(number: int, document: pidf.PresenceDocument) -> PresenceTold:
    return PresenceTold(
        subscription=number,
        basic=document.basic,
        activities=document.activities,
        note=document.note,
    )


def _dialogs_told(number: int, document: dialog_info.DialogDocument) -> DialogsTold:
    dialogs = {
        one.id: (
            *(one.state, one.direction, one.call_id, one.local_tag, one.remote_tag),
            *(one.remote_uri, one.remote_target, one.remote_name, "held" if one.held else ""),
        )
        for one in document.dialogs
        if one.id
    }
    return DialogsTold(
        subscription=number, version=document.version, full=document.full, dialogs=dialogs
    )
