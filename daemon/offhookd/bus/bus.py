# SPDX-License-Identifier: GPL-2.0-or-later
"""One connection to the message bus: the only module that knows the D-Bus library.

dbus-next and dbus-fast serve for the connection and for reading and for nothing else; what they
offer on top (exporting, properties, ObjectManager, error replies), and writing, this package
does itself.  Mended here, each seen to happen with dbus-next 0.2.3: a full socket ended the
connection (with dbus-fast 5.2 too); a call made after the end never returned; a bus that
closed during authentication hung the event loop; GLib was loaded wherever it is installed
(4 MB); the socket stayed open after the end; `disconnect` dropped what was queued; every
signature that any client ever sent was remembered.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from typing import Any, Self

from offhookd.lean import without

from .dispatch import MethodCall
from .errors import BusUnavailableError
from .guard import guard, release
from .marshal import Field, Kind, message
from .signature import Typed, encode

_LIBRARIES = {"next": "dbus_next", "fast": "dbus_fast"}


# dbus-next imports GLib for a part of its own that nobody here uses.
with without("gi"):
    _library: Any = import_module(_LIBRARIES[os.environ.get("OFFHOOK_DBUS_LIBRARY", "next")])
    _MessageBus: Any = import_module(f"{_library.__name__}.aio").MessageBus

MOST_SIGNATURES = 512
"""Remembered ones; the phone's own are some fifty."""


class _Bounded(dict[str, Any]):
    """A cache that forgets everything rather than grow."""

    def __setitem__(self, key: str, value: Any) -> None:
        if len(self) >= MOST_SIGNATURES:
            self.clear()
        super().__setitem__(key, value)


if hasattr(_library.SignatureTree, "_cache"):  # of dbus-next; that of dbus-fast is bounded
    _library.SignatureTree._cache = _Bounded()  # noqa: SLF001  # there is no public way to it

_Message: Any = _library.Message
_NO_REPLY: Any = _library.MessageFlag.NO_REPLY_EXPECTED
_Type: Any = _library.MessageType
_Variant: Any = _library.Variant

_DAEMON = "org.freedesktop.DBus"
_DAEMON_PATH = "/org/freedesktop/DBus"

CONNECT_TIMEOUT_S = 5.0
"""A bus on this machine answers within milliseconds; one that does not is as good as absent."""
REQUEST_TIMEOUT_S = 5.0
DRAIN_TIMEOUT_S = 0.5
"""Stopping has 2 s for everything; a bus that takes nothing for this long is not waited for."""

CallHandler = Callable[[MethodCall], None]
NewsHandler = Callable[[str, list[Any]], None]
"""Gets the signals of the bus daemon itself: member and arguments."""


class Connection:
    """A connection that works until `lost` returns; then it is gone for good."""

    def __init__(self, link: Any, on_call: CallHandler, on_news: NewsHandler) -> None:
        self._link = link
        self._on_call = on_call
        self._on_news = on_news
        self._end = asyncio.create_task(_end_of(link), name="dbus connection")
        link.add_message_handler(self._receive)

    @classmethod
    async def open(cls, address: str, on_call: CallHandler, on_news: NewsHandler) -> Self:
        """Connect to the bus at `address`; BusUnavailableError when that cannot be done."""
        link = _MessageBus.__new__(_MessageBus)  # in two steps: dbus-next connects in __init__
        try:
            with _fence(f"no D-Bus session bus at {address}"):
                link.__init__(bus_address=address)
                connection = cls(link, on_call, on_news)
                await connection._establish()
        except BaseException:
            release(link)
            raise
        return connection

    async def lost(self) -> str:
        """Wait for the end of the connection; returns the reason."""
        reason = await asyncio.shield(self._end)
        release(self._link)
        return reason

    async def close(self) -> None:
        """End the connection, after the bus took everything sent so far."""
        with suppress(BusUnavailableError):
            await self.ask("GetId", timeout_s=DRAIN_TIMEOUT_S)
        if self._link.connected:
            self._link.disconnect()
        await self.lost()

    async def ask(
        self,
        member: str,
        signature: str = "",
        *arguments: object,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> Any:
        """Call a method of the bus daemon; returns the first value of the reply."""
        message = _daemon_call(member, signature, list(arguments))
        with _fence(f"the session bus did not answer {member}"):
            if not self._link.connected:
                raise ConnectionResetError("the connection is closed")
            async with asyncio.timeout(timeout_s):
                reply = await self._link.call(message)
            if reply.message_type is _Type.ERROR:
                raise ConnectionRefusedError(*reply.body)
            return reply.body[0] if reply.body else None

    def tell(self, member: str, signature: str, *arguments: object) -> None:
        """Call a method of the bus daemon whose reply nobody needs."""
        call = _daemon_call(member, signature, list(arguments), flags=_NO_REPLY)
        call.serial = self._link.next_serial()
        self._send(call)

    def signal(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str,
        body: list[object],
        destination: str = "",
    ) -> None:
        """`body` is encoded for `signature`."""
        fields: dict[Field, object] = {
            Field.PATH: path,
            Field.INTERFACE: interface,
            Field.MEMBER: member,
        }
        if destination:
            fields[Field.DESTINATION] = destination
        self._write(Kind.SIGNAL, fields, signature, body)

    async def _establish(self) -> None:
        try:
            guard(self._link, "_sock")
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._link.connect()
            guard(self._link._writer, "sock")  # noqa: SLF001  # there is no public way to it
            _check_unique_name(self._link.unique_name)
        except BaseException:
            self._end.cancel()
            raise

    def _receive(self, message: Any) -> bool:
        if message.message_type is _Type.METHOD_CALL:
            self._on_call(self._method_call(message))
            return True
        if message.message_type is _Type.SIGNAL and message.sender == _DAEMON:
            self._on_news(message.member, message.body)
        return False

    def _method_call(self, message: Any) -> MethodCall:
        arguments = message.body
        if "v" in message.signature:
            arguments = [_argument(value) for value in arguments]
        return MethodCall(
            message.sender,
            message.path,
            message.interface or "",
            message.member,
            message.signature,
            arguments,
            partial(self._answer, message),
            partial(self._refuse, message),
        )

    def _answer(self, call: Any, signature: str, body: list[object]) -> None:
        self._reply(call, Kind.METHOD_RETURN, {}, signature, body)

    def _refuse(self, call: Any, name: str, text: str) -> None:
        self._reply(call, Kind.ERROR, {Field.ERROR_NAME: name}, "s", [encode("s", text)])

    def _reply(
        self, call: Any, kind: Kind, fields: dict[Field, object], signature: str, body: list[object]
    ) -> None:
        if call.flags.value & _NO_REPLY.value:
            return
        address = {Field.REPLY_SERIAL: call.serial, Field.DESTINATION: call.sender}
        self._write(kind, {**fields, **address}, signature, body)

    def _write(
        self, kind: Kind, fields: dict[Field, object], signature: str, body: list[object]
    ) -> None:
        self._send(_Written(message(kind, self._link.next_serial(), fields, signature, body)))

    def _send(self, outgoing: Any) -> None:
        """At once: dbus-next would write in the next loop turn, after all that this one still
        does."""
        if not self._link.connected:
            return  # whoever would read it is gone too
        writer = self._link._writer  # noqa: SLF001  # there is no public way to it
        writer.buffer_message(outgoing)
        writer.write_callback()
        if writer.buf is not None and self._link.connected:
            asyncio.get_running_loop().add_writer(writer.fd, writer.write_callback)


class _Written:
    """A message in bytes, as the libraries' writers take one."""

    unix_fds: tuple[int, ...] = ()

    def __init__(self, data: bytes) -> None:
        self._data = data

    def _marshall(self, negotiate_unix_fd: bool) -> bytes:  # noqa: ARG002  # we send none
        return self._data


def _check_unique_name(name: str) -> None:
    """A bus that has too many clients says so; dbus-next takes the sentence for the name."""
    if not name.startswith(":"):
        raise ConnectionRefusedError(name)


@contextmanager
def _fence(failed: str) -> Iterator[None]:
    """Whatever the library raises becomes a BusUnavailableError that says what failed."""
    try:
        yield
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise BusUnavailableError(f"{failed}: {reason}") from error


async def _end_of(link: Any) -> str:
    """Wait for the end of a connection; returns the reason."""
    try:
        await link.wait_for_disconnect()
    except Exception as error:  # noqa: BLE001  # it is the reason, of whatever kind
        return str(error) or type(error).__name__
    return "closed by offhookd"


def _daemon_call(member: str, signature: str, body: list[object], **fields: Any) -> Any:
    return _Message(
        destination=_DAEMON,
        path=_DAEMON_PATH,
        interface=_DAEMON,
        member=member,
        signature=signature,
        body=body,
        **fields,
    )


def _argument(value: object) -> object:
    """An argument without the library's types: a variant keeps its type, those within do not."""
    if isinstance(value, _Variant):
        return Typed(value.signature, _plain(value.value))
    return _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, _Variant):
        return _plain(value.value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
