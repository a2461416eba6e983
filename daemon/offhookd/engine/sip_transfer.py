# SPDX-License-Identifier: GPL-2.0-or-later
"""Sending the far end of a leg to somebody else (REFER, RFC 3515; RFC 5589)."""

from typing import Any

import pjsua2 as pj

from .protocol import TransferProgress
from .refusal import Refused, check_uri
from .sip_headers import clean
from .sip_options import header, refusal_of
from .sip_status import FIRST_FINAL, LAST_FINAL
from .sip_thread import SipThread

NO_REQUIRE_REPLACES = 1
"""PJSUA_XFER_NO_REQUIRE_REPLACES: a target that does not know Replaces rings, which is better than
a 420."""


class Transfer:
    """The REFERs of one leg; `referrer` is how this side calls itself in them."""

    def __init__(self, number: int, thread: SipThread, referrer: str) -> None:
        self._number = number
        self._thread = thread
        self._referrer = referrer
        self._over = True

    def blind(self, call: Any, target: str) -> None:
        """Returns when the REFER is out."""
        check_uri("The target", target)
        self._send(lambda: call.xfer(f"<{target}>", self._options()))

    def attended(self, call: Any, other: Any) -> None:
        """The far end of `call` is to take our place in `other` (Replaces, RFC 3891)."""
        options = self._options()
        options.options = NO_REQUIRE_REPLACES
        self._send(lambda: call.xferReplaces(other, options))

    def refused(self, code: int, text: str) -> None:
        """The REFER itself was answered by `code`, a refusal or a time-out."""
        self._tell(code, text, final=True)

    def notified(self, code: int, text: str, *, final: bool) -> bool:
        """What the far end says of its new call; whether more of it is wanted."""
        code = code if code <= LAST_FINAL else 0
        final = final or code >= FIRST_FINAL
        self._tell(code, text, final=final)
        return not final

    def _options(self) -> Any:
        options = pj.CallOpParam(True)
        options.txOption.headers.append(header("Referred-By", f"<{self._referrer}>"))
        return options

    def _send(self, send: Any) -> None:
        if not self._over:
            raise Refused(f"Call {self._number} is being transferred already.")
        try:
            send()
        except pj.Error as error:
            raise refusal_of(error) from None
        self._over = False

    def _tell(self, code: int, text: str, *, final: bool) -> None:
        if self._over:
            return
        self._over = final
        if final and code < FIRST_FINAL:
            code, text = 0, ""  # it says nothing of an outcome
        self._thread.send(
            TransferProgress(leg=self._number, code=max(0, code), text=clean(text), final=final)
        )
