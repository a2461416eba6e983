# SPDX-License-Identifier: GPL-2.0-or-later
"""Being transferred: a REFER of the far end, and what it is told of the call it asked for.

pjsua would place that call at once.  So the REFER is answered before pjsua looks at it, and the
daemon decides; the subscription that a REFER implies (RFC 3515 section 2.4.4) is kept here.
"""

import ctypes
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from . import pjlib
from .sip_headers import Headers, clean, name_addr
from .sip_status import ACCEPTED, FIRST_FINAL

ACTIVE, TERMINATED = 4, 5
"""PJSIP_EVSUB_STATE_ACTIVE and _TERMINATED; above is only "unknown"."""

_Pointer = ctypes.c_void_p
_REPLACES = re.compile(r"(?:^|&)replaces=([^&]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """What a REFER asks for: `replaces` is the header for the new INVITE, or ""."""

    target: str
    replaces: str
    referred_by: str


def read_request(headers: Headers) -> Request:
    """Of what a Refer-To URI can carry, only Replaces is believed (RFC 3261, 19.1.5)."""
    _, uri = name_addr(headers.first("Refer-To"))
    target, _, carried = uri.partition("?")
    found = _REPLACES.search(carried)
    replaces = clean(unquote(found[1])) if found else ""
    _, referred_by = headers.name_addr("Referred-By")
    return Request(target.partition(";method=")[0], replaces, referred_by)


class Referral:
    """One REFER that was accepted.  Holds a reference to the `pjsip_evsub`; `release` must come
    before libDestroy."""

    def __init__(self, event: Any) -> None:
        """Answer the REFER behind a pjsua2 `SipEvent`.  Raises `PjlibError`."""
        dialog, request = _dialog_and_request(event)
        subscription = _Pointer()
        create = pjlib.function(
            "pjsip_xfer_create_uas", ctypes.c_int, _Pointer, _Pointer, _Pointer, _Pointer
        )
        pjlib.check("the REFER", create(dialog, None, request, ctypes.addressof(subscription)))
        self._address = int(subscription.value or 0)
        add_reference = pjlib.function("pjsip_evsub_add_ref", ctypes.c_int, _Pointer)
        add_reference(self._address)
        accept = pjlib.function(
            "pjsip_xfer_accept", ctypes.c_int, _Pointer, _Pointer, ctypes.c_int, _Pointer
        )
        pjlib.check("the answer to a REFER", accept(self._address, request, ACCEPTED, None))

    def tell(self, code: int) -> None:
        """NOTIFY the far end that its call came so far; a final code is the last word."""
        if not self._address:
            return
        final = code >= FIRST_FINAL
        state = pjlib.function("pjsip_evsub_get_state", ctypes.c_int, _Pointer)
        if state(self._address) < TERMINATED:
            self._notify(TERMINATED if final else ACTIVE, code)
        if final:
            self.release()

    def _notify(self, state: int, code: int) -> None:
        message = _Pointer()
        make = pjlib.function(
            "pjsip_xfer_notify",
            ctypes.c_int,
            _Pointer,
            ctypes.c_int,
            ctypes.c_int,
            _Pointer,
            _Pointer,
        )
        if make(self._address, state, code, None, ctypes.addressof(message)) == pjlib.PJ_SUCCESS:
            send = pjlib.function("pjsip_xfer_send_request", ctypes.c_int, _Pointer, _Pointer)
            send(self._address, message)

    def release(self) -> None:
        address, self._address = self._address, 0
        if address:
            pjlib.function("pjsip_evsub_dec_ref", ctypes.c_int, _Pointer)(address)


def refuse(event: Any, code: int) -> None:
    """Answer the request behind a pjsua2 `SipEvent` before pjsua does."""
    dialog, request = _dialog_and_request(event)
    respond = pjlib.function(
        "pjsip_dlg_respond",
        ctypes.c_int,
        _Pointer,
        _Pointer,
        ctypes.c_int,
        _Pointer,
        _Pointer,
        _Pointer,
    )
    respond(dialog, request, code, None, None, None)


def _dialog_and_request(event: Any) -> tuple[int, int]:
    state = event.body.tsxState
    transaction = int(state.tsx.pjTransaction)
    dialog = pjlib.function("pjsip_tsx_get_dlg", _Pointer, _Pointer)(transaction)
    return int(dialog), int(state.src.rdata.pjRxData)
