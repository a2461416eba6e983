# SPDX-License-Identifier: GPL-2.0-or-later
"""Why the far end or the network ended a call, by its Reason headers (RFC 3326, RFC 6432)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .sip_headers import Headers, clean

TAKEN_ELSEWHERE = {("SIP", 200), ("Q.850", 26)}
"""Another telephone answered (RFC 3326 section 3.1); 26 is "not awarded the incoming call"."""

DECLINED_ELSEWHERE = {("SIP", 600), ("SIP", 603), ("SIP", 607), ("SIP", 608), ("Q.850", 21)}
"""It was refused at another telephone, for all of them (RFC 3261 section 16.7, step 5)."""

_WORDS = {
    1: "Unallocated number",
    2: "No route to the transit network",
    3: "No route to the destination",
    16: "Normal call clearing",
    17: "User busy",
    18: "No user responding",
    19: "No answer from the user",
    20: "Subscriber absent",
    21: "Call rejected",
    22: "Number changed",
    27: "Destination out of order",
    28: "Invalid number format",
    29: "Facility rejected",
    31: "Normal, unspecified",
    34: "No circuit available",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    44: "Requested circuit not available",
    47: "Resource unavailable",
    50: "Facility not subscribed",
    57: "Bearer capability not authorized",
    58: "Bearer capability not available",
    63: "Service not available",
    65: "Bearer capability not implemented",
    79: "Service not implemented",
    88: "Incompatible destination",
    102: "Recovery on timer expiry",
    111: "Protocol error",
    127: "Interworking, unspecified",
}
"""ITU-T Q.850, table 1: those that networks send."""

_VALUE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PROTOCOL = re.compile(r"\s*([^\s;]+)")
_CAUSE = re.compile(r";\s*cause\s*=\s*(\d{1,4})\b", re.IGNORECASE)
_TEXT = re.compile(r';\s*text\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))', re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_QUOTED_PAIR = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Reason:
    protocol: str
    cause: int
    text: str


def reasons(headers: Headers) -> Iterator[Reason]:
    """Every value, in order; one that says nothing is left out."""
    for line in headers.all("Reason"):
        for value in _VALUE.findall(line):
            protocol = _PROTOCOL.match(value)
            cause = _CAUSE.search(_QUOTED.sub("", value))
            if protocol and cause:
                yield Reason(protocol[1].upper(), int(cause[1]), _text(value))


def decided_elsewhere(headers: Headers) -> str:
    """What a CANCEL says that became of the call at another telephone: "elsewhere" (it was taken),
    "declined", or "" for nothing."""
    told = {(one.protocol, one.cause) for one in reasons(headers)}
    if told & TAKEN_ELSEWHERE:
        return "elsewhere"
    return "declined" if told & DECLINED_ELSEWHERE else ""


def words(headers: Headers) -> str:
    """The reason for a person, "" where none is given; the telephone network's own counts most."""
    found = sorted(reasons(headers), key=lambda one: one.protocol != "Q.850")
    return next(filter(None, map(_word, found)), "")


def _word(reason: Reason) -> str:
    return reason.text or (_WORDS.get(reason.cause, "") if reason.protocol == "Q.850" else "")


def _text(value: str) -> str:
    found = _TEXT.search(value)
    return clean(_QUOTED_PAIR.sub(r"\1", found[1] or found[2] or "").strip()) if found else ""
