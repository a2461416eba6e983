# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that are answered without a hand: intercom, and lines that always answer.

It opens a microphone, so only callers that the user listed may ask for it, a beep comes first, and
it never happens in another call or while nothing is to disturb.  Asked for by Answer-Mode
(RFC 5373), by Call-Info or Alert-Info with answer-after (as snom, Yealink and Polycom read it), or
by "info=alert-autoanswer", "info=RingAnswer" and the like in Alert-Info.
"""

import re
from dataclasses import dataclass

from .caller import Caller
from .numbering import Numbering
from .parties import Parties

LONGEST_WAIT_S = 60.0

_AFTER = re.compile(r";\s*answer-after\s*=\s*\"?([0-9]{1,3})\b", re.IGNORECASE)
_INFO = re.compile(
    r"\b(?:alert-autoanswer|auto[- ]?answer|ring[- ]?answer|intercom)\b", re.IGNORECASE
)
_AUTO = re.compile(r"\s*Auto\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoAnswerRules:
    """`callers`: who may ask for it, nobody by default.  `beep`: before the microphone opens.
    `muted`: it stays closed until the user opens it."""

    callers: tuple[str, ...] = ()
    beep: bool = True
    muted: bool = False


@dataclass(frozen=True, slots=True)
class AutoAnswer:
    after_s: float
    beep: bool
    muted: bool


def asked_after(alert_info: str, call_info: str, answer_mode: str) -> float | None:
    """After how many seconds the caller asks to be answered; None when it is not asked for."""
    for header in (call_info, alert_info):
        if found := _AFTER.search(header):
            return min(float(found[1]), LONGEST_WAIT_S)
    if _AUTO.match(answer_mode) or _INFO.search(alert_info):
        return 0.0
    return None


class Intercom:
    """`after_s` None in `decide`: the account does not answer by itself."""

    def __init__(self, rules: AutoAnswerRules, numbering: Numbering) -> None:
        self._rules = rules
        self._callers = Parties(rules.callers, numbering)

    def decide(
        self, caller: Caller, asked_s: float | None, account_s: float | None
    ) -> AutoAnswer | None:
        """`asked_s`: as the caller asks.  `account_s`: as the account is configured for anybody."""
        if asked_s is not None and caller.known_uri in self._callers:
            return AutoAnswer(asked_s, self._rules.beep, self._rules.muted)
        if account_s is not None:
            return AutoAnswer(account_s, self._rules.beep, self._rules.muted)
        return None
