# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook flash, with which analogue exchanges offer a second call: event 16 of RFC 4733, or INFO
with the application/hook-flash that gateways understand."""

from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from .refusal import Refused
from .sip_headers import clean
from .sip_media import LegMediaState
from .sip_status import FIRST_FAILURE, FIRST_FINAL

MIME = "application/hook-flash"
SIGNAL = "signal=hf\r\n"
EVENT = "R"
"""What the stack calls event 16."""
FLASH_MS = 160
"""Gateways time the flash of their line themselves; the event only has to be heard."""

METHODS = ("auto", "rfc4733", "info")

Done = Callable[[str, int], None]


class Flash:
    """Of one leg; one at a time."""

    def __init__(self) -> None:
        self._done: Done | None = None

    def send(self, call: Any, media: LegMediaState, method: str, done: Done) -> None:
        """`done` gets "" or what went wrong: at once for an event, with the answer for INFO.

        Raises `Refused` and `pj.Error`.
        """
        if self._done is not None:
            raise Refused("A hook flash waits for its answer already.")
        if method == "rfc4733" and not media.can_rfc4733:
            raise Refused("The far end did not offer DTMF events (RFC 4733); use flash: info.")
        if method == "info" or not media.can_rfc4733:
            self._send_info(call, done)
        else:
            _send_event(call)
            done("", 0)

    def heard(self, event: Any) -> None:
        """Something of a transaction of the call; inside the callback."""
        done = self._done
        if done is None or event.type != pj.PJSIP_EVENT_TSX_STATE:
            return
        transaction = event.body.tsxState.tsx
        code = int(transaction.statusCode)
        ours = transaction.method == "INFO" and transaction.role == pj.PJSIP_ROLE_UAC
        if not ours or code < FIRST_FINAL or MIME not in transaction.lastTx.wholeMsg:
            return
        self._done = None
        if code < FIRST_FAILURE:
            done("", code)
        else:
            done(f"{code} {clean(transaction.statusText)}".strip(), code)

    def call_ended(self) -> None:
        done, self._done = self._done, None
        if done:
            done("The call has ended.", 0)

    def _send_info(self, call: Any, done: Done) -> None:
        request = pj.CallSendRequestParam()
        request.method = "INFO"
        request.txOption.contentType = MIME
        request.txOption.msgBody = SIGNAL
        call.sendRequest(request)
        self._done = done


def _send_event(call: Any) -> None:
    parameters = pj.CallSendDtmfParam()
    parameters.digits = EVENT
    parameters.duration = FLASH_MS
    parameters.method = pj.PJSUA_DTMF_METHOD_RFC2833
    call.sendDtmf(parameters)
