# SPDX-License-Identifier: GPL-2.0-or-later
"""One connection to a message bus: the only client module that knows the D-Bus library.

dbus-next serves for the connection and for marshalling.  Replies are matched to calls here, so
that a reply and the signals around it are seen in the order the bus delivered them, and so that
no call waits for ever once the bus is gone.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, NamedTuple, Self

from .errors import NoBusError, NoDaemonError, OffhookError


@contextmanager
def _without_glib() -> Iterator[None]:
    """dbus-next loads GLib where it is installed: 20 ms for a part nobody here uses."""
    if "gi" in sys.modules:
        yield
        return
    sys.modules["gi"] = None  # type: ignore[assignment]  # how Python marks "not importable"
    try:
        yield
    finally:
        del sys.modules["gi"]


with _without_glib():
    _library: Any = import_module("dbus_next")
    _MessageBus: Any = import_module("dbus_next.aio").MessageBus

_Message: Any = _library.Message
_Type: Any = _library.MessageType
_Variant: Any = _library.Variant

BUS_DAEMON = "org.freedesktop.DBus"
_BUS_DAEMON_PATH = "/org/freedesktop/DBus"

CONNECT_TIMEOUT_S = 5.0
"""A bus on this machine answers within milliseconds; one that does not is as good as absent."""
REPLY_TIMEOUT_S = 25.0
"""The daemon replies within 20 s whatever happens; this is what most D-Bus clients wait."""

_ABSENT = ("ServiceUnknown", "NameHasNoOwner", "NoReply", "Spawn.")
_ABSENT_ERRORS = (*(f"{BUS_DAEMON}.Error.{name}" for name in _ABSENT), "org.freedesktop.systemd1.")


class Signal(NamedTuple):
    sender: str
    path: str
    interface: str
    member: str
    body: list[Any]


class Reply(NamedTuple):
    sender: str
    body: list[Any]


def session_address() -> str:
    """Where the session bus is, found as sd-bus finds it; NoBusError when nobody says."""
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    if directory := os.environ.get("XDG_RUNTIME_DIR"):
        return f"unix:path={directory}/bus"
    raise NoBusError(
        "There is no D-Bus session bus: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set"
    )


def variant(signature: str, value: object) -> object:
    """A value with its type, for the ``v`` of a signature."""
    return _Variant(signature, value)


class Request(NamedTuple):
    """A method call to this program."""

    interface: str
    member: str
    body: list[Any]


class Bus:
    """A connection; `on_lost` is called with a sentence when it ends without `close`.

    `on_request` tells whether it did what a method call wanted; an empty reply then says so.
    """

    def __init__(
        self,
        address: str = "",
        on_signal: Callable[[Signal], None] = lambda _: None,
        on_lost: Callable[[str], None] = lambda _: None,
        on_request: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        self._address = address
        self._on_signal = on_signal
        self._on_lost = on_lost
        self._on_request = on_request
        self._pending: dict[int, tuple[asyncio.Future[Reply], Callable[[Reply], None]]] = {}
        self._end: asyncio.Task[None] | None = None
        self._link: Any = None

    async def __aenter__(self) -> Self:
        """Connect; NoBusError when that cannot be done."""
        address = self._address or session_address()
        # In two steps, to have hold of what dbus-next opens when its __init__ fails.
        link = self._link = _MessageBus.__new__(_MessageBus)
        try:
            link.__init__(bus_address=address)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await link.connect()
        except BaseException as error:
            self._release()
            if not isinstance(error, Exception):
                raise
            # Of whatever kind it is: OSError, ValueError, AuthError, the library's own.
            reason = str(error) or "no answer"
            raise NoBusError(f"No D-Bus session bus at {address}: {reason}") from error
        link.add_message_handler(self._receive)
        self._end = asyncio.create_task(self._follow_end(), name="bus connection")
        return self

    async def __aexit__(self, *_: object) -> None:
        end, self._end = self._end, None
        if end:
            self._link.disconnect()
            await end

    async def call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: object,
        timeout_s: float = REPLY_TIMEOUT_S,
        on_reply: Callable[[Reply], None] = lambda _: None,
    ) -> list[Any]:
        """Call a method; returns the values of its reply, without variants around them.

        `on_reply` sees the reply before any signal that came after it.  OffhookError is what the
        other side answered, NoDaemonError that there is no other side.
        """
        message = _Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(arguments),
            serial=self._link.next_serial(),
        )
        if not self._link.connected:
            raise NoDaemonError("The connection to the session bus is closed")
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[message.serial] = (reply, on_reply)
        try:
            self._link.send(message).add_done_callback(_failure_is_known)
            async with asyncio.timeout(timeout_s):
                return (await reply).body
        except TimeoutError:
            name = f"{BUS_DAEMON}.Error.Timeout"
            raise OffhookError(name, f"{member} was not answered in {timeout_s:.0f} s") from None
        except (ValueError, TypeError) as error:  # before it was sent
            name = f"{BUS_DAEMON}.Error.InvalidArgs"
            raise OffhookError(name, _misfit(member, error)) from None
        finally:
            del self._pending[message.serial]

    async def ask(self, member: str, signature: str = "", *arguments: object) -> Any:
        """Call a method of the bus itself; returns the first value of the reply."""
        body = await self.call(
            BUS_DAEMON, _BUS_DAEMON_PATH, BUS_DAEMON, member, signature, *arguments
        )
        return body[0] if body else None

    def _receive(self, message: Any) -> bool:
        match message.message_type:
            case _Type.SIGNAL:
                body = [_plain(value) for value in message.body]
                self._on_signal(
                    Signal(message.sender, message.path, message.interface, message.member, body)
                )
            case _Type.METHOD_RETURN | _Type.ERROR:
                return self._settle(message)
            case _Type.METHOD_CALL:
                return self._serve(message)
        return False

    def _serve(self, message: Any) -> bool:
        body = [_plain(value) for value in message.body]
        done = self._on_request(Request(message.interface, message.member, body))
        if done and not message.flags & _library.MessageFlag.NO_REPLY_EXPECTED:
            reply = _Message.new_method_return(message)
            self._link.send(reply).add_done_callback(_failure_is_known)
        return done

    def _settle(self, message: Any) -> bool:
        reply, on_reply = self._pending.get(message.reply_serial, (None, None))
        if reply is None or on_reply is None or reply.done():
            return False
        if message.message_type is _Type.ERROR:
            reply.set_exception(_error(message))
        else:
            answer = Reply(message.sender, [_plain(value) for value in message.body])
            on_reply(answer)
            reply.set_result(answer)
        return True

    async def _follow_end(self) -> None:
        # Of whatever kind the error is, it is the end of the connection.
        with suppress(Exception):
            await self._link.wait_for_disconnect()
        self._release()
        gone = NoDaemonError("The session bus closed the connection")
        for reply, _ in self._pending.values():
            if not reply.done():
                reply.set_exception(gone)
        if self._end:
            self._on_lost(gone.message)

    def _release(self) -> None:
        """Close what dbus-next leaves open."""
        sock = getattr(self._link, "_sock", None)
        if sock is None:
            return
        loop = asyncio.get_running_loop()
        if sock.fileno() >= 0:
            loop.remove_reader(sock.fileno())
            loop.remove_writer(sock.fileno())
        with suppress(OSError):
            self._link._stream.close()  # noqa: SLF001 - there is no public way to it
        sock.close()


def _misfit(member: str, error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "An argument is not valid UTF-8"
    return f"{member} takes no such argument: {error}"


def _error(message: Any) -> OffhookError:
    text = str(message.body[0]) if message.body else message.error_name
    if message.error_name.startswith(_ABSENT_ERRORS):
        return NoDaemonError(f"offhookd does not answer: {text}")
    return OffhookError(message.error_name, text)


def _failure_is_known(sent: "asyncio.Future[None]") -> None:
    """The end of the connection tells it; asyncio need not."""
    if not sent.cancelled():
        sent.exception()


def _plain(value: Any) -> Any:
    """A value without the library's types."""
    match value:
        case _Variant():
            return _plain(value.value)
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value
