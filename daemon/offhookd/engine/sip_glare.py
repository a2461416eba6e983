# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether an offer is open in a call: while it is, nobody may make another (RFC 3261 section 14.1).

The stack refuses to, but only when it has composed one from what is not agreed on yet; where the
call has a declined line that is neither sound nor video it asserts that it need not
(pjsua_media.c:2908), as when a call is held before the ACK of a re-INVITE without an offer.
"""

from typing import Any

import pjsua2 as pj

_METHODS = ("INVITE", "UPDATE")


class OpenOffers:
    """Of one call, by what the stack says about its transactions."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, bool], int] = {}

    def heard(self, event: Any) -> None:
        """Take a `SipEvent` of type PJSIP_EVENT_TSX_STATE.

        The last of each kind counts: the end of one that is said again with a password goes untold.
        """
        transaction = event.body.tsxState.tsx
        if transaction.method not in _METHODS:
            return
        theirs = transaction.role == pj.PJSIP_ROLE_UAS
        kind, address = (transaction.method, theirs), int(transaction.pjTransaction)
        if transaction.state <= _last_open_state(transaction.method, theirs=theirs):
            self._open[kind] = address
        elif self._open.get(kind) == address:
            del self._open[kind]

    def __bool__(self) -> bool:
        return bool(self._open)


def _last_open_state(method: str, *, theirs: bool) -> int:
    """Their INVITE is over with the ACK, which may bring the answer; all else with the answer."""
    if theirs and method == "INVITE":
        return int(pj.PJSIP_TSX_STATE_COMPLETED)
    return int(pj.PJSIP_TSX_STATE_PROCEEDING)
