# SPDX-License-Identifier: GPL-2.0-or-later
"""Holding and resuming a leg by re-INVITE (RFC 3264 section 8.4)."""

from collections.abc import Callable
from typing import Any, Protocol

import pjsua2 as pj

from .schedule import Schedule
from .sip_headers import clean
from .sip_media import LegMediaState

RETRY_REINVITE_S = 0.2
"""A re-INVITE of the far end or of the stack is still open; usually it takes one round trip."""

MOST_REINVITE_TRIES = 25

Replied = Callable[[str, int], None]
"""Takes "" or why it could not be done, and a status."""


class Holdable(Protocol):
    """A leg, as far as holding it goes."""

    number: int
    held: bool
    media: LegMediaState

    @property
    def talking(self) -> Any:
        """The pjsua2 call while both parties are connected, else None."""

    def offer_codecs(self) -> None: ...
    def settle(self) -> None:
        """Let the sound follow `held`."""


class Hold:
    """The wish of one leg; `ask` again changes it."""

    def __init__(self, leg: Holdable, schedule: Schedule) -> None:
        self._leg = leg
        self._schedule = schedule

    def ask(self, *, held: bool, done: Replied, tries: int = 1) -> None:
        """Send the re-INVITE."""
        leg = self._leg
        call = leg.talking
        if call is None:
            done(f"Call {leg.number} is not active.", 0)
            return
        leg.held = held
        leg.settle()  # the microphone is cut off before the far end agrees
        if held == leg.media.local_hold:
            done("", 0)
            return
        options = pj.CallOpParam(True)
        leg.offer_codecs()
        try:
            if held:
                call.setHold(options)
            else:
                options.opt.flag = pj.PJSUA_CALL_UNHOLD
                call.reinvite(options)
        except pj.Error as error:
            if tries >= MOST_REINVITE_TRIES:
                done(f"Call {leg.number} cannot be held now: {clean(error.reason)}.", error.status)
                return
            self._schedule.after(
                RETRY_REINVITE_S, lambda: self.ask(held=held, done=done, tries=tries + 1)
            )
            return
        done("", 0)
