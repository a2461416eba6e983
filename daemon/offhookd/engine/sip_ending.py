# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a call that the stack reports as over has ended, and what to tell of it."""

from dataclasses import dataclass
from typing import NamedTuple

from . import sip_reason
from .sip_headers import Headers
from .sip_status import FIRST_FAILURE, NOT_ACCEPTABLE_HERE, REQUEST_TIMEOUT

UNREFRESHED = 408
"""What the stack ends a session with that nobody refreshed (RFC 4028, 10)."""


class Ending(NamedTuple):
    """As in `LegState`."""

    code: int
    text: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How things stood when the call was over.

    `decided`: the cause, where it is known already.  `message`: what was received last, "" for
    nothing.  `codec`: that of the sound, "" where there was none.  `srtp`: the account's policy.
    `tls_refusal`: what a certificate was refused for just now, where the call goes over TLS.
    `forward`: the redirection that nobody follows.  `lost`: the answer by which the far end was
    found to be gone.
    """

    decided: str
    message: str
    outgoing: bool
    connected: bool
    codec: str
    srtp: str
    tls_refusal: str
    forward: tuple[int, str]
    lost: tuple[int, str] | None


def ending(code: int, text: str, how: Circumstances) -> Ending:
    """Of a call that the stack ends with `code` and `text`."""
    cause = how.decided or _cause(code, how)
    match cause:
        case "tls":
            text = how.tls_refusal
        case "no-ack":
            code, text = REQUEST_TIMEOUT, "The caller did not confirm the answer"
        case "media" if not how.codec:
            code, text = NOT_ACCEPTABLE_HERE, _no_media(how.srtp)
        case "forwarded":
            code, text = how.forward
        case "network":
            code, text = how.lost or (code, text)
        case "" | "remote":
            text = sip_reason.words(Headers(how.message)) or text
    return Ending(code, text, cause)


def _cause(code: int, how: Circumstances) -> str:
    if how.connected:
        if how.message.startswith("SIP/") and not how.codec:
            return "media"  # the stack hung up on an answer that cannot be talked by
        return "remote" if how.message and code != UNREFRESHED else "network"
    if not how.outgoing:
        return "cancelled"
    if how.message:
        return ""
    return "tls" if how.tls_refusal and code >= FIRST_FAILURE else "network"


def _no_media(srtp: str) -> str:
    """What to tell of an answer that the stack hung up on, in an account of this policy."""
    if srtp == "required":
        return "The far end does not encrypt, and the account requires it"
    return "The far end's answer names no sound that could be agreed on"
