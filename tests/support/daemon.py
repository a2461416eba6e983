# SPDX-License-Identifier: GPL-2.0-or-later
"""The real `offhookd`, on a bus of the test's own, with directories of the test's own."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from offhookd.bus.names import BUS_NAME, ROOT
from tests.support.dbus import GlibClient, PrivateBus, glib_client
from tests.support.processes import PATIENCE_S, free_port

DIRECT = """
accounts:
  direct:
    uri: sip:ada@127.0.0.1
    registrar: none
    accept_from: anyone
sip: {bind: 127.0.0.1}
audio: {backend: silent}
"""
"""An account that calls and is called without a registrar, on a machine without sound."""


class RunningDaemon:
    """One daemon after the other on the same directories, as after a restart."""

    def __init__(self, bus: PrivateBus, directory: Path, config: str) -> None:
        self.bus = bus
        self.directory = directory
        self.config_file = directory / "offhook.yaml"
        self.options: Sequence[str] = ("--config", str(self.config_file))
        self.state_directory = directory / "state"
        self.log_file = directory / "offhookd.log"
        self.sip_port = free_port()
        """Chosen here, because nobody but root sees which one an engine took."""
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.write_config(config)

    def write_config(self, text: str) -> None:
        here = "sip: {bind: 127.0.0.1"
        self.config_file.write_text(text.replace(here + "}", f"{here}, port: {self.sip_port}}}"))
        self.config_file.chmod(0o600)

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def launch(self) -> None:
        """Start the process, and do not wait for it."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "offhookd.main", *self.options],
                env={
                    **os.environ,
                    "DBUS_SESSION_BUS_ADDRESS": self.bus.address,
                    "XDG_STATE_HOME": str(self.state_directory),
                    "XDG_CACHE_HOME": str(self.directory / "cache"),
                    "LANG": "C.UTF-8",
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def start(self) -> None:
        """Start it and wait until it says that it serves, as the service manager would."""
        path = self.directory / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            notifications.bind(str(path))
            notifications.setblocking(False)
            self.environment["NOTIFY_SOCKET"] = str(path)
            self.launch()
            await self._until_ready(notifications)

    async def _until_ready(self, notifications: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while b"READY=1" not in await loop.sock_recv(notifications, 4096):
                    pass
        except TimeoutError:
            raise AssertionError(f"offhookd does not serve:\n{self.log}") from None

    async def until_owner(self, client: GlibClient) -> None:
        """Wait until the name has an owner, after a bus that was away."""
        bus = "org.freedesktop.DBus"
        match = f"type='signal',sender='{bus}',member='NameOwnerChanged',arg0='{BUS_NAME}'"
        await client.call("/org/freedesktop/DBus", bus, "AddMatch", f'("{match}",)', to=bus)
        reply = await client.call(
            "/org/freedesktop/DBus", bus, "NameHasOwner", f"('{BUS_NAME}',)", to=bus
        )
        if not reply.body[0]:
            await client.wait_for(lambda one: one["member"] == "NameOwnerChanged", "signal")

    async def stop(self) -> int:
        """Ask it to stop; its exit status."""
        assert self.process
        self.process.terminate()
        return await self.ended()

    async def ended(self) -> int:
        assert self.process
        process, self.process = self.process, None
        return await asyncio.to_thread(process.wait, PATIENCE_S)

    def close(self) -> None:
        """Make sure that nothing is left, whatever the test did."""
        if self.process:
            self.process.kill()
            self.process.wait()


class Phone:
    """The daemon as a foreign client sees it."""

    def __init__(self, client: GlibClient, daemon: RunningDaemon) -> None:
        self.client = client
        self.daemon = daemon

    async def call(
        self, interface: str, member: str, arguments: str = "", path: str = ROOT
    ) -> list[Any]:
        """The body of the reply, which must not be an error."""
        reply = await self.client.call(path, f"{BUS_NAME}.{interface}", member, arguments)
        assert not reply.error, f"{member}: {reply.error}: {reply.text}"
        return reply.body

    async def refused(
        self, interface: str, member: str, arguments: str = "", path: str = ROOT
    ) -> tuple[str, str]:
        """Last part of the error's name, and its sentence."""
        reply = await self.client.call(path, f"{BUS_NAME}.{interface}", member, arguments)
        assert reply.error, f"{member} was not refused: {reply.body}"
        return reply.error.rpartition(".")[2], reply.text

    async def properties(self, interface: str, path: str = ROOT) -> Mapping[str, object]:
        reply = await self.client.call(
            path,
            "org.freedesktop.DBus.Properties",
            "GetAll",
            f"('{BUS_NAME}.{interface}',)",
        )
        assert not reply.error, reply.text
        values: Mapping[str, object] = reply.body[0]
        return values

    async def get(self, interface: str, name: str, path: str = ROOT) -> object:
        return (await self.properties(interface, path))[name]

    async def set(self, interface: str, name: str, value: str, path: str = ROOT) -> None:
        """`value` as GVariant text, e.g. "<true>"."""
        arguments = f"('{BUS_NAME}.{interface}', '{name}', {value})"
        reply = await self.client.call(path, "org.freedesktop.DBus.Properties", "Set", arguments)
        assert not reply.error, reply.text

    async def until(
        self,
        interface: str,
        name: str,
        wanted: object,
        path: str = ROOT,
        limit_s: float = PATIENCE_S,
    ) -> None:
        """Wait for a property's value, by its signals."""
        since = len(self.client.seen)
        if await self.get(interface, name, path) == wanted:
            return
        await self.client.wait_for(
            lambda seen: (
                seen["member"] == "PropertiesChanged"
                and seen["path"] == path
                and seen["body"][1].get(name) == wanted
            ),
            "signal",
            since=since,
            limit_s=limit_s,
        )

    async def dial(self, target: str, options: str = "@a{sv} {}") -> str:
        path: str = (await self.call("Telephony", "Dial", f"('{target}', {options})"))[0]
        return path


@asynccontextmanager
async def running_phone(
    bus: PrivateBus,
    directory: Path,
    config: str = DIRECT,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Phone]:
    """A daemon with `config`, and a foreign client that watches it."""
    daemon = RunningDaemon(bus, directory, config)
    daemon.environment |= environment or {}
    async with glib_client(bus.address) as client:
        try:
            await daemon.start()
            yield Phone(client, daemon)
        finally:
            daemon.close()
