# SPDX-License-Identifier: GPL-2.0-or-later
"""The pjsua2 call of a leg: what the stack says about it goes to the leg, fenced."""

import ctypes
from dataclasses import dataclass
from typing import Any, Protocol

import pjsua2 as pj

from . import pjlib
from .sip_ending import UNREFRESHED
from .sip_headers import clean
from .sip_status import DECLINE
from .sip_thread import SipThread, guarded

LONGEST_SDP_BYTES = 8192
"""More than a message of ours may have."""


class Successor(Protocol):
    def asked(self, source: str, message: str) -> "PjCall | int":
        """The call that takes the place of this one, or the status of the refusal."""


class CallListener(Protocol):
    """Called inside callbacks: nothing may be answered or hung up."""

    thread: SipThread

    @property
    def replacement(self) -> Successor: ...

    def on_state(self, event: Any) -> None: ...
    def on_transaction(self, event: Any) -> None: ...
    def on_media(self) -> None: ...
    def prepare_stream(self, stream: Any) -> None:
        """`stream` (a `StreamInfo`) is about to be made, and its jitter buffer may be changed."""

    def judge_offer(self, sdp: str) -> int:
        """The status that an offer of the far end deserves."""

    def publish(self, sdp: str) -> str:
        """What is sent in the place of an `sdp` of ours."""

    def on_dtmf(self, digit: str, duration_ms: int, flags: int) -> None: ...
    def forwarded(self, event: Any) -> None: ...
    def transfer_progress(self, code: int, text: str, final: bool) -> bool:
        """Whether more news of the transfer are wanted."""

    def replaced(self) -> None: ...


class PjCall(pj.Call):  # type: ignore[misc]  # pjsua2 has no type information
    """`leg` becomes None when it has let go of the call."""

    def __init__(self, leg: CallListener, account: Any, call_id: int) -> None:
        super().__init__(account, call_id)
        self.thread = leg.thread
        self.leg: CallListener | None = leg
        self._heirs: list[PjCall] = []
        """The binding keeps a bare pointer to the latest one."""

    @guarded()
    def onCallState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.on_state(prm.e)

    @guarded()
    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.on_transaction(prm.e)

    @guarded()
    def onCallMediaState(self, _prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.on_media()

    @guarded()
    def onStreamPreCreate(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.prepare_stream(prm.streamInfo)

    @guarded()
    def onCallSdpCreated(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            sdp = whole(prm.sdp)
            published = self.leg.publish(sdp)
            if published != sdp:
                prm.sdp.wholeSdp = published

    @guarded()
    def onCallRxOffer(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            prm.statusCode = self.leg.judge_offer(whole(prm.offer))

    @guarded()
    def onDtmfEvent(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.on_dtmf(prm.digit, prm.duration, prm.flags)

    @guarded(returning=pj.PJSIP_REDIRECT_STOP)
    def onCallRedirected(self, prm: Any) -> int:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.forwarded(prm.e)
        return int(pj.PJSIP_REDIRECT_STOP)

    @guarded()
    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        """Only when `sip_referral` did not answer first."""
        prm.statusCode = DECLINE

    @guarded()
    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            prm.cont = self.leg.transfer_progress(prm.statusCode, prm.reason, prm.finalNotify)

    @guarded()
    def onCallReplaceRequest(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        prm.statusCode = DECLINE
        heir = self.leg and self.leg.replacement.asked(prm.rdata.srcAddress, prm.rdata.wholeMsg)
        if isinstance(heir, PjCall):
            self._heirs.append(heir)
            prm.newCall = heir
            prm.statusCode = pj.PJSIP_SC_OK
        elif heir:
            prm.statusCode = heir

    @guarded()
    def onCallReplaced(self, _prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.replaced()


def whole(sdp: Any) -> str:
    """A `SdpSession` as text; pjsua2 itself leaves one of more than 1024 bytes empty."""
    return sdp.wholeSdp or _printed(int(sdp.pjSdpSession))


def _printed(session: int) -> str:
    buffer = ctypes.create_string_buffer(LONGEST_SDP_BYTES)
    write = pjlib.function(
        "pjmedia_sdp_print", ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
    )
    length = write(session, buffer, LONGEST_SDP_BYTES)
    return buffer.raw[: max(0, length)].decode("utf-8", "surrogateescape")


def received(event: Any) -> tuple[str, str]:
    """(message, source IP) when a received message is behind the event, else ("", "")."""
    if event.type == pj.PJSIP_EVENT_TSX_STATE:
        state = event.body.tsxState
        if state.type == pj.PJSIP_EVENT_RX_MSG:
            message = state.src.rdata
            return message.wholeMsg, message.srcAddress.rpartition(":")[0].strip("[]")
    return "", ""


def sent(event: Any) -> str:
    """The message, when one of ours is behind the event, else ""."""
    if event.type == pj.PJSIP_EVENT_TSX_STATE:
        state = event.body.tsxState
        if state.type == pj.PJSIP_EVENT_TX_MSG:
            return str(state.src.tdata.wholeMsg)
    return ""


@dataclass(frozen=True, slots=True)
class Step:
    """A transaction has come to another state.  `theirs`: of a request of the far end; `asked`:
    that request is new; `answered`: ours got its final answer just now."""

    method: str
    theirs: bool
    asked: bool
    answered: bool
    code: int
    text: str


def read_step(event: Any) -> Step:
    """Of an event of type PJSIP_EVENT_TSX_STATE."""
    change = event.body.tsxState
    transaction = change.tsx
    theirs = transaction.role == pj.PJSIP_ROLE_UAS
    completed = pj.PJSIP_TSX_STATE_COMPLETED
    return Step(
        method=transaction.method,
        theirs=theirs,
        asked=theirs and transaction.state == pj.PJSIP_TSX_STATE_TRYING,
        answered=not theirs and change.prevState < completed <= transaction.state,
        code=transaction.statusCode,
        text=clean(transaction.statusText),
    )


def says_unrefreshed(event: Any) -> bool:
    """Whether a BYE transaction is the stack's own, because nobody keeps the session alive."""
    transaction = event.body.tsxState.tsx
    ours = transaction.role == pj.PJSIP_ROLE_UAC
    return ours and f"cause={UNREFRESHED}" in transaction.lastTx.wholeMsg
