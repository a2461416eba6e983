# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls whose sound is to be encrypted by DTLS, as from a browser.

Where the account may encrypt, the stack finds out that it has no DTLS only after it has begun a
dialog for the call; it refuses then, and reads from the session that the refusal has ended
(pjsua_call.c:2071): one such INVITE ends the process.  It is refused before, with the same word.
"""

import re

from .gate import Source
from .gate_message import SipMessage
from .sip_accounts import Accounts
from .sip_status import NOT_ACCEPTABLE_HERE
from .walls import Walls

WARNING = '302 offhook "DTLS-SRTP is not supported"'
"""Incompatible transport protocol (RFC 3261 section 20.43)."""

_DTLS_LINE = re.compile(rb"m=audio\s+\S+\s+UDP/TLS/RTP/", re.IGNORECASE)


class Dtls:
    """Refuses them for every account while one may encrypt: which account a call is for, the stack
    decides by rules of its own."""

    def __init__(self, walls: Walls, accounts: Accounts) -> None:
        self._walls = walls
        self._accounts = accounts

    def take(self, message: SipMessage, _source: Source) -> bool:
        """Whether the message was dealt with; inside the gate, before pjsip acts on it."""
        if message.method != b"INVITE" or not any(map(_DTLS_LINE.match, message.sdp_lines)):
            return False
        if all(account.settings.srtp == "disabled" for account in self._accounts):
            return False
        self._walls.answer(NOT_ACCEPTABLE_HERE, {"Warning": WARNING})
        return True
