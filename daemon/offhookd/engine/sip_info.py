# SPDX-License-Identifier: GPL-2.0-or-later
"""A key or a hook flash in the body of an INFO (RFC 6086), as the devices out there write it."""

import re
from dataclasses import dataclass

DTMF_RELAY = b"application/dtmf-relay"
DTMF = b"application/dtmf"
HOOK_FLASH = b"application/hook-flash"
ACCEPTED = (DTMF_RELAY, DTMF, HOOK_FLASH)

FLASH = "R"
_KEYS = "0123456789*#ABCD" + FLASH
"""By their number among the events of RFC 4733, section 3.2, which some write instead."""

LONGEST_BODY = 256
LONGEST_KEY_MS = 60_000

_SIGNAL = re.compile(rb"\s*(?:signal\s*=\s*)?([0-9]{1,2}|[*#A-D])\s*(?:[\r\n]|$)", re.IGNORECASE)
_DURATION = re.compile(rb"^\s*duration\s*=\s*([0-9]{1,6})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Key:
    """`tone`: one of 0-9 * # A-D, or R for a flash; `duration_ms`: 0 when it is not told."""

    tone: str
    duration_ms: int


def read_key(content_type: bytes, body: bytes) -> Key | None:
    """None where there is no key in it."""
    text = body[:LONGEST_BODY]
    found = _DURATION.search(text)
    duration_ms = min(int(found[1]), LONGEST_KEY_MS) if found else 0
    if content_type == HOOK_FLASH:
        return Key(FLASH, duration_ms)
    signal = _SIGNAL.match(text)
    tone = _tone(signal[1].decode().upper()) if signal else ""
    return Key(tone, duration_ms) if tone else None


def _tone(written: str) -> str:
    if not written.isdigit():
        return written
    return _KEYS[int(written)] if int(written) < len(_KEYS) else ""
