# SPDX-License-Identifier: GPL-2.0-or-later
"""An Asterisk manager interface, as far as a softphone uses it, with faults to order.

Its events are those that an Asterisk 16.28 sent for such calls, in that order.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Mapping
from typing import Self

from tests.support.processes import PATIENCE_S

BANNER = b"Asterisk Call Manager/5.0.4\r\n"
CHALLENGE = "840415273"
USERNAME, PASSWORD = "offhook", "hush"

RIGHTS = ("BlindTransfer", "Bridge", "Hangup", "Login", "Originate", "PlayDTMF")
"""Some of those that ``write = call,originate`` gives."""

GARBAGE = b"\xff\xfe\x00 no header\r\n: nameless\r\nEvent\r\nEvent: Hangup\r\n\r\n\r\n\r\n"
"""Lines that are no headers, and an event that is of no call."""


class ManagerPeer:
    """Takes one connection after the other; `asked` is every action, `heard` the raw bytes."""

    def __init__(self, banner: bytes = BANNER, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[dict[str, str]] = []
        self.variables: list[str] = []
        self.refused: set[str] = set()
        """Actions that are answered by an error."""
        self.rights: tuple[str, ...] = RIGHTS
        """Actions that the user may take, as `ListCommands` tells them."""
        self.values: dict[str, str] = {}
        """Of channel variables and functions."""
        self.deaf = False
        self.sessions = 0
        self._banner = banner
        self._tls = tls
        self._server: asyncio.Server
        self._writers: list[asyncio.StreamWriter] = []
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.vanish()

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def vanish(self) -> None:
        """Nobody listens any more, and whoever is connected is cut off."""
        self._server.close()
        self.cut_off()
        await self._server.wait_closed()

    def cut_off(self) -> None:
        """Whoever is connected; who comes next is welcome."""
        for writer in self._writers:
            writer.close()

    async def action(self, name: str, count: int = 1) -> dict[str, str]:
        """The `count`th action of this name, as soon as it has come."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: len(self._named(name)) >= count)
        return self._named(name)[count - 1]

    async def left(self) -> None:
        """Wait until nobody is connected."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: self.sessions == 0)

    def send(self, raw: bytes) -> None:
        for writer in self._writers:
            writer.write(raw)

    def tell(self, event: str, fields: Mapping[str, str]) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(f"Event: {event}\r\nPrivilege: call,all\r\n{lines}\r\n".encode())

    # ------------------------------------------------------------ one call

    def desk(self, unique: str, state: int) -> None:
        """The desk phone's channel is there (0), rings (5) or is up (6)."""
        event = "Newstate" if state else "Newchannel"
        names = {"Channel": "PJSIP/1001-00000000", "Uniqueid": unique, "Linkedid": unique}
        self.tell(event, {**names, "ChannelState": str(state)})

    def originated(self, unique: str, reason: int, *, success: bool) -> None:
        word = "Success" if success else "Failure"
        fields = {"ActionID": unique, "Response": word, "Reason": str(reason)}
        self.tell("OriginateResponse", {**fields, "Uniqueid": unique if success else "<null>"})

    def dialling(self, unique: str, event: str, status: str = "") -> None:
        """The far end's channel, dialled by the desk phone's."""
        far = {"DestUniqueid": "1795401312.1", "DestChannel": "PJSIP/1002-00000001"}
        fields = {"Uniqueid": unique, **far}
        self.tell(event, {**fields, **({"DialStatus": status} if status else {})})

    def hung_up(self, unique: str, cause: int, text: str) -> None:
        names = {"Channel": "PJSIP/1001-00000000", "Uniqueid": unique, "Linkedid": unique}
        self.tell("Hangup", {**names, "Cause": str(cause), "Cause-txt": text})

    def answers(self, unique: str) -> None:
        """Everything up to the conversation."""
        self.desk(unique, 0)
        self.tell("DialBegin", {"DestUniqueid": unique})
        self.desk(unique, 5)
        self.desk(unique, 6)
        self.tell("DialEnd", {"DestUniqueid": unique, "DialStatus": "ANSWER"})
        self.originated(unique, 4, success=True)
        self.dialling(unique, "DialBegin")
        self.dialling(unique, "DialState", "RINGING")
        self.dialling(unique, "DialEnd", "ANSWER")

    # ------------------------------------------------------------ how

    def _named(self, name: str) -> list[dict[str, str]]:
        return [action for action in self.asked if action.get("Action") == name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        await self._count(1)
        writer.write(self._banner)
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                await self._take(raw.decode(), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        finally:
            self._writers.remove(writer)
            await self._count(-1)

    async def _count(self, more: int) -> None:
        async with self._news:
            self.sessions += more
            self._news.notify_all()

    async def _take(self, text: str, writer: asyncio.StreamWriter) -> None:
        pairs = [line.partition(": ")[::2] for line in text.splitlines() if line]
        action = dict(pairs)
        if action.get("Action") == "Originate":
            self.variables += [value for name, value in pairs if name == "Variable"]
        async with self._news:
            self.asked.append(action)
            self._news.notify_all()
        if not self.deaf:
            number = action.get("ActionID", "")
            writer.write(f"{self._answer(action)}ActionID: {number}\r\n\r\n".encode())

    def _answer(self, action: Mapping[str, str]) -> str:
        name = action["Action"]
        key = hashlib.md5((CHALLENGE + PASSWORD).encode(), usedforsecurity=False).hexdigest()
        if name in self.refused:
            return "Response: Error\r\nMessage: Permission denied\r\n"
        if name == "ListCommands" and self.rights:
            listed = "".join(f"{one}: It does.  (Priv: call,all)\r\n" for one in self.rights)
            return f"Response: Success\r\n{listed}"
        if name == "Getvar" and action["Variable"] in self.values:
            variable = action["Variable"]
            return (
                f"Response: Success\r\nVariable: {variable}\r\nValue: {self.values[variable]}\r\n"
            )
        if name == "Challenge":
            return f"Response: Success\r\nChallenge: {CHALLENGE}\r\n"
        if name == "Login" and (action["Username"], action["Key"]) != (USERNAME, key):
            return "Response: Error\r\nMessage: Authentication failed\r\n"
        return "Response: Success\r\nMessage: Done\r\n"
