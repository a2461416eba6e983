# SPDX-License-Identifier: GPL-2.0-or-later
"""An incoming call, and what may become of it before anybody hears of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from .auto_answer import AutoAnswer
from .call import Call
from .caller import Caller, identify
from .forwarding import Forward
from .values import AccountId, CallId, CallState, EndReason


@dataclass(frozen=True, slots=True)
class Invitation:
    """The facts of an incoming call, as its headers have them.

    `asserted_uri`, `asserted_name`, `called_uri` (whom was called instead of the account) and
    `priority` are "" unless a server of the account sent the message.  `diverted_by`: who sent it
    on before, the latest first.
    """

    account: AccountId
    sip_call_id: str
    peer_uri: str
    peer_name: str
    asserted_uri: str = ""
    asserted_name: str = ""
    called_uri: str = ""
    diversion_uri: str = ""
    alert_info: str = ""
    call_info: str = ""
    answer_mode: str = ""
    privacy: str = ""
    priority: str = ""
    diverted_by: tuple[str, ...] = ()
    hops: int = 70
    """How many servers more the INVITE might have passed (Max-Forwards)."""
    replaces: CallId | None = None
    """The call whose far end is replaced by the caller (RFC 3891)."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Alert a person with `sound`, or show the call only when it is `silent`.

    `answer`: pick up without a hand.  `forward` after `forward_s` seconds without an answer.
    `group`: accounts on which the same caller may ring at the same time.  `emergency`: an
    emergency centre calls back.
    """

    sound: str = ""
    silent: bool = False
    answer: AutoAnswer | None = None
    forward: Forward | None = None
    forward_s: int = 0
    group: str = ""
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """`text` says why, where the status line would not."""

    code: int
    reason: EndReason
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Let the caller hear ringing; nobody is told."""

    text: str


Verdict = Ring | Refuse | Ignore | Forward

BUSY_HERE = 486


def decide(_invitation: Invitation, calls: Iterable[Call], limit: int) -> Verdict:
    """What holds for every phone: one call more than the engine can carry is refused."""
    if carried(calls) >= limit:
        return Refuse(BUSY_HERE, EndReason.BUSY)
    return Ring()


def caller_of(invitation: Invitation) -> Caller:
    return identify(
        invitation.peer_uri,
        invitation.peer_name,
        invitation.asserted_uri,
        invitation.asserted_name,
        invitation.privacy,
    )


def carried(calls: Iterable[Call]) -> int:
    """How many of `calls` occupy the engine."""
    here = (call for call in calls if call.desk is None)
    return sum(call.up and call.state is not CallState.PENDING for call in here)
