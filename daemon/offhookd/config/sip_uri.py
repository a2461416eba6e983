# SPDX-License-Identifier: GPL-2.0-or-later
"""The SIP URIs a person writes into a configuration (RFC 3261, 25.1), checked strictly: the
engine would take line ends and angle brackets in them and put them on the wire."""

import re
import socket
from dataclasses import dataclass

MAX_URI_CHARS = 255

_SHAPE = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@]*)@)?"
    r"(?P<host>\[[^\]]*\]|[^\[\]:;?/@]*)(?::(?P<port>[^;?]*))?(?P<params>;[^?]*)?",
    re.IGNORECASE | re.DOTALL,
)
_USER = re.compile(r"(?:[A-Za-z0-9_.!~*'()&=+$,;?/-]|%[0-9A-Fa-f]{2})+")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")

MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class SipUri:
    """`host` is a name, an IPv4 literal or an IPv6 literal in brackets; `port` 0: none given."""

    scheme: str
    user: str
    host: str
    port: int
    params: tuple[str, ...]

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        return ";".join((f"{self.scheme}:{user}{self.server}", *self.params))

    @property
    def server(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def parse(text: str) -> SipUri:
    """`ValueError` says what is wrong, without quoting `text`."""
    if len(text) > MAX_URI_CHARS:
        raise ValueError(f"is longer than {MAX_URI_CHARS} characters")
    if not text.isprintable() or set(text) & set(' <>"'):
        raise ValueError('is a bare SIP URI, without spaces, < > or "')
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError("is not a SIP URI such as sip:1001@pbx.example.com")
    user, port, params = match["user"], match["port"], match["params"]
    if user is not None:
        _check_user(user)
    check_host(match["host"])
    return SipUri(
        match["scheme"].lower(),
        user or "",
        match["host"].lower(),
        0 if port is None else _port(port),
        tuple(params[1:].split(";")) if params else (),
    )


def _check_user(user: str) -> None:
    if ":" in user:
        raise ValueError("must not hold a password; see password_command and password_file")
    if not _USER.fullmatch(user):
        raise ValueError("has characters before the @ that must be written as %XX, or none at all")


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > MAX_PORT:
        raise ValueError(f"has a port that is not a number from 1 to {MAX_PORT}")
    return int(text)


def check_host(host: str) -> None:
    """`ValueError` unless `host` is a host name or an address (IPv6 in brackets)."""
    if not host:
        raise ValueError("names no host")
    if host.startswith("["):
        if not is_address(host[1:-1], socket.AF_INET6):
            raise ValueError("has no IPv6 address between its brackets")
    elif not host.isascii():
        raise ValueError("has a host with letters outside ASCII; write its xn-- form")
    elif host.replace(".", "").isdigit():
        if not is_address(host, socket.AF_INET):
            raise ValueError("has a host that is neither a name nor an IPv4 address")
    elif len(host) > 253 or not all(map(_LABEL.fullmatch, host.removesuffix(".").split("."))):  # noqa: PLR2004 - RFC 1035, 2.3.4
        raise ValueError("has a host that is no valid host name")


def is_address(text: str, family: socket.AddressFamily) -> bool:
    try:
        socket.inet_pton(family, text)
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate in it
        return False
    return True
