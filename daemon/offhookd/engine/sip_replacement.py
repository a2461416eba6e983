# SPDX-License-Identifier: GPL-2.0-or-later
"""INVITEs that take the place of a call (Replaces, RFC 3891), as the call sees them."""

from typing import TYPE_CHECKING

import pjsua2 as pj

from .sip_callbacks import PjCall
from .sip_exchange import Exchange
from .sip_headers import Headers

if TYPE_CHECKING:
    from .sip_call import Leg


class Replacement:
    """Who is to take the place of one leg."""

    def __init__(self, leg: "Leg", exchange: Exchange) -> None:
        self._leg = leg
        self._exchange = exchange
        self._heir: Leg | None = None

    def asked(self, source: str, message: str) -> PjCall | int:
        """The call that takes over, or the status of the refusal; inside the callback."""
        found = self._exchange.replacement(self._leg, source, message)
        if isinstance(found, int):
            return found
        self._heir = found
        self._leg.offer_codecs()
        return found.adopt(pj.PJSUA_INVALID_ID, message, Headers(message))

    def done(self) -> None:
        """The other INVITE is being answered."""
        heir, self._heir = self._heir, None
        if heir:
            self._exchange.arrived(heir, self._leg.number)
            heir.expect_ack()
