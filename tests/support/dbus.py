# SPDX-License-Identifier: GPL-2.0-or-later
"""A message bus of the test's own, a real dbus-daemon, and foreign clients on it."""

import asyncio
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from offhookd.bus.names import BUS_NAME
from offhookd.bus.service import Service
from tests.support.processes import PATIENCE_S

GLIB_CLIENT = Path(__file__).with_name("glib_client.py")
LINE_LIMIT = 1 << 22
"""Longest line of a client: GetManagedObjects of a full tree."""


class PrivateBus:
    """A dbus-daemon with the rules of a session bus, at an address that survives a restart."""

    def __init__(self, directory: Path) -> None:
        self._socket = directory / "bus"
        self.address = f"unix:path={self._socket}"
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start the daemon; it accepts connections when this returns."""
        command = ["dbus-daemon", "--session", "--nofork", "--nosyslog", "--nopidfile"]
        command += [f"--address={self.address}", "--print-address=1"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout
        assert self._process.stdout.readline(), "dbus-daemon did not start"

    @contextmanager
    def hidden(self) -> Iterator[str]:
        """Meanwhile only who is told this address can connect."""
        elsewhere = self._socket.rename(self._socket.with_name("hidden"))
        yield f"unix:path={elsewhere}"
        elsewhere.rename(self._socket)

    def kill(self) -> None:
        """End the daemon without a good-bye; nothing happens when it does not run."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()


@contextmanager
def private_bus() -> Iterator[PrivateBus]:
    """A running bus for the length of the block; the socket goes with it."""
    with tempfile.TemporaryDirectory(prefix="offhook-bus-") as directory:
        bus = PrivateBus(Path(directory))
        bus.start()
        try:
            yield bus
        finally:
            bus.kill()


@dataclass(frozen=True)
class DBusReply:
    """What a client got for a call: a body, or the name of an error and its sentence."""

    error: str
    body: list[Any]

    @property
    def text(self) -> str:
        return str(self.body[0])


class GlibClient:
    """A foreign client: GLib in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.pid = process.pid
        self.name = ""
        self.seen: list[dict[str, Any]] = []
        """Every message, in the order of arrival."""
        self._process = process
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read(), name="glib client")

    async def call(
        self, path: str, interface: str, member: str, arguments: str = "", to: str = BUS_NAME
    ) -> DBusReply:
        """Call a method; `arguments` is a tuple in GVariant text format."""
        serial = await self.send(path, interface, member, arguments, to)
        news = await self.wait_for(lambda seen: seen.get("serial") == serial, "reply", "error")
        return DBusReply(news["error"], news["body"])

    async def send(
        self,
        path: str,
        interface: str,
        member: str,
        arguments: str = "",
        to: str = BUS_NAME,
        *,
        reply: bool = True,
    ) -> int:
        """Send a call and do not wait for the reply; returns its serial number."""
        already = len(self.seen)
        order = {"to": to, "path": path, "interface": interface, "member": member}
        line = json.dumps({**order, "arguments": arguments, "reply": reply})
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")
        sent = await self.wait_for(lambda _: True, "sent", since=already)
        return int(sent["serial"])

    async def wait_for(
        self,
        fits: Callable[[dict[str, Any]], bool],
        *kinds: str,
        since: int = 0,
        limit_s: float = PATIENCE_S,
    ) -> dict[str, Any]:
        """The first message seen of one of these `kinds` that fits, awaited if need be."""

        def found() -> list[dict[str, Any]]:
            return [one for one in self.seen[since:] if one["kind"] in kinds and fits(one)]

        async with asyncio.timeout(limit_s), self._news:
            await self._news.wait_for(found)
        return found()[0]

    def signals(self, member: str) -> list[dict[str, Any]]:
        return [one for one in self.seen if one["kind"] == "signal" and one["member"] == member]

    async def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), PATIENCE_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            async with self._news:
                self.seen.append(json.loads(line))
                self._news.notify_all()


@asynccontextmanager
async def glib_client(address: str, *options: str) -> AsyncIterator[GlibClient]:
    """A connected client that sees all signals of the phone, for the length of the block."""
    process = await asyncio.create_subprocess_exec(
        *("/usr/bin/python3", str(GLIB_CLIENT), address, *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT,
    )
    client = GlibClient(process)
    try:
        client.name = (await client.wait_for(lambda _: True, "ready"))["name"]
        yield client
    finally:
        await client.close()


async def busctl(address: str, *arguments: str) -> str:
    """What systemd's busctl prints, errors included."""
    process = await asyncio.create_subprocess_exec(
        *("busctl", f"--address={address}", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode()


def service_with(library: str, monkeypatch: pytest.MonkeyPatch) -> type[Service]:
    """The Service class on one of the D-Bus libraries, "next" or "fast", until the test ends."""
    monkeypatch.setenv("OFFHOOK_DBUS_LIBRARY", library)
    for module in ("offhookd.bus.bus", "offhookd.bus.service"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    service: type[Service] = importlib.import_module("offhookd.bus.service").Service
    return service
