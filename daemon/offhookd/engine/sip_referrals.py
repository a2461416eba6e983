# SPDX-License-Identifier: GPL-2.0-or-later
"""The REFERs that wait for the daemon's decision, or whose call is under way."""

from typing import Any

from .pjlib import PjlibError
from .protocol import Referred
from .refusal import Refused, check_range, check_uri
from .sip_call import Leg
from .sip_callbacks import received
from .sip_headers import Headers
from .sip_referral import Referral, read_request, refuse
from .sip_state import State
from .sip_status import (
    BAD_REQUEST,
    BUSY_HERE,
    DECLINE,
    FIRST_FAILURE,
    FORBIDDEN,
    LAST_FINAL,
    OK,
    RINGING,
    SERVICE_UNAVAILABLE,
    TRYING,
)
from .sip_thread import WARNING, SipThread

MOST_REFERRALS = 8
"""Open at once; a far end that keeps asking is refused."""


class Referrals:
    """By number, in the order of their arrival; no number comes back."""

    def __init__(self, thread: SipThread) -> None:
        self.refused = False
        """Whether the user takes part in no transfer."""
        self._thread = thread
        self._open: dict[int, Referral] = {}
        self._of_leg: dict[int, int] = {}
        self._arrived = 0

    def arrive(self, leg: Leg, event: Any) -> None:
        """A REFER within the call of `leg`, inside the callback."""
        message, source = received(event)
        request = read_request(Headers(message))
        code = self._fault(leg, source, request.target)
        if code:
            refuse(event, code)
            return
        try:
            referral = Referral(event)
        except PjlibError as error:
            self._thread.log(WARNING, f"Call {leg.number} cannot be transferred: {error}.")
            return
        self._arrived += 1
        self._open[self._arrived] = referral
        referral.tell(TRYING)
        self._thread.send(
            Referred(
                leg=leg.number,
                referral=self._arrived,
                target=request.target,
                replaces=request.replaces,
                referred_by=request.referred_by,
            )
        )

    def _fault(self, leg: Leg, source: str, target: str) -> int:
        """The status of the refusal, 0 for none."""
        if not leg.account.accepts(source) and source != leg.peer:
            return FORBIDDEN
        if self.refused:
            return DECLINE
        try:
            check_uri("The target", target)
        except Refused:
            return BAD_REQUEST
        return BUSY_HERE if len(self._open) >= MOST_REFERRALS else 0

    def carry_out(self, number: int, leg: Leg) -> None:
        """`leg` is the call that was asked for; its progress is told from now on."""
        if number:
            self._find(number)
            self._of_leg[leg.number] = number

    def end(self, number: int, code: int) -> None:
        """Nothing comes of it."""
        check_range("code", code, FIRST_FAILURE, LAST_FINAL)
        self._find(number).tell(code)
        del self._open[number]

    def follow(self, leg: Leg, code: int) -> None:
        """The state of `leg` has changed by the status `code`."""
        referral = self._open.get(self._of_leg.get(leg.number, 0))
        if referral is None:
            return
        match leg.state:
            case State.RINGING | State.EARLY:
                referral.tell(code or RINGING)
            case State.ANSWERED | State.ACTIVE:
                self._finish(leg, OK)
            case State.ENDED:
                self._finish(leg, code if code >= FIRST_FAILURE else SERVICE_UNAVAILABLE)

    def drop(self, leg: Leg) -> None:
        """It could not be dialled."""
        if leg.number in self._of_leg:
            self._finish(leg, SERVICE_UNAVAILABLE)

    def _finish(self, leg: Leg, code: int) -> None:
        self._open.pop(self._of_leg.pop(leg.number)).tell(code)

    def _find(self, number: int) -> Referral:
        referral = self._open.get(number)
        if referral is None:
            raise Refused(f"There is no transfer {number}.")
        return referral

    def release(self) -> None:
        """Before the stack is destroyed."""
        for referral in self._open.values():
            referral.release()
        self._open.clear()
