# SPDX-License-Identifier: GPL-2.0-or-later
"""Which callers ring at all: the allow list, the block list, and those who hide their number."""

from dataclasses import dataclass
from enum import StrEnum

from .caller import Caller
from .numbering import Numbering
from .parties import Parties

DECLINED = 603
ANONYMITY_DISALLOWED = 433
"""RFC 5079: the same caller would get through with the number shown, and is told so."""


class Treatment(StrEnum):
    """What an unwanted call gets.

    "ring": it is wanted after all.  "silent": it is shown, without a sound.  "busy": 486.
    "decline": 603, or 433 who withholds the number.  "ignore": the caller hears ringing until he
    gives up, and nobody is told.
    """

    RING = "ring"
    SILENT = "silent"
    BUSY = "busy"
    DECLINE = "decline"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRules:
    """`allow` outweighs everything.  `blocked`, `anonymous` and `others`: what those of the block
    list get, those who withhold their number, and those of neither list."""

    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    blocked: Treatment = Treatment.DECLINE
    anonymous: Treatment = Treatment.RING
    others: Treatment = Treatment.RING


@dataclass(frozen=True, slots=True)
class Judgement:
    """`why` is for the history: one sentence, "" for a call that is wanted.  `code`: what "decline"
    is."""

    treatment: Treatment
    why: str = ""
    code: int = DECLINED


WANTED = Judgement(Treatment.RING)


class Screening:
    def __init__(self, rules: ScreeningRules, numbering: Numbering) -> None:
        self._rules = rules
        self._allowed = Parties(rules.allow, numbering)
        self._blocked = Parties(rules.block, numbering)

    def judge(self, caller: Caller) -> Judgement:
        if caller.known_uri in self._allowed:
            return WANTED
        if caller.known_uri in self._blocked:
            return Judgement(self._rules.blocked, "The caller is on the block list")
        if caller.withheld:
            return Judgement(
                self._rules.anonymous, "The caller withholds the number", ANONYMITY_DISALLOWED
            )
        return Judgement(self._rules.others, "The caller is not on the allow list")
