# SPDX-License-Identifier: GPL-2.0-or-later
"""The IP sockets of this process, found by their local port: pjsip hands none of them out."""

import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def udp_sockets(ports: Collection[int]) -> Iterator[list[socket.socket]]:
    """Those on `ports`, borrowed."""
    with _own_sockets() as sockets:
        yield [sock for sock in sockets if _is_udp(sock) and sock.getsockname()[1] in ports]


def udp_ports() -> frozenset[int]:
    """The local ports of all UDP sockets."""
    with _own_sockets() as sockets:
        return frozenset(sock.getsockname()[1] for sock in sockets if _is_udp(sock))


@contextmanager
def tcp_listeners() -> Iterator[list[socket.socket]]:
    """Borrowed, too."""
    with _own_sockets() as sockets:
        yield [sock for sock in sockets if _is_listener(sock)]


@contextmanager
def _own_sockets() -> Iterator[list[socket.socket]]:
    """Every IP socket of this process, borrowed."""
    descriptors = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    sockets = [sock for fd in descriptors if (sock := _borrow(fd))]
    try:
        yield [sock for sock in sockets if sock.family in (socket.AF_INET, socket.AF_INET6)]
    finally:
        for sock in sockets:
            sock.detach()


def _borrow(fd: int) -> socket.socket | None:
    try:
        return socket.socket(fileno=fd)
    except OSError:  # not a socket, or the descriptor of the listing itself
        return None


def _is_udp(sock: socket.socket) -> bool:
    return sock.type == socket.SOCK_DGRAM


def _is_listener(sock: socket.socket) -> bool:
    return sock.type == socket.SOCK_STREAM and bool(
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    )
