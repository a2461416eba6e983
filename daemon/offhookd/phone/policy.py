# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of an incoming call before anybody hears of it."""

from dataclasses import dataclass

from .values import AccountId, EndReason


@dataclass(frozen=True, slots=True)
class Invitation:
    """The facts of an incoming call.  Asserted identity (RFC 3325) comes only from the account's
    own server, so it is believed; the From header is what the caller claims."""

    account: AccountId
    sip_call_id: str
    peer_uri: str
    peer_name: str
    asserted_uri: str = ""
    asserted_name: str = ""
    diversion_uri: str = ""


@dataclass(frozen=True, slots=True)
class Ring:
    """Alert a person."""


@dataclass(frozen=True, slots=True)
class Refuse:
    code: int
    reason: EndReason


Verdict = Ring | Refuse

BUSY_HERE = 486


def decide(*, calls_up: int, limit: int) -> Verdict:
    """`calls_up`: calls that have not ended, this one not counted; `limit`: the engine's."""
    if calls_up >= limit:
        return Refuse(BUSY_HERE, EndReason.BUSY)
    return Ring()
