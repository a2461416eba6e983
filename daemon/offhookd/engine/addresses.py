# SPDX-License-Identifier: GPL-2.0-or-later
"""IP addresses as the daemon writes them and as the kernel has them."""

import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """`packed` is 4 or 16 bytes in network order; `port` 0 is none."""

    packed: bytes
    port: int

    @property
    def ipv6(self) -> bool:
        return len(self.packed) > 4  # noqa: PLR2004 - bytes of an IPv4 address

    @property
    def sockaddr(self) -> bytes:
        """As the kernel has it, `sockaddr_in` or `sockaddr_in6`."""
        port = self.port.to_bytes(2, "big")
        if self.ipv6:
            family = socket.AF_INET6.to_bytes(2, "little")
            return family + port + bytes(4) + self.packed + bytes(4)
        return socket.AF_INET.to_bytes(2, "little") + port + self.packed + bytes(8)


def parse_address(text: str) -> Address:
    """ "192.0.2.1", "192.0.2.1:5070", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:5070".

    Raises ValueError for anything else.
    """
    host, port = text, "0"
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is no address")
        port = rest[1:] or "0"
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    packed = pack(host)
    if packed is None or not (port.isascii() and port.isdigit()) or int(port) > 0xFFFF:  # noqa: PLR2004 - the highest port
        raise ValueError(f"{text!r} is no address")
    return Address(packed, int(port))


def pack(host: str) -> bytes | None:
    """An IP literal without brackets in network order; None for anything else."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except (OSError, ValueError):
        return None
