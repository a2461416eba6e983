# SPDX-License-Identifier: GPL-2.0-or-later
"""One leg: a pjsua call, its state as the daemon sees it, and what may be asked of it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

import pjsua2 as pj

from .protocol import Dial, LegDtmf, LegState
from .refusal import Refused, check_uri
from .schedule import Alarm
from .sip_account import CHALLENGES, REQUEST_TIMEOUT, Account
from .sip_callbacks import PjCall, received
from .sip_dtmf import DtmfReceiver
from .sip_endpoint import SipEndpoint
from .sip_headers import Headers, clean
from .sip_hold import Hold
from .sip_media import LegMediaState, read_media
from .sip_options import header, hide_caller, refusal_of, set_headers
from .sip_session import Session
from .sip_thread import DEBUG, INFO, SipThread

NO_ACK_S = 5.0
"""Wait for the ACK of our 200.  RFC 3261 says 32 s, in which four strangers would block all call
slots; with `LAST_WORD_S` the slot is free after 7 s."""

LAST_WORD_S = 2.0
"""Wait for the answer to a BYE or CANCEL before the call slot is taken back.  Three
retransmissions."""

UNHEARD_CANCEL_S = 5.0
"""The same where the far end has not said a word yet, so that a CANCEL cannot leave."""

FIRST_FINAL_CODE = 300
OK = 200
RINGING = 180
SESSION_PROGRESS = 183
MOST_REALM_RETRIES = 2


class State(StrEnum):
    """In the order in which a leg goes through them; none is ever left backwards."""

    NEW = ""
    DIALING = "dialing"
    RINGING = "ringing"
    EARLY = "early"
    ANSWERED = "answered"
    ACTIVE = "active"
    ENDED = "ended"


_ORDER = tuple(State)


class Changed(Protocol):
    def __call__(self, leg: "Leg", *, new_media: bool = False) -> None: ...


class Leg:
    """`on_change` is called after every change of state or media, in or out of a callback."""

    def __init__(
        self,
        number: int,
        account: Account,
        thread: SipThread,
        endpoint: SipEndpoint,
        on_change: "Changed",
    ) -> None:
        self.number = number
        self.account = account
        self.thread = thread
        self.state = State.NEW
        self.sip_call_id = ""
        self.peer = ""
        """Host that the far end sends from when no proxy stays in between (RFC 3261, 12.2)."""
        self.outgoing = True
        self.muted = False
        self.held = False
        self.looped = False
        self.media = LegMediaState()
        self._endpoint = endpoint
        self._on_change = on_change
        self._call: PjCall | None = None
        self._session = Session()
        self._cause = ""
        self._redirection = (0, "")
        self._reaping = False
        self._place: Callable[[], None] = lambda: None
        self._realm_retries = 0
        self._no_ack: Alarm | None = None
        self.holding = Hold(self, thread.schedule)
        self._dtmf = DtmfReceiver(thread.schedule, self._dtmf_complete)

    # ------------------------------------------------------------ beginnings

    def dial(self, command: Dial) -> None:
        """Send the INVITE.  Raises `Refused`, and then the leg never was."""
        check_uri("The target", command.target)
        target = self.account.route(command.target)
        options = pj.CallOpParam(True)
        set_headers(options.txOption, command.headers)
        if command.anonymous:
            hide_caller(options.txOption, self.account.settings.uri)
        self.muted = command.muted
        self._place = lambda: self._invite(target, options)
        self._place()

    def _invite(self, target: str, options: Any) -> None:
        self.offer_codecs()
        call = self._call = PjCall(self, self.account.pj, pj.PJSUA_INVALID_ID)
        try:
            call.makeCall(target, options)
        except pj.Error as error:
            call.leg = None
            if self.state is State.NEW:
                raise refusal_of(error) from None
            self._change(State.ENDED, 503, clean(error.reason), "network")

    def adopt(self, call_id: int, headers: Headers) -> None:
        """Become the leg of an INVITE that has arrived; inside the callback."""
        self.outgoing = False
        self.sip_call_id = clean(headers.first("Call-ID"))
        self.peer = headers.direct_peer()
        self._call = PjCall(self, self.account.pj, call_id)

    # ------------------------------------------------------------ requests

    def offer_codecs(self) -> None:
        self._endpoint.offer_codecs(self.account.settings.codecs)

    def ring(self) -> None:
        self._expect("ring", State.NEW)
        self._answer(RINGING)

    def answer(self) -> None:
        """Send 200.  Raises `Refused` unless this is an incoming leg nobody has answered."""
        self._expect("be answered", State.NEW, State.RINGING)
        self.offer_codecs()
        self._answer(OK)
        self._no_ack = self.thread.schedule.after(NO_ACK_S, self._give_up_on_ack)

    def refuse(self, code: int, contact: str, headers: Mapping[str, str]) -> None:
        """Send the final answer `code`; of no effect when the caller was faster."""
        if self.outgoing:
            raise Refused(f"Call {self.number} was dialled here; it can only be hung up.")
        if self.state in (State.ANSWERED, State.ACTIVE, State.ENDED):
            return
        self._cause = "local"
        options = pj.CallOpParam()
        options.statusCode = code
        if contact:
            options.txOption.headers.append(header("Contact", f"<{contact}>"))
        set_headers(options.txOption, headers)
        self._end_call(options)

    def hang_up(self, cause: str = "local") -> None:
        """CANCEL or BYE; an incoming leg that rings must be refused instead."""
        if self.state is State.ENDED:
            return
        self._cause = self._cause or cause
        unheard = self.state in (State.NEW, State.DIALING)
        self._reaping = True
        self._end_call(pj.CallOpParam())
        last_word_s = UNHEARD_CANCEL_S if unheard else LAST_WORD_S
        self.thread.schedule.after(last_word_s, self._session.terminate)

    def settle(self) -> None:
        """Let the sound follow what was asked for."""
        self._on_change(self)

    @property
    def talking(self) -> Any:
        """The pjsua2 call while both parties are connected, else None."""
        return self._call if self.state is State.ACTIVE else None

    @property
    def holds_slot(self) -> bool:
        """Whether one of the stack's few call slots may still be taken by this leg."""
        return self._session.held

    @property
    def call(self) -> Any:
        """The pjsua2 call, for media; raises `Refused` when there is none any more."""
        if self._call is None or self.state is State.ENDED:
            raise Refused(f"Call {self.number} is over.")
        return self._call

    def _answer(self, code: int) -> None:
        options = pj.CallOpParam()
        options.statusCode = code
        try:
            self.call.answer(options)
        except pj.Error as error:
            raise refusal_of(error) from None

    def _end_call(self, options: Any) -> None:
        if self._call is None:
            return
        try:
            self._call.hangup(options)
        except pj.Error as error:
            self.thread.log(DEBUG, f"Call {self.number}: hang-up: {clean(error.reason)}")

    def _expect(self, what: str, *states: State) -> None:
        if self.outgoing or self.state not in states:
            raise Refused(f"Call {self.number} cannot {what} now.")

    def _give_up_on_ack(self) -> None:
        if self.state is State.ANSWERED:
            self.hang_up("no-ack")

    # ------------------------------------------------------------ callbacks

    def on_state(self, event: Any) -> None:
        self._session.remember(event)
        if self._call is None:
            return
        info = self._call.getInfo()
        self.sip_call_id = self.sip_call_id or clean(info.callIdString)
        code, text = info.lastStatusCode, clean(info.lastReason)
        if info.state == pj.PJSIP_INV_STATE_CALLING:
            self._change(State.DIALING, 0, "")
        elif info.state == pj.PJSIP_INV_STATE_EARLY:
            self._on_progress(code, text)
        elif info.state == pj.PJSIP_INV_STATE_CONNECTING:
            if self.outgoing:
                self.peer = Headers(received(event)[0]).direct_peer()
            self._change(State.ANSWERED, code, text)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._on_confirmed(code, text)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._on_disconnected(code, text, event)

    def _on_progress(self, code: int, text: str) -> None:
        if code != SESSION_PROGRESS:
            self._change(State.RINGING, code, text)

    def _on_confirmed(self, code: int, text: str) -> None:
        if self._no_ack:
            self._no_ack.cancel()
        self._change(State.ACTIVE, code or OK, text)

    def _on_disconnected(self, code: int, text: str, event: Any) -> None:
        message, source = received(event)
        if self._may_answer_challenge(code, message, source):
            self.thread.soon(self._place)
            return
        if self._no_ack:
            self._no_ack.cancel()
        cause = self._cause or self._find_cause(code, message)
        if cause == "tls":
            text = self._endpoint.recent_tls_refusal()
        elif cause == "no-ack":
            code, text = REQUEST_TIMEOUT, "The caller did not confirm the answer"
        elif cause == "forwarded":
            code, text = self._redirection
        self._change(State.ENDED, code, text, cause)

    def _may_answer_challenge(self, code: int, message: str, source: str) -> bool:
        """Whether to call again, with credentials for a realm not seen before.

        Only a server of the account is told anything: whoever knows an answer to a challenge can
        try passwords on it.
        """
        if code not in CHALLENGES or not self.outgoing or self._cause:
            return False
        if self._realm_retries >= MOST_REALM_RETRIES:
            return False
        if source not in self.account.settings.servers:
            return False
        self._realm_retries += 1
        return self.account.learn_realms(Headers(message).realms())

    def _find_cause(self, code: int, message: str) -> str:
        if self.state in (State.ANSWERED, State.ACTIVE):
            return "remote" if message else "network"
        if not self.outgoing:
            return "cancelled"
        if message:
            return ""
        refused = self.account.settings.transport == "tls" and self._endpoint.recent_tls_refusal()
        return "tls" if refused and code >= FIRST_FINAL_CODE else "network"

    def on_transaction(self, event: Any) -> None:
        self._session.remember(event)
        if event.type != pj.PJSIP_EVENT_TSX_STATE or self.outgoing:
            return
        if event.body.tsxState.tsx.method == "CANCEL":
            message, _ = received(event)
            if message and Headers(message).completed_elsewhere():
                self._cause = self._cause or "elsewhere"

    def forwarded(self, event: Any) -> None:
        """The far end is elsewhere: the stack would end the call with a 487 of its own."""
        self._cause = "forwarded"
        self._redirection = Headers(received(event)[0]).status()

    def on_media(self) -> None:
        if self._call is None:
            return
        self.media = read_media(self._call)
        if self.outgoing and self.media.flow != "none":
            # Later, because the media of an answer come just before the answer itself.
            self.thread.soon(self._note_early_media)
        self._on_change(self, new_media=True)

    def _note_early_media(self) -> None:
        if _ORDER.index(self.state) < _ORDER.index(State.ANSWERED):
            self._change(State.EARLY, SESSION_PROGRESS, "Session Progress")

    def on_dtmf(self, digit: str, duration_ms: int, flags: int) -> None:
        self._dtmf.heard(clean(digit, 1), max(0, duration_ms), flags)

    def _dtmf_complete(self, tone: str, duration_ms: int) -> None:
        self.thread.send(LegDtmf(leg=self.number, tone=tone, duration_ms=duration_ms))

    # ------------------------------------------------------------ state

    def _change(self, state: State, code: int, text: str, cause: str = "") -> None:
        """The only way to another state; what is not a step forward is ignored."""
        if _ORDER.index(state) <= _ORDER.index(self.state):
            return
        self.thread.log(
            INFO, f"leg {self.number}: {self.state or 'new'} -> {state} ({code} {text} {cause})"
        )
        self.state = state
        self.thread.send(
            LegState(
                leg=self.number,
                state=state,
                code=max(0, code),
                text=text,
                cause=cause,
                sip_call_id=self.sip_call_id,
            )
        )
        if state is State.ENDED:
            self.thread.soon(self._bury)
        self._on_change(self)

    def _bury(self) -> None:
        """Let go of the pjsua2 call, outside its callbacks."""
        if not self._reaping:
            self._session.release()
        if self._call is not None:
            self._call.leg = None
            self._call = None

    def release(self) -> None:
        """Hold nothing of the stack any more; before it is destroyed."""
        self._session.release()
        self._bury()
