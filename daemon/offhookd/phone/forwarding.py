# SPDX-License-Identifier: GPL-2.0-or-later
"""Sending a call on without answering it (302, RFC 3261 section 21.3.3), and not in circles.

The caller's server places the second call; who sent it on, and why, is told in a Diversion header
(RFC 5806).  A call that was sent on too often, or by us already, rings here instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .parties import user_and_host

MOST_DIVERSIONS = 5
"""ITU-T Q.732.2 lets networks allow 3 to 5; every one more is a loop, or as annoying as one."""


class Cause(StrEnum):
    """Why a call is sent on, as RFC 5806 section 5 spells it."""

    ALWAYS = "unconditional"
    BUSY = "user-busy"
    NO_ANSWER = "no-answer"
    DO_NOT_DISTURB = "do-not-disturb"
    BY_HAND = "deflection"


@dataclass(frozen=True, slots=True)
class Forward:
    """`contact` is a complete URI; `diversion` the value of the header that goes with it."""

    contact: str
    diversion: str


def diversion(own_uri: str, cause: Cause) -> str:
    return f"<{own_uri}>;reason={cause};counter=1"


def goes_in_circles(contact: str, own_uri: str, caller_uri: str, diverted_by: Iterable[str]) -> str:
    """Why a call must not be sent to `contact`, "" when it may.

    `diverted_by`: those who sent it on before, as far as the message tells.
    """
    passed = [user_and_host(uri) for uri in diverted_by]
    target = user_and_host(contact)
    if len(passed) >= MOST_DIVERSIONS:
        return f"the call was sent on {len(passed)} times already"
    if target == user_and_host(own_uri):
        return "it would come back here"
    if target == user_and_host(caller_uri):
        return "it would go back to the caller"
    if user_and_host(own_uri) in passed:
        return "it came back here after it was sent on"
    if target in passed:
        return "it would go back to who sent it here"
    return ""
