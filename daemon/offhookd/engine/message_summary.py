# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server says about a voice mail box: application/simple-message-summary (RFC 3842)."""

import re
from dataclasses import dataclass

MOST_LINES = 32
"""A summary has one line for each kind of message, of which there are eight."""

_LINE = re.compile(r"([A-Za-z-]{1,40})[ \t]*:[ \t]*(.{0,512})")
_COUNTS = re.compile(r"([0-9]{1,10})[ \t]*/[ \t]*([0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class Summary:
    """`account` is a URI as it was written, or ""; the counts are those of voice messages."""

    waiting: bool = False
    new: int = 0
    old: int = 0
    account: str = ""


def parse_summary(body: str) -> Summary | None:
    """None when the body is no summary: it must say whether messages wait."""
    fields: dict[str, str] = {}
    for line in body.splitlines()[:MOST_LINES]:
        if match := _LINE.fullmatch(line.strip()):
            fields.setdefault(match[1].lower(), match[2].strip())
    waiting = fields.get("messages-waiting", "").lower()
    if waiting not in ("yes", "no"):
        return None
    counts = _COUNTS.match(fields.get("voice-message", ""))
    new, old = (int(counts[1]), int(counts[2])) if counts else (0, 0)
    return Summary(waiting == "yes", new, old, fields.get("message-account", "").strip("<>"))
