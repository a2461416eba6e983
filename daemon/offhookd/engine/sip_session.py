# SPDX-License-Identifier: GPL-2.0-or-later
"""The INVITE session under a pjsua call, to end it when the far end plays dead.

pjsua keeps one of its few call slots until the last transaction is over, up to 32 s after the
hang-up of a call whose far end says nothing any more, and tells nobody when.
"""

import ctypes
from typing import Any

import pjsua2 as pj

from . import pjlib
from .sip_status import REQUEST_TERMINATED

_Pointer = ctypes.c_void_p


class Session:
    """Holds a reference to the `pjsip_inv_session`; `release` must come before libDestroy."""

    def __init__(self) -> None:
        self._address = 0

    @property
    def held(self) -> bool:
        return self._address != 0

    def remember(self, call: Any, event: Any) -> None:
        """Take the session that the transaction of a pjsua2 `SipEvent` belongs to.

        Not that of a call which is over: transactions outlive it, and a reference to what is
        destroyed fails an assertion (sip_inv.c:288).
        """
        if self._address or event.type != pj.PJSIP_EVENT_TSX_STATE:
            return
        if call is None or not call.isActive():
            return
        transaction = event.body.tsxState.tsx.pjTransaction
        if transaction is None or not int(transaction):
            return
        dialog = pjlib.function("pjsip_tsx_get_dlg", _Pointer, _Pointer)(int(transaction))
        if dialog:
            session = pjlib.function("pjsip_dlg_get_inv_session", _Pointer, _Pointer)(dialog)
            self._hold(session)

    def _hold(self, session: int | None) -> None:
        add_reference = pjlib.function("pjsip_inv_add_ref", ctypes.c_int, _Pointer)
        if session and add_reference(session) == pjlib.PJ_SUCCESS:
            self._address = session

    def terminate(self) -> None:
        """Free the call slot now, whatever the far end still owes us.

        Of no effect when the session has ended in the meantime.
        """
        if self._address:
            end = pjlib.function(
                "pjsip_inv_terminate", ctypes.c_int, _Pointer, ctypes.c_int, ctypes.c_int
            )
            # Not a 2xx: pjsip aborts when an INVITE succeeds without a message.
            end(self._address, REQUEST_TERMINATED, 1)
        self.release()

    def release(self) -> None:
        address, self._address = self._address, 0
        if address:
            pjlib.function("pjsip_inv_dec_ref", ctypes.c_int, _Pointer)(address)
