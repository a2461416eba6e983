# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests that the engine writes itself: SUBSCRIBE, PUBLISH, NOTIFY and MESSAGE.

pjsip has them too, but its subscriptions are the part of it with the most ways to die: the
readers of presence and dialog documents abort on what servers really send (pidf.c:184, :199; a
crash in the one for dialogs is reported upstream), it has 256 buddies and aborts at one more, and
its notifier can be made to free a dialog too early (CVE-2026-28799).  So none of it is used.  The
gate shows every message before pjsip acts on it; what answers a request of ours, or belongs to a
subscription of ours, is taken out there.  What goes out is text, sent over pjsip's transports.
What is left to do is small: client transactions (RFC 3261 section 17.1.2), digest answers, and
the state of a dialog.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .digest import Credentials, answer, best, read_challenges
from .gate import Source
from .gate_message import SipMessage
from .pjlib import PjlibError
from .schedule import Alarm
from .sip_account import Account, with_transport
from .sip_dialog import Dialog
from .sip_headers import clean, user_of
from .sip_status import FIRST_FINAL, PROXY_AUTHENTICATION_REQUIRED, UNAUTHORIZED
from .sip_thread import DEBUG, SipThread
from .sip_wire import Wire

T1_S = 0.5
"""RFC 3261, 17.1.1.1: an estimate of the round trip, and the wait before the first repetition."""
T2_S = 4.0
TIMER_F_S = 64 * T1_S
"""RFC 3261, 17.1.2.2: nobody answers after this."""

BRANCH = "z9hG4bKoffhook"
"""RFC 3261, 8.1.1.7, and ours: pjsip's own branches begin otherwise."""

WITHOUT_CONTACT = frozenset({"MESSAGE"})
"""RFC 3428 section 4: a text message begins no dialog."""

_TOKEN_BYTES = 7
"""It travels through C as a pointer."""
DATAGRAM = b"SIP/2.0/UDP "
"""What is sent so may be lost, and is repeated."""

_AUTHORIZATION = {
    UNAUTHORIZED: (b"www-authenticate", "Authorization"),
    PROXY_AUTHENTICATION_REQUIRED: (b"proxy-authenticate", "Proxy-Authorization"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`message` is None when none came; then `code` is 0 and `cause` "timeout" or "network"."""

    code: int
    text: str
    message: SipMessage | None = None
    cause: str = ""


Done = Callable[[Answer], None]


@dataclass(slots=True)
class _Request:
    """One request through all its attempts."""

    account: Account
    dialog: Dialog
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    done: Done
    authorization: dict[str, str] = field(default_factory=dict)
    token: int = 0
    next_hop: str = ""
    data: bytes = b""
    repeat_s: float = T1_S
    alarms: list[Alarm] = field(default_factory=list)


class Requests:
    """`user_agent` goes into each of them."""

    def __init__(self, thread: SipThread, user_agent: str) -> None:
        self._thread = thread
        self._user_agent = user_agent
        self._wire = Wire(lambda token: thread.soon(lambda: self._unsent(token)))
        self._pending: dict[int, _Request] = {}

    @property
    def idle(self) -> bool:
        return not self._pending

    def send(
        self,
        account: Account,
        dialog: Dialog,
        method: str,
        headers: Sequence[tuple[str, str]],
        done: Done,
        body: bytes = b"",
    ) -> None:
        """Send the next request of `dialog`; `done` hears of the end of it, later."""
        fields = (*headers, ("User-Agent", self._user_agent))
        self._attempt(_Request(account, dialog, method, fields, body, done))

    def contact(self, account: Account, dialog: Dialog) -> str:
        """Where the far end of `dialog` reaches us.  Raises `PjlibError`."""
        next_hop = with_transport(dialog.next_hop, account.settings.transport)
        return self._wire.contact(account.pj_id, next_hop)

    def forget(self, account: Account) -> None:
        """It is about to be taken out of the stack, and no answer will come any more."""
        for request in list(self._pending.values()):
            if request.account is account:
                self._fail(request, "its account was taken away")

    def take(self, message: SipMessage, source: Source) -> bool:
        """Whether `message` is an answer to a request of ours."""
        if not message.status:
            return False
        branch = message.first(b"via").partition(b"branch=" + BRANCH.encode())[2]
        if not branch:
            return False
        request = self._pending.get(_token_of(branch))
        if request and message.cseq_method == request.method.encode():
            self._answered(request, message, source)
        return True

    # ------------------------------------------------------------ one attempt

    def _attempt(self, request: _Request) -> None:
        request.token = int.from_bytes(os.urandom(_TOKEN_BYTES), "big")
        self._pending[request.token] = request
        request.next_hop = with_transport(
            request.dialog.next_hop, request.account.settings.transport
        )
        try:
            request.data = self._text(request)
        except PjlibError as error:
            self._fail_soon(request, str(error))
            return
        after = self._thread.schedule.after
        request.repeat_s = T1_S
        request.alarms = [after(TIMER_F_S, lambda: self._timed_out(request))]
        if request.data.partition(b"\r\nVia: ")[2].startswith(DATAGRAM):
            request.alarms.append(after(T1_S, lambda: self._repeat(request)))
        self._transmit(request)

    def _text(self, request: _Request) -> bytes:
        contact = self._wire.contact(request.account.pj_id, request.next_hop)
        address, *parameters = contact.rpartition("@")[2].split(";")
        transport = "UDP"
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            transport = value.upper() if name.lower() == "transport" else transport
        via = f"SIP/2.0/{transport} {address.removeprefix('sip:')};rport;branch={BRANCH}"
        headers = (*request.headers, *request.authorization.items())
        if request.method in WITHOUT_CONTACT:
            contact = ""
        return request.dialog.request(
            request.method, f"{via}{request.token}", contact, headers, request.body
        )

    def _transmit(self, request: _Request) -> None:
        account = request.account.pj_id
        try:
            self._wire.send(account, request.next_hop, request.data, request.token)
        except PjlibError as error:
            self._fail_soon(request, str(error))

    def _repeat(self, request: _Request) -> None:
        request.repeat_s = min(T2_S, 2 * request.repeat_s)
        alarm = self._thread.schedule.after(request.repeat_s, lambda: self._repeat(request))
        request.alarms.append(alarm)
        self._transmit(request)

    def _end(self, request: _Request) -> None:
        self._pending.pop(request.token, None)
        for alarm in request.alarms:
            alarm.cancel()
        request.alarms = []

    # ------------------------------------------------------------ its outcome

    def _answered(self, request: _Request, message: SipMessage, source: Source) -> None:
        if message.status < FIRST_FINAL:
            request.repeat_s = T2_S
            return
        self._end(request)
        if message.status in _AUTHORIZATION and self._authorize(request, message, source):
            self._thread.soon(lambda: self._attempt(request))
            return
        text = clean(message.reason.decode("utf-8", "surrogateescape").strip())
        found = Answer(message.status, text, message)
        self._thread.soon(lambda: request.done(found))

    def _authorize(self, request: _Request, message: SipMessage, source: Source) -> bool:
        """Answer a challenge once, and only one that a server of the account sent."""
        settings = request.account.settings
        header, field_name = _AUTHORIZATION[message.status]
        values = [value.decode("utf-8", "surrogateescape") for value in message.all(header)]
        challenge = best(read_challenges(values))
        known = source[0] in settings.servers and settings.password != ""
        if challenge is None or not known or field_name in request.authorization:
            return False
        credentials = Credentials(settings.username or user_of(settings.uri), settings.password)
        request.authorization[field_name] = answer(
            challenge, credentials, request.method, request.dialog.target
        )
        return True

    def _timed_out(self, request: _Request) -> None:
        self._end(request)
        request.done(Answer(0, "nobody answered in time", cause="timeout"))

    def _unsent(self, token: int) -> None:
        if request := self._pending.get(token):
            self._fail(request, f"{clean(request.next_hop, 80)} cannot be reached")

    def _fail_soon(self, request: _Request, text: str) -> None:
        self._thread.soon(lambda: self._fail(request, text))

    def _fail(self, request: _Request, text: str) -> None:
        if self._pending.get(request.token) is request:
            self._thread.log(DEBUG, f"{request.method}: {text}")
            self._end(request)
            request.done(Answer(0, text, cause="network"))


def _token_of(branch: bytes) -> int:
    digits = branch.partition(b";")[0].strip()
    return int(digits) if digits.isdigit() and len(digits) < 24 else 0  # noqa: PLR2004 - of 2**64
