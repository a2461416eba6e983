# SPDX-License-Identifier: GPL-2.0-or-later
"""The socket of a D-Bus connection, kept from ending the connection or outliving it."""

import asyncio
from contextlib import suppress
from typing import Any


class GuardedSocket:
    """The socket of a connection, with a full buffer and an early end as the library takes them.

    Both writers wait for writability when fewer bytes were taken than offered, but end the
    connection on BlockingIOError.  The authentication of dbus-next reads for ever at the end
    of the stream, without giving the event loop a turn.
    """

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def send(self, data: memoryview) -> int:
        try:
            return int(self._socket.send(data))
        except BlockingIOError:
            return 0

    def recv(self, size: int) -> bytes:
        data: bytes = self._socket.recv(size)
        if not data:
            raise ConnectionResetError("the bus closed the connection")
        return data


def guard(owner: Any, attribute: str) -> None:
    sock = getattr(owner, attribute)
    if sock:  # dbus-fast has none before it connects
        setattr(owner, attribute, GuardedSocket(sock))


def release(link: Any) -> None:
    """Close what dbus-next leaves open, in whatever state the connection is."""
    loop = asyncio.get_running_loop()
    sock = getattr(link, "_sock", None)
    if sock is None:
        return
    if sock.fileno() >= 0:
        loop.remove_reader(sock.fileno())
        loop.remove_writer(sock.fileno())
    with suppress(OSError):
        link._stream.close()  # noqa: SLF001  # there is no public way to it
    sock.close()
