# SPDX-License-Identifier: GPL-2.0-or-later
"""One dialog as the client that began it sees it (RFC 3261 section 12), and its requests as text.

For subscriptions and publications, which the engine runs itself; calls are pjsip's.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from .gate_message import SipMessage
from .sip_headers import clean, name_addr

MAX_ROUTES = 16
_TAG_BYTES = 8


@dataclass(slots=True)
class Dialog:
    """Where the requests of one dialog go and what they carry; `remote_tag` is "" before it is
    there.  `first_hop` is where they go while there is no route set."""

    local: str
    """From as a name-addr without tag."""
    remote: str
    target: str
    first_hop: str
    routes: tuple[str, ...] = ()
    call_id: str = ""
    local_tag: str = ""
    remote_tag: str = ""
    cseq: int = 0

    def __post_init__(self) -> None:
        self.call_id = self.call_id or os.urandom(_TAG_BYTES).hex()
        self.local_tag = self.local_tag or os.urandom(_TAG_BYTES).hex()

    @property
    def next_hop(self) -> str:
        """Where the next request is to be sent."""
        if self.routes:
            return name_addr(self.routes[0])[1]
        return self.target if self.remote_tag else self.first_hop

    def established(self, tag: str, contact: str, routes: Sequence[str]) -> None:
        """The far end has taken it; later calls only move its target."""
        if contact:
            self.target = contact
        if tag and not self.remote_tag:
            self.remote_tag = tag
            self.routes = tuple(routes[:MAX_ROUTES])

    def request(
        self, method: str, via: str, contact: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> bytes:
        """The next request; each has a higher CSeq than the one before."""
        self.cseq += 1
        to_tag = f";tag={self.remote_tag}" if self.remote_tag else ""
        lines = [
            f"{method} {self.target} SIP/2.0",
            f"Via: {via}",
            "Max-Forwards: 70",
            *(f"Route: {route}" for route in self.routes),
            f"From: {self.local};tag={self.local_tag}",
            f"To: {self.remote}{to_tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} {method}",
            *([f"Contact: <{contact}>"] if contact else []),
            *(f"{name}: {value}" for name, value in headers),
            f"Content-Length: {len(body)}",
            "",
            "",
        ]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def text_of(message: SipMessage, name: bytes) -> str:
    """The header's first value, "" without one."""
    return message.first(name).decode("utf-8", "surrogateescape")


def contact_of(message: SipMessage) -> str:
    """The remote target that the message names, "" without one or when it is no SIP URI."""
    uri = name_addr(text_of(message, b"contact"))[1]
    return uri if uri[:4].lower() == "sip:" or uri[:5].lower() == "sips:" else ""


def tag_of(value: str) -> str:
    """The tag of a From or To value."""
    for parameter in value.rpartition(">")[2].split(";")[1:]:
        name, _, tag = parameter.partition("=")
        if name.strip().lower() == "tag":
            return clean(tag.strip())
    return ""


def record_routes(message: SipMessage) -> list[str]:
    """The routes in the order in which they stand in the message."""
    found: list[str] = []
    for value in message.all(b"record-route"):
        text = value.decode("utf-8", "surrogateescape")
        found += [f"<{part.partition('>')[0]}>" for part in text.split("<")[1:]]
    return found


def seconds_of(message: SipMessage, name: bytes) -> int:
    """A header of whole seconds; 0 when it is none."""
    digits = message.first(name).partition(b";")[0].partition(b"(")[0].strip()
    return int(digits[:9]) if digits.isdigit() else 0
