# SPDX-License-Identifier: GPL-2.0-or-later
"""Holding and resuming a leg by re-INVITE (RFC 3264 section 8.4)."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import pjsua2 as pj

from .schedule import Alarm, Schedule
from .sip_glare import OpenOffers
from .sip_headers import clean
from .sip_media import LegMediaState, has_transport
from .sip_status import FIRST_FAILURE, REQUEST_PENDING

RETRY_REINVITE_S = 0.2
"""A re-INVITE of the far end or of the stack is still open; usually it takes one round trip."""

MOST_REINVITE_TRIES = 25

GLARE_OURS_S = (2.1, 4.0)
GLARE_THEIRS_S = (0.0, 2.0)
"""RFC 3261 section 14.1: who made the Call-ID waits longer, so that the two do not meet again."""

MOST_GLARES = 4
MOST_REPAIRS = 3
"""In a row; a far end that agrees and does something else is left alone."""


Replied = Callable[[str, int], None]
"""Takes "" or why it could not be done, and a status."""


class Holdable(Protocol):
    """A leg, as far as holding it goes."""

    number: int
    outgoing: bool
    held: bool
    media: LegMediaState
    open_offers: OpenOffers

    @property
    def talking(self) -> Any:
        """The pjsua2 call while both parties are connected, else None."""

    def offer_codecs(self) -> None: ...
    def settle(self) -> None:
        """Let the sound follow `held`."""


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    held: bool
    done: Replied
    tries: int = 0
    glares: int = 0


def _nobody_waits(_text: str, _code: int) -> None:
    """A `Replied` for what was put right without being asked."""


class Hold:
    """At most one re-INVITE is open; the last wish waits behind it, an earlier one is dropped."""

    def __init__(self, leg: Holdable, schedule: Schedule) -> None:
        self._leg = leg
        self._schedule = schedule
        self._open: Wish | None = None
        self._next: Wish | None = None
        self._pause: Alarm | None = None
        self._repairs = 0

    def ask(self, *, held: bool, done: Replied) -> None:
        """`done` is told what the far end said to it."""
        leg = self._leg
        if leg.talking is None:
            done(f"Call {leg.number} is not active.", 0)
            return
        leg.held = held
        leg.settle()  # the microphone is cut off before the far end agrees
        self._replace(Wish(held, done))
        if self._pause:
            self._pause.cancel()
            self._pause = None
        self._step()

    @property
    def under_way(self) -> "Wish | None":
        """What the re-INVITE that is open asks for; None where it is the stack's own, or none."""
        return self._open

    def answered(self, wish: "Wish | None", code: int, text: str) -> None:
        """The final answer to the re-INVITE that was `under_way` in the stack's callback; now
        that is over."""
        if wish is None or wish is not self._open:
            return
        self._open = None
        if code == REQUEST_PENDING and wish.glares < MOST_GLARES and self._next is None:
            self._next = Wish(wish.held, wish.done, glares=wish.glares + 1)
            self._later(random.uniform(*(GLARE_OURS_S if self._leg.outgoing else GLARE_THEIRS_S)))  # noqa: S311 - no secret
            return
        if code >= FIRST_FAILURE:
            self._refused(wish, code, text)
        else:
            wish.done("", 0)
        self._step()

    def look(self) -> None:
        """The media have changed; where nobody asked for it, they are put right.

        The stack takes any refusal of a re-INVITE of its own (for a codec, a session timer) for
        one of the resume before it, and answers the far end's next offer with a hold.
        """
        settled = self._open is None and self._next is None and self._leg.talking is not None
        right = self._leg.held == self._leg.media.local_hold
        if right:
            self._repairs = 0
        elif settled and self._repairs < MOST_REPAIRS:
            self._repairs += 1
            self._next = Wish(self._leg.held, _nobody_waits)
            self._step()
        elif settled:
            self._give_in()

    @property
    def shown(self) -> bool:
        """Whether the call is on hold as people see it: what is about to be put right is not."""
        asked = [wish for wish in (self._open, self._next) if wish]
        if any(wish.done is not _nobody_waits for wish in asked):
            return self._leg.media.local_hold
        return self._leg.held

    def ended(self) -> None:
        """The leg is over: nobody waits in vain."""
        if self._pause:
            self._pause.cancel()
        for wish in filter(None, (self._open, self._next)):
            wish.done(f"Call {self._leg.number} is over.", 0)
        self._open = self._next = None

    def _replace(self, wish: Wish) -> None:
        dropped, self._next = self._next, wish
        if dropped:
            dropped.done("", 0)

    def _refused(self, wish: Wish, code: int, text: str) -> None:
        self._give_in()
        what = "be held" if wish.held else "be taken back"
        wish.done(f"{code} {text}: the far end does not let itself {what}", code)

    def _give_in(self) -> None:
        """Nothing will come of the wish; the sound follows what the call is."""
        if self._next is None:
            self._leg.held = self._leg.media.local_hold
            self._leg.settle()

    def _step(self) -> None:
        self._pause = None
        wish = self._next
        if wish is None or self._open is not None:
            return
        self._next = None
        call = self._leg.talking
        if call is None:
            wish.done(f"Call {self._leg.number} is over.", 0)
        elif wish.held == self._leg.media.local_hold:
            wish.done("", 0)
        elif not has_transport(call):
            wish.done(f"Call {self._leg.number} has no sound that could be held.", 0)
        else:
            self._send(call, wish)

    def _send(self, call: Any, wish: Wish) -> None:
        if self._leg.open_offers:
            self._put_off(wish, "another change is under way", 0)
            return
        options = pj.CallOpParam(True)
        self._leg.offer_codecs()
        try:
            if wish.held:
                call.setHold(options)
            else:
                options.opt.flag = pj.PJSUA_CALL_UNHOLD
                call.reinvite(options)
        except pj.Error as error:
            self._put_off(wish, clean(error.reason), error.status)
            return
        self._open = wish

    def _put_off(self, wish: Wish, reason: str, status: int) -> None:
        if wish.tries < MOST_REINVITE_TRIES:
            self._next = Wish(wish.held, wish.done, tries=wish.tries + 1, glares=wish.glares)
            self._later(RETRY_REINVITE_S)
            return
        self._give_in()
        wish.done(f"Call {self._leg.number} cannot be held now: {reason}.", status)

    def _later(self, delay_s: float) -> None:
        self._pause = self._schedule.after(delay_s, self._step)
