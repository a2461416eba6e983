# SPDX-License-Identifier: GPL-2.0-or-later
"""Sending a call on without answering it, and not in circles.

Either the caller's server places the second call (302, RFC 3261 section 21.3.3), or this phone
does and connects the two.  Who sent it on, and why, is told in Diversion (RFC 5806) and, on a
second call of ours, History-Info (RFC 7044).  A call that was sent on too often, or by us already,
rings here instead.
"""

from collections.abc import Iterable, Mapping, Sequence
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


LONGEST_PASSED = 96
"""Characters of an address that is passed on; all of them are to fit into one header."""
FEWEST_HOPS = 2
"""An INVITE with less left to go would not get past the next server (RFC 3261 section 16.3)."""

_CAUSE_CODES: Mapping[Cause, int] = {
    Cause.ALWAYS: 302,
    Cause.BUSY: 486,
    Cause.NO_ANSWER: 408,
    Cause.DO_NOT_DISTURB: 480,
    Cause.BY_HAND: 480,
}
"""RFC 4458 table 1, as RFC 7544 section 4 maps Diversion to it."""

_COMES_BACK = frozenset({Cause.NO_ANSWER, Cause.BY_HAND})
"""It rang here, so it may again when nobody answers there."""


class ForwardBy(StrEnum):
    """Who places the second call."""

    REDIRECT = "redirect"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class SecondLeg:
    """How this phone itself calls who is to have the call.  `hops`: Max-Forwards.  `comes_back`:
    the call rings here again when nobody answers there."""

    headers: Mapping[str, str]
    hops: int
    comes_back: bool


@dataclass(frozen=True, slots=True)
class Forward:
    """`contact` is a complete URI; `diversion` the value of the header that goes with it.
    `second`: without it the caller's server is asked to call there."""

    contact: str
    diversion: str
    second: SecondLeg | None = None


def diversion(own_uri: str, cause: Cause) -> str:
    return f"<{own_uri}>;reason={cause};counter=1"


def second_leg(
    contact: str, own_uri: str, cause: Cause, diverted_by: Sequence[str], hops: int
) -> SecondLeg:
    """For a call to `contact` that came with `hops` left and by way of `diverted_by`, the latest
    first."""
    diverted_by = [uri for uri in diverted_by if len(uri) <= LONGEST_PASSED]
    before = [f"<{uri}>;reason=unknown;counter=1" for uri in diverted_by]
    headers = {
        "Diversion": ", ".join([diversion(own_uri, cause), *before]),
        "History-Info": _history([*reversed(diverted_by), own_uri], contact, cause),
    }
    return SecondLeg(headers, hops - 1, cause in _COMES_BACK)


def _history(passed: Sequence[str], contact: str, cause: Cause) -> str:
    """Each entry is the one before it, mapped to another user (RFC 7044 section 10)."""
    indices = ["1" + ".1" * depth for depth in range(len(passed) + 1)]
    mapped = ["", *(f";mp={index}" for index in indices)]
    uris = [*passed, f"{contact};cause={_CAUSE_CODES[cause]}"]
    entries = zip(uris, indices, mapped, strict=False)
    return ", ".join(f"<{uri}>;index={index}{origin}" for uri, index, origin in entries)


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


def exhausted(hops: int) -> str:
    """Why this phone must not place a second call, "" when it may."""
    return "it has passed too many servers already" if hops < FEWEST_HOPS else ""
