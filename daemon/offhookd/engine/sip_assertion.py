# SPDX-License-Identifier: GPL-2.0-or-later
"""Who calls, or has been connected, by the word of a server: P-Asserted-Identity (RFC 3325), or
the Remote-Party-ID that it replaced and that exchanges still write (draft-ietf-sip-privacy-04)."""

import re
from collections.abc import Callable, Mapping

from .sip_headers import Headers, name_addr, user_of

_PARAMETER = re.compile(r';\s*(party|privacy|screen)\s*=\s*"?([a-z-]+)', re.IGNORECASE)


def asserted_caller(headers: Headers) -> tuple[str, str]:
    """(display name, URI), cleaned; ("", "") where there is no such word."""
    return _asserted(headers, _is_caller)


def asserted_privacy(headers: Headers) -> str:
    """A Privacy value (RFC 3323) that says the same as a Remote-Party-ID, "" for nothing."""
    return _privacy(headers, _is_caller)


def called_instead(headers: Headers, own: str) -> str:
    """Which address was called, where it is another than `own`: a further number of the user, or
    that of a group (P-Called-Party-ID, RFC 7315; else To); "" for `own`."""
    called = headers.name_addr("P-Called-Party-ID")[1] or headers.name_addr("To")[1]
    return "" if user_of(called) in {"", user_of(own)} else called


def connected_party(headers: Headers) -> tuple[str, str]:
    """The same of the party that a server has connected us with, in its answer to an INVITE or in
    a request during the call."""
    return _asserted(headers, _is_connected)


def connected_privacy(headers: Headers) -> str:
    """Likewise."""
    return headers.joined("Privacy") or _privacy(headers, _is_connected)


def _is_caller(told: Mapping[str, str]) -> bool:
    """Not one that was found to be wrong."""
    return told.get("party", "calling") == "calling" and told.get("screen") != "no"


def _is_connected(told: Mapping[str, str]) -> bool:
    """FreeSWITCH answers with "calling" and "screen=no" for whom it has called; CUCM adds others,
    as "x-cisco-original-called"."""
    return told.get("party", "called") in {"called", "calling"}


def _asserted(headers: Headers, fits: Callable[[Mapping[str, str]], bool]) -> tuple[str, str]:
    if headers.first("P-Asserted-Identity"):
        return headers.name_addr("P-Asserted-Identity")
    value = _remote_party(headers, fits)
    return name_addr(value) if value else ("", "")


def _privacy(headers: Headers, fits: Callable[[Mapping[str, str]], bool]) -> str:
    told = _parameters(_remote_party(headers, fits)).get("privacy", "off")
    return "" if told == "off" else "id"


def _remote_party(headers: Headers, fits: Callable[[Mapping[str, str]], bool]) -> str:
    """The first value that fits."""
    values = headers.all("Remote-Party-ID")
    return next((value for value in values if fits(_parameters(value))), "")


def _parameters(value: str) -> dict[str, str]:
    _, _, rest = value.rpartition(">")
    return {name.lower(): word.lower() for name, word in _PARAMETER.findall(rest)}
