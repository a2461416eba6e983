# SPDX-License-Identifier: GPL-2.0-or-later
"""A connection to the Asterisk Manager Interface: actions, their responses, events.

What Asterisk sends is text in the style of mail headers, a blank line behind each message; what
comes after a banner of one line.  Names are compared without regard to case, and what makes no
sense is passed over.
"""

import asyncio
import hashlib
import itertools
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from offhookd.lean import let_asyncio_have_tls
from offhookd.phone.errors import (
    InvalidArgumentError,
    NotAllowedError,
    PhoneError,
    RejectedError,
    RequestTimeoutError,
)

CONNECT_LIMIT_S = 6.0
ANSWER_LIMIT_S = 6.0
"""Both together leave a D-Bus method, which has 20 s, its time."""

LONGEST_LINE = 8192
MOST_LINES = 1024
"""Of one message; the list of all actions has some 200, everything else below 60."""

PLAIN_PORT, TLS_PORT = 5038, 5039
BANNER = b"Asterisk Call Manager"

Message = Mapping[str, str]
"""Header names in small letters; of a name that comes more than once, the last."""

NONSENSE = (asyncio.LimitOverrunError, ValueError)
"""What reading raises for a line, or a message, without an end."""
EXPECTED_ENDS = (OSError, asyncio.IncompleteReadError, *NONSENSE)
"""What it raises when that, or the far end, is the end."""


class GoneError(PhoneError):
    """The connection is not there, or is there no longer."""


class Manager:
    """One connection, logged in; `closed` is done when it is over, with one sentence why."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        where: str,
        heard: Callable[[Message], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = loop.create_future()
        self._reader = reader
        self._writer = writer
        self._where = where
        self._heard = heard
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._task = loop.create_task(self._read(), name=f"manager {where}")

    @classmethod
    async def connect(
        cls, host: str, port: int, tls: ssl.SSLContext | None, heard: Callable[[Message], None]
    ) -> "Manager":
        """Raises `GoneError` with a sentence."""
        port = port or (TLS_PORT if tls else PLAIN_PORT)
        where = f"{host}:{port}"
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                reader, writer = await asyncio.open_connection(
                    host, port, ssl=tls, limit=LONGEST_LINE
                )
                await _read_banner(reader, writer, where)
        except TimeoutError:
            raise GoneError(f"The exchange's manager at {where} does not answer") from None
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or "no TLS"
            raise GoneError(f"The exchange's manager at {where} is not trusted: {why}") from None
        except OSError as error:
            why = error.strerror or str(error)
            raise GoneError(f"The exchange's manager at {where} cannot be reached: {why}") from None
        return cls(reader, writer, where, heard)

    async def login(self, username: str, password: str) -> None:
        """The password itself does not travel.  Raises a `PhoneError`."""
        challenge = await self.ask("Challenge", [("AuthType", "MD5")])
        key = hashlib.md5(
            (challenge.get("challenge", "") + password).encode(), usedforsecurity=False
        )
        fields = [("AuthType", "MD5"), ("Username", username), ("Key", key.hexdigest())]
        try:
            await self.ask("Login", [*fields, ("Events", "call")])
        except RejectedError as error:
            raise NotAllowedError(
                f"The manager at {self._where} refuses user '{username}': {error}; "
                "check username, password and manager.conf"
            ) from None

    async def ask(
        self, action: str, fields: Sequence[tuple[str, str]] = (), number: str = ""
    ) -> Message:
        """Its response; raises `RejectedError` with Asterisk's word when that is an error.
        `number`: the ActionID, where events are to be known by it."""
        number = number or f"offhook-{next(self._numbers)}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            self._send([("Action", action), ("ActionID", number), *fields])
            async with asyncio.timeout(ANSWER_LIMIT_S):
                response = await answer
        except TimeoutError:
            raise RequestTimeoutError(
                f"The manager at {self._where} does not answer {action}"
            ) from None
        finally:
            self._answers.pop(number, None)
        if response.get("response", "").lower() == "error":
            raise RejectedError(response.get("message", "") or f"{action} is refused")
        return response

    async def allowed(self) -> frozenset[str]:
        """The actions that this user may take, in small letters; none where that is not told."""
        try:
            listed = await self.ask("ListCommands")
        except RejectedError:
            return frozenset()
        return frozenset(listed) - {"response", "actionid", "message"}

    async def close(self) -> None:
        """Without a word: Asterisk drops the session, and calls go on.  May be called twice."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._over(f"The connection to the manager at {self._where} is closed")
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    # ------------------------------------------------------------ how

    def _send(self, fields: Sequence[tuple[str, str]]) -> None:
        if self.closed.done():
            raise GoneError(self.closed.result())
        self._writer.write(message(fields))

    async def _read(self) -> None:
        why = f"The manager at {self._where} has closed the connection"
        try:
            while lines := await self._lines():
                self._take(_parsed(lines))
        except EXPECTED_ENDS as error:
            if isinstance(error, NONSENSE):
                why = f"The manager at {self._where} sends what is no message"
        self._writer.close()
        self._over(why)

    def _over(self, why: str) -> None:
        """Whoever still waits for an answer is told."""
        if not self.closed.done():
            self.closed.set_result(why)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(GoneError(why))

    async def _lines(self) -> list[bytes]:
        """Those of one message; empty ones before it are passed over."""
        lines: list[bytes] = []
        while True:
            line = (await self._reader.readuntil(b"\n")).rstrip(b"\r\n")
            if line:
                lines.append(line)
            elif lines:
                return lines
            if len(lines) > MOST_LINES:
                raise ValueError

    def _take(self, found: Message) -> None:
        answer = self._answers.get(found.get("actionid", ""))
        if "response" in found and "event" not in found:
            if answer and not answer.done():
                answer.set_result(found)
        elif "event" in found:
            self._heard(found)


async def _read_banner(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str
) -> None:
    banner = b""
    try:
        banner = await reader.readuntil(b"\n")
    except EXPECTED_ENDS:
        pass
    finally:
        if not banner.startswith(BANNER):
            writer.close()
    if not banner.startswith(BANNER):
        raise GoneError(f"What answers at {where} is no Asterisk manager interface")


def message(fields: Sequence[tuple[str, str]]) -> bytes:
    """Fields as Asterisk reads them.  A line end in one would begin another: such a text raises
    `InvalidArgumentError`."""
    for name, value in fields:
        if not (name + value).isprintable():
            raise InvalidArgumentError(f"{name}: one line of printable characters is wanted")
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{lines}\r\n".encode()


def _parsed(lines: Sequence[bytes]) -> Message:
    found = {}
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            text = "".join(char if char.isprintable() else "?" for char in value.strip())
            found[name.strip().lower()] = text
    return found


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates are checked, names too."""
    let_asyncio_have_tls()
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
