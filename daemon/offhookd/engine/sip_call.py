# SPDX-License-Identifier: GPL-2.0-or-later
"""One leg: a pjsua call, its state as the daemon sees it, and what may be asked of it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pjsua2 as pj

from . import sip_reason
from .protocol import Dial, LegDtmf, LegState
from .refusal import Refused
from .schedule import Alarm
from .sip_account import Account
from .sip_answers import Answers
from .sip_callbacks import PjCall, read_step, received, says_unrefreshed, sent
from .sip_direction import RemoteHold, direction
from .sip_dtmf import Ways
from .sip_ending import UNREFRESHED, Circumstances, ending
from .sip_endpoint import SipEndpoint
from .sip_exchange import Exchange
from .sip_flash import Flash
from .sip_forward import Forward
from .sip_glare import OpenOffers
from .sip_headers import Headers, clean
from .sip_hold import Hold
from .sip_invite import Invite
from .sip_keys import DtmfReceiver
from .sip_media import LegMediaState, read_media
from .sip_offer import Offer, best_codec, read_offer
from .sip_options import NOBODY, header, refusal_of, set_headers
from .sip_replacement import Replacement
from .sip_session import Session
from .sip_state import ORDER, State
from .sip_status import (
    FIRST_FAILURE,
    NO_SUCH_DIALOG,
    NOT_ACCEPTABLE_HERE,
    OK,
    REQUEST_TIMEOUT,
    RINGING,
    SERVICE_UNAVAILABLE,
    SESSION_PROGRESS,
)
from .sip_thread import DEBUG, INFO, SipThread
from .sip_transfer import Transfer

NO_ACK_S = 5.0
"""Wait for the ACK of our 200.  RFC 3261 says 32 s, in which four strangers would block all call
slots; with `LAST_WORD_S` the slot is free after 7 s."""

LAST_WORD_S = 2.0
"""Wait for the answer to a BYE or CANCEL before the call slot is taken back.  Three
retransmissions."""

UNHEARD_CANCEL_S = 5.0
"""The same where the far end has not said a word yet, so that a CANCEL cannot leave."""

LOST = (REQUEST_TIMEOUT, NO_SUCH_DIALOG)
"""Answers to a re-INVITE after which there is no dialog any more (RFC 3261 section 12.2.1.2)."""


class Leg:
    def __init__(
        self,
        number: int,
        account: Account,
        thread: SipThread,
        endpoint: SipEndpoint,
        exchange: Exchange,
    ) -> None:
        self.number = number
        self.account = account
        self.thread = thread
        self.state = State.NEW
        self.sip_call_id = ""
        self.peer = ""
        """Host that the far end sends from when no proxy stays in between (RFC 3261, 12.2)."""
        self.contact = ""
        """That of who called us, as signalled."""
        self.outgoing = True
        self.muted = False
        self.held = False
        self.looped = False
        self.media = LegMediaState()
        self._endpoint = endpoint
        self._exchange = exchange
        self._call: PjCall | None = None
        self.session = Session()
        self._cause = ""
        self._lost: tuple[int, str] | None = None
        self._forward = Forward(number, thread)
        self._remote_hold = RemoteHold()
        self._invite: Invite | None = None
        self._codecs: tuple[str, ...] = ()
        self.offer = Offer()
        self.open_offers = OpenOffers()
        self.answers = Answers()
        self._no_ack: Alarm | None = None
        self.holding = Hold(self, thread.schedule)
        self.transfer = Transfer(number, thread, account.settings.uri)
        self.replacement = Replacement(self, exchange)
        self.flash = Flash()
        self.ways = Ways()
        self.dtmf = DtmfReceiver(thread.schedule, self._dtmf_complete)

    # ------------------------------------------------------------ beginnings

    def dial(self, command: Dial) -> None:
        """Send the INVITE.  Raises `Refused`, and then the leg never was."""
        self._endpoint.check_codecs(command.codecs)
        self._codecs = command.codecs
        self.muted = command.muted
        if command.anonymous:
            self.transfer = Transfer(self.number, self.thread, NOBODY)
        self._invite = Invite(self.account, command)
        self._send(self._invite)

    def follow(self, target: str) -> None:
        """Dial on where the far end has sent us.  Raises `Refused`."""
        if self._invite is None or not self._forward.waits:
            raise Refused(f"Call {self.number} was not sent elsewhere.")
        self._invite.go_to(target)
        self._forward.decided()
        self._cause = self.sip_call_id = ""
        self._send(self._invite)

    def _send(self, invite: Invite) -> None:
        self._exchange.vacate()
        self.answers = Answers()
        self.offer_codecs()
        call = self._call = PjCall(self, self.account.pj, pj.PJSUA_INVALID_ID)
        try:
            invite.send(call)
        except pj.Error as error:
            call.leg = None
            if self.state is State.NEW:
                raise refusal_of(error) from None
            self._change(State.ENDED, SERVICE_UNAVAILABLE, clean(error.reason), "network")

    def adopt(self, call_id: int, message: str, headers: Headers) -> PjCall:
        """Become the leg of an INVITE that has arrived; inside the callback."""
        self.outgoing = False
        self.sip_call_id = clean(headers.first("Call-ID"))
        self.peer = headers.direct_peer()
        self.contact = headers.first("Contact")
        self._remote_hold.heard(direction(message), offer=True, held_here=False)
        self.offer = read_offer(message, self.codecs, self.account.settings.srtp)
        self.open_offers.read(message)
        self.account.took(self.number, message)
        call = self._call = PjCall(self, self.account.pj, call_id)
        self.session.remember(call)
        return call

    # ------------------------------------------------------------ requests

    @property
    def codecs(self) -> tuple[str, ...]:
        """What may be talked with, best first."""
        return self._codecs or self.account.settings.codecs

    def offer_codecs(self) -> None:
        self._endpoint.offer_codecs(self.codecs)

    def ring(self) -> None:
        self._expect("ring", State.NEW)
        if self.offer.is_due_early:
            self.progress()  # the stack has no session in a 180, which follows the PRACK
        self._answer(RINGING)

    def progress(self) -> None:
        """Send 183 with a session, so that the caller hears before the answer what there is."""
        self._expect("be heard early", State.NEW, State.RINGING)
        self._endpoint.offer_codecs(self.offer.common or self.codecs)
        self._answer(SESSION_PROGRESS)
        self.offer = replace(self.offer, is_there=True)  # ours, where the caller made none

    def answer(self) -> None:
        """Send 200.  Raises `Refused` unless this is an incoming leg nobody has answered."""
        self._expect("be answered", State.NEW, State.RINGING)
        self._endpoint.offer_codecs(self.offer.common or self.codecs)
        self._answer(OK)
        self.expect_ack()

    def expect_ack(self) -> None:
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
        if self._forward.waits:
            self._change(State.ENDED, self._forward.code, self._forward.text, "forwarded")
            return
        self._cause = self._cause or cause
        unheard = self.state in (State.NEW, State.DIALING)
        self._end_call(pj.CallOpParam())
        self._reap(UNHEARD_CANCEL_S if unheard else LAST_WORD_S)

    def _reap(self, last_word_s: float) -> None:
        self.thread.schedule.after(last_word_s, self.session.terminate)

    def settle(self) -> None:
        """Let the sound follow what was asked for."""
        self._exchange.changed(self)

    @property
    def talking(self) -> Any:
        """The pjsua2 call while both parties are connected, else None."""
        return self._call if self.state is State.ACTIVE else None

    @property
    def lacks_session(self) -> bool:
        """Whether the caller has left the offer to us, and it has not gone out yet."""
        return not (self.offer.is_there or self.state in (State.ANSWERED, State.ACTIVE))

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
        if self._call is None:
            return
        info = self._call.getInfo()
        if info.state == pj.PJSIP_INV_STATE_INCOMING:
            self._exchange.invited(self)  # first of all: from now on the daemon works beside us
        self.session.remember(self._call)
        self.sip_call_id = self.sip_call_id or clean(info.callIdString)
        code, text = info.lastStatusCode, clean(info.lastReason)
        if info.state == pj.PJSIP_INV_STATE_CALLING:
            self._change(State.DIALING, 0, "")
        elif info.state == pj.PJSIP_INV_STATE_EARLY:
            self._on_progress(code, text)
        elif info.state == pj.PJSIP_INV_STATE_CONNECTING:
            if self.outgoing:
                self.peer = Headers(received(event)[0]).direct_peer()
            self._exchange.agreed(self, received(event)[0] or sent(event))
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
        invite = self._invite
        if invite and not self._cause and invite.retry.wanted(code, message, source):
            self.thread.soon(partial(self._send, invite))
            return
        if self._no_ack:
            self._no_ack.cancel()
        if self._cause == "forwarded" and self._forward.target:
            self.thread.soon(self._wait_for_decision)
            return
        self._change(State.ENDED, *ending(code, text, self._circumstances(message)))

    def _circumstances(self, message: str) -> Circumstances:
        settings = self.account.settings
        return Circumstances(
            decided=self._cause,
            message=message,
            outgoing=self.outgoing,
            connected=self.state in (State.ANSWERED, State.ACTIVE),
            codec=self.media.codec,
            srtp=settings.srtp,
            tls_refusal=self._endpoint.recent_tls_refusal() if settings.transport == "tls" else "",
            forward=(self._forward.code, self._forward.text),
            lost=self._lost,
        )

    def on_transaction(self, event: Any) -> None:
        self.session.remember(self._call)
        self.flash.heard(event)
        if event.type != pj.PJSIP_EVENT_TSX_STATE:
            return
        self.ways.heard(event)
        step = read_step(event)
        message, source = received(event)
        self.open_offers.heard(event, message)
        match step.method:
            case "INVITE" | "UPDATE":
                if message:
                    self._exchange.heard(self, source, message)
                    said = direction(message)
                    self._remote_hold.heard(said, offer=step.theirs, held_here=self.held)
                if self.answers.heard(step, message):
                    self.thread.soon(partial(self.hang_up, "media"))
                if step.answered and step.method == "INVITE":
                    self._answered_again(step.code, step.text)
            case "REFER" if step.asked:
                self._exchange.referred(self, event)
            case "REFER" if step.answered and step.code >= FIRST_FAILURE:
                self.transfer.refused(step.code, step.text)
            case "BYE" if self.talking and not self._cause and says_unrefreshed(event):
                self._lose(UNREFRESHED, "The far end did not refresh the session")
            case "CANCEL" if message:
                self._cause = self._cause or sip_reason.decided_elsewhere(Headers(message))

    def _answered_again(self, code: int, text: str) -> None:
        """The final answer to an INVITE, the first or a later one."""
        if self.state is State.ACTIVE and code in LOST:
            self._lose(code, text)
        self.thread.soon(partial(self.holding.answered, self.holding.under_way, code, text))

    def _lose(self, code: int, text: str) -> None:
        """The far end is gone; no answer to the BYE that the stack has sent is waited for."""
        self._cause = self._cause or "network"
        self._lost = code, text
        self._reap(LAST_WORD_S)

    def transfer_progress(self, code: int, text: str, final: bool) -> bool:
        return self.transfer.notified(code, clean(text), final=final)

    def forwarded(self, event: Any) -> None:
        """The far end is elsewhere: the stack would end the call with a 487 of its own."""
        self._cause = "forwarded"
        self._forward.heard(received(event)[0])

    def _wait_for_decision(self) -> None:
        """The call of the stack is over; ours goes on where the daemon says, if anywhere."""
        self._bury()
        self._forward.ask()

    def replaced(self) -> None:
        """The call of another leg takes the place of this one, which ends."""
        self._cause = "replaced"
        self.replacement.done()

    def on_media(self) -> None:
        # Later: the media of an answer come just before the answer itself, which need not wait for
        # half a millisecond of reading.
        self.answers.made_session()
        self.thread.soon(self._read_media)

    def _read_media(self) -> None:
        if self._call is None or self.state is State.ENDED:
            return
        try:
            self.media = read_media(self._call)
        except pj.Error as error:  # its call has ended meanwhile, and another may follow
            self.thread.log(DEBUG, f"Call {self.number}: media: {clean(error.reason)}")
            return
        if self._remote_hold.held is not None:
            self.media = replace(self.media, remote_hold=self._remote_hold.held)
        early = ORDER.index(self.state) < ORDER.index(State.ANSWERED)
        if early and self.outgoing and self.media.flow != "none":
            self._change(State.EARLY, SESSION_PROGRESS, "Session Progress")
        self._exchange.changed(self, new_media=True)
        self.thread.soon(self.holding.look)

    def prepare_stream(self, stream: Any) -> None:
        self._endpoint.jitter_buffer.apply(stream)

    def judge_offer(self, sdp: str) -> int:
        """A re-INVITE or UPDATE without a codec in common is refused, and the call goes on."""
        common = best_codec(sdp, self.codecs, self.account.settings.srtp)
        if common:
            self._endpoint.offer_codecs(common)
        return OK if common else NOT_ACCEPTABLE_HERE

    def publish(self, sdp: str) -> str:
        return self._exchange.publish(self, sdp)

    def on_dtmf(self, digit: str, duration_ms: int, flags: int) -> None:
        self.dtmf.signalled(clean(digit, 1), max(0, duration_ms), flags)

    def _dtmf_complete(self, tone: str, duration_ms: int) -> None:
        self.thread.send(LegDtmf(leg=self.number, tone=tone, duration_ms=duration_ms))

    # ------------------------------------------------------------ state

    def _change(self, state: State, code: int, text: str, cause: str = "") -> None:
        """The only way to another state; what is not a step forward is ignored."""
        if ORDER.index(state) <= ORDER.index(self.state):
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
            self.holding.ended()
            self.flash.call_ended()
            self.thread.soon(self._bury)
        self._exchange.changed(self, code=max(0, code))

    def _bury(self) -> None:
        """Let go of the pjsua2 call, outside its callbacks."""
        self.session.leave()
        self.account.lost(self.number)
        if self._call is not None:
            self._call.leg = None
            self._call = None

    def release(self) -> None:
        """Hold nothing of the stack any more; before it is destroyed."""
        self.session.release()
        self._bury()
