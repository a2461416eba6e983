# SPDX-License-Identifier: GPL-2.0-or-later
"""Being sent elsewhere by a 3xx (RFC 3261 section 8.1.3.4)."""

from dataclasses import dataclass

from .sip_headers import URI_CHARS, clean, name_addr


@dataclass(frozen=True, slots=True)
class Forward:
    """The status line of the 3xx and where it points to, "" for nowhere we can go; `waits`: for
    the daemon's decision."""

    code: int = 0
    text: str = ""
    target: str = ""
    waits: bool = False


def target_of(contact: str) -> str:
    """The address in a Contact; what headers it carries is not believed (RFC 3261, 19.1.5)."""
    _, uri = name_addr(contact)
    address = clean(uri, URI_CHARS).partition("?")[0]
    return address if address.lower().startswith(("sip:", "sips:")) else ""
