# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's packet filter on the engine's own sockets: what strangers send is never read.

Classic BPF programs (linux/filter.h), which need no privilege.  Every function finds the sockets
by their local port, so that it touches neither the daemon's socket nor the sound server's, and
returns "" or, when the filter is not in force, the fault as a sentence.
"""

import ctypes
import socket
import struct
from collections.abc import Collection, Iterable

from offhookd.engine.addresses import Address, parse_address
from offhookd.engine.sockets import tcp_listeners, udp_sockets

MAX_ADDRESSES = 200
"""Eight instructions for an IPv6 address; the kernel takes 4096."""

RTCP_MIN_BYTES = 8
"""An empty receiver report, RFC 3550 section 6.4.2; an RTP header has 12."""

MEDIA_MAX_BYTES = 1500
"""pjmedia's buffers (PJMEDIA_MAX_MTU)."""

SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27
IP_MINTTL = 21
IPV6_MINHOPCOUNT = 73
IFNAMSIZ = 16
MOST_HOPS = 255

_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_LOAD_HALF = 0x28
_LOAD_BYTE = 0x30
_LOAD_LENGTH = 0x80
_AND = 0x54
_JUMP = 0x05
_JUMP_EQUAL = 0x15
_JUMP_GREATER = 0x25
_RETURN = 0x06

_IP_HEADER = 0x1_0000_0000 - 0x10_0000  # SKF_NET_OFF
_IPV4_SOURCE = _IP_HEADER + 12
_IPV6_SOURCE = _IP_HEADER + 8
_UDP_HEADER_BYTES = 8  # a UDP socket's filter starts at this header

Instruction = tuple[int, int, int, int]
"""Code, instructions to skip when true, when false, operand."""

_ACCEPT: Instruction = (_RETURN, 0, 0, 0xFFFF_FFFF)
_DROP: Instruction = (_RETURN, 0, 0, 0)


def restrict_signalling(port: int, addresses: Collection[str] | None) -> str:
    """Let the UDP sockets on `port` hear `addresses` (at most `MAX_ADDRESSES`) only; None: anyone.

    May be repeated at any time; the kernel swaps filters atomically.
    """
    if addresses is not None and len(addresses) > MAX_ADDRESSES:
        return f"{len(addresses)} server addresses are more than the socket filter takes."
    program = None if addresses is None else only_from(addresses)
    with udp_sockets([port]) as sockets:
        return _apply(sockets, program, f"UDP port {port}")


def deafen_listeners() -> str:
    """Let no TCP connection in: every listening socket of the process drops all packets."""
    with tcp_listeners() as sockets:
        try:
            for sock in sockets:
                _deafen(sock)
        except OSError as error:
            return f"The kernel refused to close the TCP listeners: {error.strerror}."
    return ""


def _deafen(listener: socket.socket) -> None:
    try:
        attach(listener, [_DROP])
    except PermissionError:  # Linux 6.18.44 lets only the privileged filter TCP; 6.1 anyone
        turn_inwards(listener)


def guard_media(ports: Collection[int], *, ice: bool = False) -> str:
    """Let the UDP sockets on `ports` hear RTP and RTCP only, and with `ice` also STUN."""
    with udp_sockets(ports) as sockets:
        return _apply(sockets, only_media(ice=ice), "the media ports")


def guard_relay(ports: Collection[int], server: Address) -> str:
    """Let the UDP sockets on `ports` hear a TURN server only."""
    if not ports:
        return ""
    with udp_sockets(ports) as sockets:
        return _apply(sockets, only_server(server), "the TURN server")


def only_server(server: Address) -> list[Instruction]:
    """Program that accepts what comes from the address and port of `server`, of IPv4."""
    return [
        (_LOAD_HALF, 0, 0, 0),  # the source port, first in the UDP header
        (_JUMP_EQUAL, 1, 0, server.port),
        _DROP,
        *only_from([socket.inet_ntop(socket.AF_INET, server.packed)]),
    ]


def only_from(addresses: Iterable[str]) -> list[Instruction]:
    """Program that accepts the IP source `addresses`."""
    known = [parse_address(text) for text in addresses]
    ipv4: list[Instruction] = [(_LOAD_WORD, 0, 0, _IPV4_SOURCE)]
    ipv6: list[Instruction] = []
    for address in known:
        if address.ipv6:
            ipv6 += _match_ipv6(address.packed)
        else:
            ipv4 += [(_JUMP_EQUAL, 0, 1, int.from_bytes(address.packed, "big")), _ACCEPT]
    ipv4.append(_DROP)
    # An IPv6 socket may hear IPv4 too, so the packet's own version decides.
    choose: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, _IP_HEADER),
        (_AND, 0, 0, 0xF0),
        (_JUMP_EQUAL, 0, 1, 0x60),
        (_JUMP, 0, 0, len(ipv4)),
    ]
    return [*choose, *ipv4, *ipv6, _DROP]


def _match_ipv6(packed: bytes) -> list[Instruction]:
    words = struct.unpack("!4I", packed)
    program: list[Instruction] = []
    for index, word in enumerate(words):
        program.append((_LOAD_WORD, 0, 0, _IPV6_SOURCE + 4 * index))
        program.append((_JUMP_EQUAL, 0, 2 * (len(words) - index) - 1, word))
    return [*program, _ACCEPT]


def only_media(*, ice: bool) -> list[Instruction]:
    """Program that accepts version 2 of RTP and RTCP (RFC 7983: first byte 128-191) or STUN."""
    version: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, _UDP_HEADER_BYTES),
        (_AND, 0, 0, 0xC0),
        (_JUMP_EQUAL, 0, 1, 0x80),
        _ACCEPT,
    ]
    if ice:
        version += [(_JUMP_EQUAL, 0, 1, 0x00), _ACCEPT]
    length: list[Instruction] = [
        (_LOAD_LENGTH, 0, 0, 0),
        (_JUMP_GREATER, 0, 1, _UDP_HEADER_BYTES + MEDIA_MAX_BYTES),
        _DROP,
        (_JUMP_GREATER, 1, 0, _UDP_HEADER_BYTES + RTCP_MIN_BYTES - 1),
        _DROP,
    ]
    return [*length, *version, _DROP]


def attach(sock: socket.socket, program: Collection[Instruction]) -> None:
    """Put `program` in the place of the filter of `sock`.  Raises OSError."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_program = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_program)


def turn_inwards(listener: socket.socket) -> None:
    """Refuse every other machine, and every program here that does not set its hop limit.

    Without privilege a socket may be bound to a device once, and not again (since Linux 5.7).
    """
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, IFNAMSIZ).strip(b"\0"):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    listener.setsockopt(socket.IPPROTO_IP, IP_MINTTL, MOST_HOPS)
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, IPV6_MINHOPCOUNT, MOST_HOPS)


def detach(sock: socket.socket) -> None:
    """Leave `sock` without a filter."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
    except FileNotFoundError:
        return


def _apply(
    sockets: Collection[socket.socket], program: Collection[Instruction] | None, what: str
) -> str:
    if not sockets:
        return f"The socket filter found no socket of {what}."
    try:
        for sock in sockets:
            if program is None:
                detach(sock)
            else:
                attach(sock, program)
    except OSError as error:
        return f"The kernel refused the socket filter for {what}: {error.strerror}."
    return ""
