# SPDX-License-Identifier: GPL-2.0-or-later
"""What an incoming call sounds like: the built-in bell, a Bellcore cadence, or a file.

The first that says something decides: the caller, Alert-Info, the account, the phone.  Alert-Info
names one of the built-in cadences ("Bellcore-dr3", as GR-506-CORE has them), or a word that the
user gave a sound; an address in it is never fetched.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .caller import Caller
from .numbering import Numbering
from .parties import ByParty

BELLCORE = tuple(f"bellcore-dr{number}" for number in range(1, 6))

_BELLCORE = re.compile(r"bellcore-?(?:dr|r)?([1-5])\b", re.IGNORECASE)
_INFO = re.compile(r";\s*info\s*=\s*\"?([^\">;,]+)", re.IGNORECASE)
_NAMED = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRules:
    """Values are `BELLCORE` names or paths of WAV files, "" for the bell.  `alert_info`: a sound
    for a word in the header; `callers`: for a pattern (see `parties`)."""

    sound: str = ""
    alert_info: Mapping[str, str] = field(default_factory=dict)
    callers: Mapping[str, str] = field(default_factory=dict)


class RingSounds:
    def __init__(self, rules: RingRules, numbering: Numbering) -> None:
        self._rules = rules
        self._words = {word.lower(): sound for word, sound in rules.alert_info.items()}
        self._callers = ByParty(rules.callers, numbering)

    def choose(self, caller: Caller, alert_info: str, account: str) -> str:
        """`account`: the account's own sound or ""."""
        return (
            self._callers.get(caller.known_uri, "")
            or self._by_header(alert_info)
            or account
            or self._rules.sound
        )

    def _by_header(self, alert_info: str) -> str:
        for word in _words(alert_info):
            if sound := self._words.get(word):
                return sound
        found = _BELLCORE.search(alert_info)
        return f"bellcore-dr{found[1]}" if found else ""


def _words(alert_info: str) -> list[str]:
    """What a user may have named: the info parameters first, then every word."""
    infos = [found.strip().lower() for found in _INFO.findall(alert_info)]
    return infos + [word.lower() for word in _NAMED.findall(alert_info)]
