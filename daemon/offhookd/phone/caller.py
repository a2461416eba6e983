# SPDX-License-Identifier: GPL-2.0-or-later
"""Who calls: what is shown, and what rules compare.

Asserted identity (RFC 3325) comes from the account's own server only, so it is believed; the From
header is what the caller claims.  Whoever asks for privacy (RFC 3323) is shown as withheld, also
where the server told us more; rules go by what the server said.
"""

from dataclasses import dataclass

from .parties import user_and_host

ANONYMOUS_URI = "sip:anonymous@anonymous.invalid"
"""RFC 3323 section 4.1.1.3."""
ANONYMOUS_NAME = "Anonymous"

_HIDING = frozenset({"id", "user", "header"})
_WITHHELD_USERS = frozenset({"anonymous", "unavailable", "restricted", "unknown", "withheld"})


@dataclass(frozen=True, slots=True)
class Caller:
    """`uri` and `name` are for people, `known_uri` is for rules."""

    uri: str
    name: str
    known_uri: str
    withheld: bool


def identify(
    peer_uri: str, peer_name: str, asserted_uri: str, asserted_name: str, privacy: str
) -> Caller:
    """The caller of an invitation; the asserted values are "" unless the server is trusted."""
    known = asserted_uri or peer_uri
    wishes = {word.strip().lower() for word in privacy.replace(",", ";").split(";")}
    if wishes & _HIDING or is_anonymous(known) or is_anonymous(peer_uri):
        return Caller(ANONYMOUS_URI, ANONYMOUS_NAME, known, withheld=True)
    return Caller(known, asserted_name or peer_name, known, withheld=False)


def is_anonymous(uri: str) -> bool:
    """Whether an address hides who is behind it."""
    user, host = user_and_host(uri)
    return host == "anonymous.invalid" or user.lower() in _WITHHELD_USERS
