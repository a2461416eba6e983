# SPDX-License-Identifier: GPL-2.0-or-later
"""A call as the history remembers it, and which of them count as missed."""

from dataclasses import dataclass

from .values import NOBODY, AccountId, CallId, Direction, EndReason, Party

_NOT_MISSED = frozenset(
    {
        EndReason.DECLINED,
        EndReason.LOCAL,
        EndReason.ELSEWHERE,
        EndReason.FORWARDED,
        EndReason.TRANSFERRED,
    }
)


def is_missed(direction: Direction, answered_us: int, reason: EndReason) -> bool:
    """Whether a call that ended for `reason` is one its user should be told of.

    A call is missed when somebody tried to reach the user and nobody dealt with it.  The user
    dealt with it by answering, by refusing or silencing it for good ("declined", "local"), by
    answering it on another device ("elsewhere") or by having it sent on ("forwarded",
    "transferred").  Everything else is missed: the caller gave up ("cancelled", "remote"), it
    rang out ("no-answer"), the line was busy or not to be disturbed without the user being asked
    ("busy"), and whatever broke on the way ("network", "media", "auth", "error").
    """
    return direction is Direction.INCOMING and not answered_us and reason not in _NOT_MISSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call.  Times are microseconds of CLOCK_REALTIME, 0 while they have not come.

    `end_reason`, `end_code` and `end_text` say how it ended; code and text are the SIP status
    line, or 0 and "".  `recording` is the path of a file or "".  `through`: the desk phone that
    made the call, "" for this machine.  `mos` is the mean opinion score of the call (ITU-T G.107),
    0.0 unknown.  `contact_name` is what the address books called the peer during the call, "" where
    none knew.  `connected` is who the account's server said was at the other end at last, where
    that was somebody else or had a name: with what the address books called it.
    """

    id: CallId
    account: AccountId
    direction: Direction
    peer_uri: str
    peer_name: str
    started_us: int
    answered_us: int
    ended_us: int
    end_reason: EndReason
    end_code: int
    end_text: str
    recording: str
    missed: bool
    through: str = ""
    mos: float = 0.0
    contact_name: str = ""
    connected: Party = NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows are wanted; None and "" leave a criterion out.

    `since_us` is included, `until_us` is not; both look at the start of the call.  `missed`
    False asks for the calls that were not missed.  `peer` is a whole URI, or a number or user
    name, which finds ``sip:PEER@anywhere`` and ``tel:PEER``, also where it was written as one of
    the `spellings`.  `text` is any part of URI or names,
    whatever its case.
    """

    since_us: int | None = None
    until_us: int | None = None
    account: str = ""
    direction: Direction | None = None
    missed: bool | None = None
    peer: str = ""
    spellings: tuple[str, ...] = ()
    text: str = ""
