# SPDX-License-Identifier: GPL-2.0-or-later
"""The INVITE session under a pjsua call, and the call slot that it takes.

pjsua keeps one of its few call slots until the last transaction is over, up to 32 s after the
hang-up of a call whose far end says nothing any more, and tells nobody when.

A slot that is free is given to the next call, but the dialog of the last one lives on for as long
as it has transactions, and goes on naming the slot: what happens there pjsua takes for the next
call's.  A late refusal of a re-INVITE takes the media of that call away, which is asserted not to
happen (pjsua_media.c:3920); a REFER would transfer it, and its refusal fails an assertion
(sip_dialog.c:1693).  So a dialog is cut off from its slot when the slot is free.
"""

import ctypes
import functools
from dataclasses import dataclass
from typing import Any

from . import pjlib
from .pjlib import PjlibError
from .sip_status import REQUEST_TERMINATED

MAX_MODULES = 32
"""PJSIP_MAX_MODULE: what a dialog has room to name for each module of the stack."""

_Pointer = ctypes.c_void_p


class Session:
    """Holds a reference to the `pjsip_inv_session`; `release` must come before libDestroy."""

    def __init__(self) -> None:
        self._address = 0
        self._tenancy: _Tenancy | None = None

    @property
    def held(self) -> bool:
        """Whether one of the stack's few call slots may still be taken."""
        return self._address != 0

    def remember(self, call: Any) -> None:
        """Take the session of a pjsua2 call, once it has one.

        Not that of a call which is over: a reference to what is destroyed fails an assertion
        (sip_inv.c:288).
        """
        if fault() or self._address or call is None or not call.isActive():
            return
        self._tenancy = _tenancy_of(call.getId())
        if self._tenancy:
            find = pjlib.function("pjsip_dlg_get_inv_session", _Pointer, _Pointer)
            self._hold(find(self._tenancy.dialog))

    def _hold(self, session: int | None) -> None:
        add_reference = pjlib.function("pjsip_inv_add_ref", ctypes.c_int, _Pointer)
        if session and add_reference(session) == pjlib.PJ_SUCCESS:
            self._address = session

    def terminate(self) -> None:
        """Free the call slot now, whatever the far end still owes us.

        Of no effect when the session has been left in the meantime.
        """
        if self._address:
            end = pjlib.function(
                "pjsip_inv_terminate", ctypes.c_int, _Pointer, ctypes.c_int, ctypes.c_int
            )
            # Not a 2xx: pjsip aborts when an INVITE succeeds without a message.
            end(self._address, REQUEST_TERMINATED, 1)
        self.leave()

    def leave(self) -> None:
        """Cut the dialog off from the slot and let go, if the slot is free by now."""
        if self._address and self._tenancy and not self._tenancy.lasts:
            self._tenancy.cut_off()
            self.release()

    def release(self) -> None:
        address, self._address = self._address, 0
        self._tenancy = None
        if address:
            pjlib.function("pjsip_inv_dec_ref", ctypes.c_int, _Pointer)(address)


@dataclass(frozen=True, slots=True)
class _Tenancy:
    """`dialog` names the pjsua call of `slot` under the number `module`."""

    slot: int
    dialog: int
    module: int

    @property
    def lasts(self) -> bool:
        _, dialog = _tenant(self.slot)
        return dialog == self.dialog

    def cut_off(self) -> None:
        write = pjlib.function(
            "pjsip_dlg_set_mod_data", ctypes.c_int, _Pointer, ctypes.c_int, _Pointer
        )
        write(self.dialog, self.module, None)


def _tenancy_of(slot: int) -> _Tenancy | None:
    call, dialog = _tenant(slot)
    if not dialog:
        return None
    read = pjlib.function("pjsip_dlg_get_mod_data", _Pointer, _Pointer, ctypes.c_int)
    for module in range(MAX_MODULES):
        if read(dialog, module) == call:
            return _Tenancy(slot, dialog, module)
    return None


def _tenant(slot: int) -> tuple[int, int]:
    """Addresses of the `pjsua_call` and the `pjsip_dialog` in the slot, zeros when it is free."""
    call, dialog = _Pointer(), _Pointer()
    found = ctypes.addressof(call), ctypes.addressof(dialog)
    if _acquire()(b"offhook", slot, *found) != pjlib.PJ_SUCCESS:
        return 0, 0
    pjlib.function("pjsip_dlg_dec_lock", None, _Pointer)(dialog)
    return int(call.value or 0), int(dialog.value or 0)


def _acquire() -> Any:
    return pjlib.function(
        "acquire_call", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, _Pointer, _Pointer
    )


@functools.cache
def fault() -> str:
    """Why sessions cannot be held, as a sentence; "" where they can."""
    try:
        _acquire()
    except PjlibError as error:  # of all that is used here, this alone is no public function
        return f"{error}; the end of a call may disturb the next one."
    return ""
