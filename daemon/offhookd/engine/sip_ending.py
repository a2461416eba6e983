# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a call that the stack reports as over has ended, where nobody here ended it."""

from .sip_status import FIRST_FAILURE

UNREFRESHED = 408
"""What the stack ends a session with that nobody refreshed (RFC 4028, 10)."""


def cause_of(
    code: int,
    message: str,
    *,
    outgoing: bool,
    connected: bool,
    had_media: bool,
    tls_refusal: str,
) -> str:
    """A cause as in `LegState`.

    `message`: what was received last of it, "" for nothing; `tls_refusal`: what a certificate
    was refused for just now, where the call goes over TLS.
    """
    if connected:
        if message.startswith("SIP/") and not had_media:
            return "media"  # the stack hung up on an answer that cannot be talked by
        return "remote" if message and code != UNREFRESHED else "network"
    if not outgoing:
        return "cancelled"
    if message:
        return ""
    return "tls" if tls_refusal and code >= FIRST_FAILURE else "network"


def no_media(srtp: str) -> str:
    """What to tell of an answer that the stack hung up on, in an account of this policy."""
    if srtp == "required":
        return "The far end does not encrypt, and the account requires it"
    return "The far end's answer names no sound that could be agreed on"
