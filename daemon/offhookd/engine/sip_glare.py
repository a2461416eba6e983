# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether an offer is open in a call: while it is, nobody may make another (RFC 3261 section 14.1).

The stack refuses to, but only when it has composed one from what is not agreed on yet; where the
call has a declined line that is neither sound nor video it asserts that it need not
(pjsua_media.c:2908), as when a call is held before the ACK of a re-INVITE without an offer.
"""

import re
from typing import Any

import pjsua2 as pj

from .sip_status import PROXY_AUTHENTICATION_REQUIRED, UNAUTHORIZED

_METHODS = ("INVITE", "UPDATE")
_STRANGE_LINE = re.compile(r"^m=(?!audio |video )", re.MULTILINE)

CHALLENGES = (UNAUTHORIZED, PROXY_AUTHENTICATION_REQUIRED)
"""After one that it cannot meet, the stack takes its own offer for open for ever."""


class OpenOffers:
    """Of one call, by what the stack says about its transactions."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, bool], int] = {}
        self._has_strange_lines = False
        self._is_stuck = False

    def read(self, message: str) -> None:
        """Look at the lines of an offer of the far end."""
        self._has_strange_lines |= _STRANGE_LINE.search(message) is not None

    def heard(self, event: Any, message: str) -> None:
        """Take a `SipEvent` of type PJSIP_EVENT_TSX_STATE, with the message behind it if any.

        The last of each kind counts: the end of one that is said again with a password goes untold.
        """
        change = event.body.tsxState
        transaction = change.tsx
        if transaction.method not in _METHODS:
            return
        self.read(message)
        theirs = transaction.role == pj.PJSIP_ROLE_UAS
        kind, address = (transaction.method, theirs), int(transaction.pjTransaction)
        if transaction.state <= _last_open_state(transaction.method, theirs=theirs):
            self._open[kind] = address
        elif self._open.get(kind) == address:
            del self._open[kind]
            unconfirmed = theirs and change.type == pj.PJSIP_EVENT_TIMER
            challenged = not theirs and transaction.statusCode in CHALLENGES
            self._is_stuck = unconfirmed or challenged

    def __bool__(self) -> bool:
        return bool(self._open) or (self._is_stuck and self._has_strange_lines)


def _last_open_state(method: str, *, theirs: bool) -> int:
    """Their INVITE is over with the ACK, which may bring the answer; all else with the answer."""
    if theirs and method == "INVITE":
        return int(pj.PJSIP_TSX_STATE_COMPLETED)
    return int(pj.PJSIP_TSX_STATE_PROCEEDING)
