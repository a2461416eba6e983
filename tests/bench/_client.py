# SPDX-License-Identifier: GPL-2.0-or-later
"""A lean D-Bus client: a socket, no thread, no event loop, so that it adds nothing to a delay."""

import io
import itertools
import os
import socket
import struct
import time
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Self

from offhookd.bus.names import BUS_NAME

# The library is untyped where this program uses it.
_library: Any = import_module("dbus_next")
_Unmarshaller: Any = import_module("dbus_next._private.unmarshaller").Unmarshaller
_Type: Any = _library.MessageType

_HEAD = struct.Struct("<BBBBIII")
"""Endianness, type, flags, version, length of the body, serial, length of the header fields."""
DBUS_NAME = "org.freedesktop.DBus"
PATIENCE_S = 10.0
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Received:
    """A message, and when `read` took it from the socket (nanoseconds since 1970).

    It is decoded when somebody asks: the next one may be on its way.
    """

    time_ns: int
    data: bytes

    @cached_property
    def message(self) -> Any:
        return _Unmarshaller(io.BytesIO(self.data)).unmarshall()

    def is_signal(self, member: str) -> bool:
        return self.data[1] == _Type.SIGNAL.value and f"\0{member}\0".encode() in self.data


class Client:
    """One connection, which sees every signal of the phone."""

    def __init__(self, address: str) -> None:
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.settimeout(PATIENCE_S)
        self._sock.connect(address.removeprefix("unix:path=").partition(",")[0])
        self._bytes = bytearray()
        self._serials = itertools.count(1)
        self.seen: list[Received] = []
        self._authenticate()
        self.call_bus("Hello")
        self.call_bus("AddMatch", "s", f"type='signal',sender='{BUS_NAME}'")
        self.call_bus("AddMatch", "s", f"type='signal',sender='{DBUS_NAME}',arg0='{BUS_NAME}'")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def call_bus(self, member: str, signature: str = "", *arguments: object) -> list[Any]:
        """Call the bus daemon and wait for its reply."""
        path = "/org/freedesktop/DBus"
        return self.call(path, DBUS_NAME, member, signature, *arguments, to=DBUS_NAME)

    def call(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: object,
        to: str = BUS_NAME,
    ) -> list[Any]:
        """Call and wait for the reply; RuntimeError with the error's sentence."""
        _, serial = self.send(path, interface, member, signature, *arguments, to=to)
        body: list[Any] = self.reply(serial).message.body
        return body

    def send(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: object,
        to: str = BUS_NAME,
    ) -> tuple[int, int]:
        """Send a call; the time just before the bytes left (ns since 1970), and its serial."""
        message = _library.Message(
            destination=to,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(arguments),
            serial=next(self._serials),
        )
        data = message._marshall()
        sent_ns = time.time_ns()
        self._sock.sendall(data)
        return sent_ns, message.serial

    def reply(self, serial: int) -> Received:
        """The reply to the call with this serial, awaited; RuntimeError for an error."""
        while True:
            for one in self.seen:
                if one.message.reply_serial == serial:
                    if one.message.message_type is _Type.ERROR:
                        raise RuntimeError(one.message.body[0])
                    return one
            self.read()

    def wait_for_name(self) -> int:
        """Wait until somebody owns the phone's name; the time."""
        while True:
            for one in self.seen:
                if one.is_signal("NameOwnerChanged") and one.message.body[2]:
                    return one.time_ns
            self.read()

    def read(self) -> None:
        """Wait for bytes and add the messages which they complete to `seen`."""
        data = self._sock.recv(READ_BYTES)
        time_ns = time.time_ns()
        if not data:
            raise ConnectionResetError("the bus closed the connection")
        self._bytes += data
        while (size := self._complete()) > 0:
            self.seen.append(Received(time_ns, bytes(self._bytes[:size])))
            del self._bytes[:size]

    def _complete(self) -> int:
        """The size of the first message in the buffer, 0 while it has not arrived whole."""
        if len(self._bytes) < _HEAD.size:
            return 0
        *_, body, _serial, fields = _HEAD.unpack_from(self._bytes)
        size = _HEAD.size + (fields + 7) // 8 * 8 + int(body)
        return size if len(self._bytes) >= size else 0

    def _authenticate(self) -> None:
        user = str(os.getuid()).encode().hex()
        self._sock.sendall(f"\0AUTH EXTERNAL {user}\r\n".encode())
        answer = self._sock.recv(READ_BYTES)
        if not answer.startswith(b"OK"):
            raise ConnectionRefusedError(answer.decode())
        self._sock.sendall(b"BEGIN\r\n")
