# SPDX-License-Identifier: GPL-2.0-or-later
"""Who calls by the word of a server: P-Asserted-Identity (RFC 3325), or the Remote-Party-ID that it
replaced and that exchanges still write (draft-ietf-sip-privacy-04)."""

import re

from .sip_headers import Headers, name_addr

_PARAMETER = re.compile(r';\s*(party|privacy|screen)\s*=\s*"?([a-z-]+)', re.IGNORECASE)


def asserted_caller(headers: Headers) -> tuple[str, str]:
    """(display name, URI), cleaned; ("", "") where there is no such word."""
    if headers.first("P-Asserted-Identity"):
        return headers.name_addr("P-Asserted-Identity")
    value = _remote_party(headers)
    return name_addr(value) if value else ("", "")


def asserted_privacy(headers: Headers) -> str:
    """A Privacy value (RFC 3323) that says the same as a Remote-Party-ID, "" for nothing."""
    told = _parameters(_remote_party(headers)).get("privacy", "off")
    return "" if told == "off" else "id"


def _remote_party(headers: Headers) -> str:
    """The first value about who calls that was not found to be wrong."""
    for value in headers.all("Remote-Party-ID"):
        told = _parameters(value)
        if told.get("party", "calling") == "calling" and told.get("screen") != "no":
            return value
    return ""


def _parameters(value: str) -> dict[str, str]:
    _, _, rest = value.rpartition(">")
    return {name.lower(): word.lower() for name, word in _PARAMETER.findall(rest)}
