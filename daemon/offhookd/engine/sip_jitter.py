# SPDX-License-Identifier: GPL-2.0-or-later
"""The jitter buffer of a stream: how much is collected before it is heard, how much may wait."""

import ctypes
from dataclasses import dataclass
from typing import Any

from .refusal import Refused, check_range

SHORTEST_MS, LONGEST_MS = 20, 1000
"""One packet; more delay than this is two people waiting for each other to speak."""

USUAL_MINIMUM_MS, USUAL_MAXIMUM_MS = 20, 400
"""One packet: what comes late is waited for by the reserve in front of the loudspeaker."""

DISCARD_NONE, DISCARD_STATIC = 0, 1
"""`pjmedia_jb_discard_algo`.  The progressive one, pjsip's default, shrinks the buffer in the first
seconds of every call, and each step is a click (measured at 0.6, 1.3 and 2.3 s)."""

DISCARD_ALGORITHMS = range(3)

KEPT_MS = 40
"""The static algorithm throws away what lies longer than twice a burst, and a burst is a packet
on a good line: a minimum above this does not last (measured: of 200 ms, 40 are left after 4 s).
Above it nothing is thrown away, and what the drift of the clocks piles up ends at the maximum."""


@dataclass(frozen=True, slots=True)
class JitterBuffer:
    """`minimum_ms` is collected at the beginning and after it has run dry; the buffer grows by
    itself with the jitter, up to `maximum_ms`."""

    minimum_ms: int = USUAL_MINIMUM_MS
    maximum_ms: int = USUAL_MAXIMUM_MS

    def __post_init__(self) -> None:
        check_range("jitter_min_ms", self.minimum_ms, SHORTEST_MS, LONGEST_MS)
        check_range("jitter_max_ms", self.maximum_ms, SHORTEST_MS, LONGEST_MS)
        if self.minimum_ms > self.maximum_ms:
            raise Refused("The jitter buffer's minimum must not be above its maximum.")

    def apply(self, settings: Any) -> None:
        """To a `MediaConfig` or to the `StreamInfo` of a stream that is about to be made."""
        settings.jbInit = settings.jbMinPre = self.minimum_ms
        settings.jbMaxPre = self.maximum_ms
        settings.jbMax = self.maximum_ms * 5 // 4  # the library's own proportion
        algorithm = DISCARD_STATIC if self.minimum_ms <= KEPT_MS else DISCARD_NONE
        settings.jbDiscardAlgo = _enumeration(settings.jbDiscardAlgo, algorithm)


def _enumeration(known: Any, value: int) -> Any:
    """`value` for a field that now has `known`: an enumeration for which pjsua2 has no Python type
    comes as a pointer to its int.  What is neither keeps the library's choice."""
    if isinstance(known, int):
        return value
    content = ctypes.c_int.from_address(int(known))
    if content.value in DISCARD_ALGORITHMS:
        known.disown()  # the memory is part of the configuration's
        content.value = value
    return known
