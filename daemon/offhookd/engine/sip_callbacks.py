# SPDX-License-Identifier: GPL-2.0-or-later
"""The pjsua2 call of a leg: what the stack says about it goes to the leg, fenced."""

from typing import Any, Protocol

import pjsua2 as pj

from .sip_thread import SipThread, guarded


class CallListener(Protocol):
    """Called inside callbacks: nothing may be answered or hung up."""

    thread: SipThread

    def on_state(self, event: Any) -> None: ...
    def on_transaction(self, event: Any) -> None: ...
    def on_media(self) -> None: ...
    def offer_codecs(self) -> None: ...
    def on_dtmf(self, digit: str, duration_ms: int, flags: int) -> None: ...
    def forwarded(self, event: Any) -> None: ...


class PjCall(pj.Call):  # type: ignore[misc]  # pjsua2 has no type information
    """`leg` becomes None when it has let go of the call."""

    def __init__(self, leg: CallListener, account: Any, call_id: int) -> None:
        super().__init__(account, call_id)
        self.thread = leg.thread
        self.leg: CallListener | None = leg

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
    def onCallRxOffer(self, _prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.offer_codecs()

    @guarded()
    def onDtmfEvent(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.on_dtmf(prm.digit, prm.duration, prm.flags)

    @guarded(returning=pj.PJSIP_REDIRECT_STOP)
    def onCallRedirected(self, prm: Any) -> int:  # noqa: N802 - pjsua2's name
        if self.leg:
            self.leg.forwarded(prm.e)
        return int(pj.PJSIP_REDIRECT_STOP)


def received(event: Any) -> tuple[str, str]:
    """(message, source IP) when a received message is behind the event, else ("", "")."""
    if event.type == pj.PJSIP_EVENT_TSX_STATE:
        state = event.body.tsxState
        if state.type == pj.PJSIP_EVENT_RX_MSG:
            message = state.src.rdata
            return message.wholeMsg, message.srcAddress.rpartition(":")[0].strip("[]")
    return "", ""
