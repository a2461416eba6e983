# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests outside of any dialog that begin nothing: OPTIONS, and what has no place there.

pjsua answers an OPTIONS with whatever it was compiled with, and most of the others not at all, so
that who asked repeats himself for half a minute.  They are answered at the gate, each once, without
a transaction: a repetition gets the same answer again.
"""

import time
from collections.abc import Mapping

from .gate import Bucket, Source
from .gate_message import SipMessage
from .refusal import check_range
from .sip_accounts import Accounts
from .sip_dialog import text_of
from .sip_headers import name_addr, user_of
from .sip_presence import Presence
from .sip_status import (
    BAD_EVENT,
    BAD_EXTENSION,
    FIRST_FINAL,
    FORBIDDEN,
    LAST_FINAL,
    METHOD_NOT_ALLOWED,
    NO_SUCH_DIALOG,
    OK,
)
from .sip_thread import DEBUG, SipThread
from .walls import Walls

BURST, PER_S = 20, 10.0
"""Servers ask every ten seconds to two minutes whether we are there; more is no question."""

ALLOWED = (
    *("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK"),
    *("REFER", "NOTIFY", "MESSAGE"),
)
SUPPORTED = ("replaces", "100rel", "timer", "norefersub", "from-change")

_LEFT_TO_OTHERS = frozenset({b"INVITE", b"ACK", b"CANCEL", b"MESSAGE"})
_INSIDE_ONLY = frozenset({b"BYE", b"INFO", b"UPDATE", b"PRACK", b"NOTIFY"})
"""They mean a dialog; without one there is nothing to do (RFC 3261 12.2.2, RFC 6665 4.1.3)."""

Reply = tuple[int, Mapping[str, str]]


class Outside:
    """Comes after all who may have a use for a request."""

    def __init__(
        self, thread: SipThread, accounts: Accounts, walls: Walls, presence: Presence
    ) -> None:
        self._thread = thread
        self._accounts = accounts
        self._walls = walls
        self._presence = presence
        self._standing: dict[str, int] = {}
        self._bucket = Bucket(PER_S, BURST, time.monotonic())

    def stand(self, account: str, code: int) -> None:
        """How an INVITE to `account` would be answered now, 200 while it would ring."""
        check_range("code", code, FIRST_FINAL, LAST_FINAL)
        self._standing[account] = code

    def take(self, message: SipMessage, source: Source) -> bool:
        """Whether the message is ours; inside the gate, before pjsip acts on it."""
        if not message.method or message.has_to_tag or message.method in _LEFT_TO_OTHERS:
            return False
        if self._bucket.take(time.monotonic()):
            code, headers = self._reply(message, source)
            self._walls.answer(code, headers)
            self._thread.log(
                DEBUG, f"{message.method.decode('ascii', 'replace')} of {source[0]}: {code}"
            )
        return True

    def _reply(self, message: SipMessage, source: Source) -> Reply:
        if message.method == b"OPTIONS":
            return self._capabilities(message, source)
        if message.method in _INSIDE_ONLY:
            return NO_SUCH_DIALOG, {}
        if message.method == b"REFER":
            return FORBIDDEN, {}  # nobody makes this phone call from outside
        if message.method == b"SUBSCRIBE":
            return BAD_EVENT, {}  # to what only a call can have
        return METHOD_NOT_ALLOWED, {"Allow": self._allow}

    def _capabilities(self, message: SipMessage, source: Source) -> Reply:
        """RFC 3261 section 11.2: the status is that of an INVITE."""
        user = user_of(name_addr(text_of(message, b"to"))[1])
        account = self._accounts.best_for(source[0], (user, user))
        if account is None:
            return FORBIDDEN, {}
        if unknown := _unsupported(message):
            return BAD_EXTENSION, {"Unsupported": ", ".join(unknown)}
        headers = {
            "Allow": self._allow,
            "Accept": "application/sdp",
            "Accept-Encoding": "identity",
            "Accept-Language": "en",
            "Supported": ", ".join(SUPPORTED),
        }
        return self._standing.get(account.id, OK), headers

    @property
    def _allow(self) -> str:
        serves = ("SUBSCRIBE",) if self._presence.serves else ()
        return ", ".join((*ALLOWED, *serves))


def _unsupported(message: SipMessage) -> list[str]:
    """Extensions that are required and not here (RFC 3261 section 8.2.2.3)."""
    values = b",".join(message.all(b"require")).decode("ascii", "replace").split(",")
    wanted = (value.strip().lower() for value in values)
    return [one for one in wanted if one and one not in SUPPORTED]
