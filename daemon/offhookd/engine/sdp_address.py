# SPDX-License-Identifier: GPL-2.0-or-later
"""The addresses in a session description of ours (RFC 8866): where they are, and others in their
place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from .stun import Mapped

SERVER_REFLEXIVE_PREFERENCE = 100
"""Of 126 for an address of the machine itself (RFC 8445, 5.1.2.2)."""

_CONNECTION = re.compile(r"^c=IN IP4 (\S+)", re.MULTILINE)
_AUDIO = re.compile(r"^m=audio ([1-9]\d*) ", re.MULTILINE)
_RTCP = re.compile(r"^a=rtcp:(\d+)( IN IP4 \S+)?", re.MULTILINE)
_HOST_CANDIDATE = re.compile(
    r"^a=candidate:\S+ (?P<component>[12]) UDP \d+ (?P<host>\S+) (?P<port>\d+) typ host.*\n",
    re.MULTILINE | re.IGNORECASE,
)
_ANY_HOST = "0.0.0.0"  # noqa: S104 - what a call on hold once had (RFC 2543); compared only


@dataclass(frozen=True, slots=True)
class OwnPorts:
    """Of the first line of sound; both are the same without a port for RTCP."""

    rtp: int
    rtcp: int


def own_ports(sdp: str) -> OwnPorts | None:
    """None where there is no sound, or no address of IPv4."""
    audio = _AUDIO.search(sdp)
    if not audio or not _CONNECTION.search(sdp):
        return None
    if is_relayed(sdp):  # by a server, whose ports are named first
        return _candidates_ports(sdp)
    rtp, rtcp = int(audio[1]), _RTCP.search(sdp, audio.end())
    return OwnPorts(rtp, int(rtcp[1]) if rtcp else rtp)


def has_candidates(sdp: str) -> bool:
    return "\na=candidate:" in sdp


def is_relayed(sdp: str) -> bool:
    return " typ relay" in sdp


def host_ports(sdp: str) -> frozenset[int]:
    """Of the candidates that are sockets of this machine."""
    return frozenset(int(found["port"]) for found in _HOST_CANDIDATE.finditer(sdp))


def publish(sdp: str, rtp: Mapped, rtcp: Mapped) -> str:
    """`sdp` with these addresses as those to send to, and as further candidates where it has any
    (RFC 8445, 5.1.1.2).  An address that relays stays the one to send to (5.1.4): it is reached by
    whom no other one lets in."""
    sdp = _add_candidates(sdp, {1: rtp, 2: rtcp})
    if is_relayed(sdp):
        return sdp
    sdp = _CONNECTION.sub(partial(_connection, rtp.host), sdp)
    sdp = _AUDIO.sub(f"m=audio {rtp.port} ", sdp, count=1)
    return _RTCP.sub(f"a=rtcp:{rtcp.port} IN IP4 {rtcp.host}", sdp, count=1)


def _candidates_ports(sdp: str) -> OwnPorts | None:
    ports = {int(found["component"]): int(found["port"]) for found in _HOST_CANDIDATE.finditer(sdp)}
    return OwnPorts(ports[1], ports.get(2, ports[1])) if 1 in ports else None


def _connection(host: str, found: re.Match[str]) -> str:
    return found[0] if found[1] == _ANY_HOST else f"c=IN IP4 {host}"


def _add_candidates(sdp: str, seen: Mapping[int, Mapped]) -> str:
    """One for each component, behind its first candidate, unless it is one of those already."""
    known = {(found["host"], int(found["port"])) for found in _HOST_CANDIDATE.finditer(sdp)}
    todo = {one: mapped for one, mapped in seen.items() if (mapped.host, mapped.port) not in known}

    def add(found: re.Match[str]) -> str:
        component = int(found["component"])
        mapped = todo.pop(component, None)
        if mapped is None:
            return found[0]
        return f"{found[0]}{_candidate(component, mapped, found['host'], found['port'])}\r\n"

    return _HOST_CANDIDATE.sub(add, sdp)


def _candidate(component: int, mapped: Mapped, host: str, port: str) -> str:
    """RFC 8839, 5.1.  One foundation: the same base and the same server."""
    priority = SERVER_REFLEXIVE_PREFERENCE << 24 | 0xFFFF << 8 | 256 - component
    return (
        f"a=candidate:S1 {component} UDP {priority} {mapped.host} {mapped.port} "
        f"typ srflx raddr {host} rport {port}"
    )
