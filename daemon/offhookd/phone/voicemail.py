# SPDX-License-Identifier: GPL-2.0-or-later
"""The voice mail box of an account: what waits in it, and where it is called (RFC 3842)."""

from dataclasses import dataclass

from .errors import InvalidTargetError
from .numbers import parse_target

MOST_MESSAGES = 65_535
"""A box with more is a mistake of its server."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Counts of voice messages; `uri` is the address that the server named, or ""."""

    new: int = 0
    old: int = 0
    uri: str = ""


def mailbox_told(*, waiting: bool, new: int, old: int, uri: str, domain: str) -> Mailbox:
    """The box as a server describes it.

    A server that only says "Messages-Waiting: yes" has at least one.  An address that cannot be
    dialled is left out.
    """
    new = min(max(new, int(waiting), 0), MOST_MESSAGES)
    return Mailbox(new, min(max(old, 0), MOST_MESSAGES), _address(uri, domain))


def _address(uri: str, domain: str) -> str:
    try:
        return parse_target(uri, domain).uri if uri else ""
    except InvalidTargetError:
        return ""
