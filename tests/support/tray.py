# SPDX-License-Identifier: GPL-2.0-or-later
"""The tray on a desktop, the daemon behind it, and somebody who calls."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from offhook.aio import Phone
from offhookd.engine.protocol import Dial, Hangup, SetHosts
from tests.support.daemon import DIRECT, RunningDaemon
from tests.support.dbus import PrivateBus, busctl, private_bus
from tests.support.desktop import Desktop
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S, free_port

POLL_S = 0.05
"""What other programs show on a screen can only be looked at again and again."""

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
CARD = """BEGIN:VCARD
VERSION:3.0
FN:Ada <b>Lovelace</b>
ORG:Engines & Sons
TEL;TYPE=work:030 1234567
END:VCARD
"""

D = TypeVar("D", bound=Desktop)


@dataclass
class Scene(Generic[D]):
    bus: PrivateBus
    desktop: D
    daemon: RunningDaemon
    phone: Phone
    caller: EngineProcess
    port: int
    calls: int = 0

    def ring(self) -> None:
        self.calls += 1
        self.caller.ask(
            Dial(
                leg=self.calls,
                account="test",
                target=f"sip:ada@127.0.0.1:{self.port}",
                headers={},
                anonymous=False,
                muted=False,
            )
        )

    def give_up(self) -> None:
        self.caller.tell(Hangup(leg=self.calls))

    async def in_state(self, state: str) -> bool:
        """Whether the call that goes on is in this state; "" for none."""
        return [call.state for call in self.phone.calls if call.up] == ([state] if state else [])

    async def has_owner(self, name: str) -> bool:
        bus = "org.freedesktop.DBus"
        asked = (bus, "/org/freedesktop/DBus", bus, "NameHasOwner", "s", name)
        return "true" in await busctl(self.bus.address, "call", *asked)

    async def item(self) -> str:
        """Where the icon is on the bus, as the panel sees it; "" for nowhere."""
        listed = await busctl(
            self.bus.address,
            *("get-property", WATCHER, "/StatusNotifierWatcher", WATCHER),
            "RegisteredStatusNotifierItems",
        )
        return listed.split('"')[1].partition("/")[0] if '"' in listed else ""

    async def shown(self, name: str) -> str:
        """A property of the icon."""
        return await busctl(
            self.bus.address, "get-property", await self.item(), "/StatusNotifierItem", ITEM, name
        )

    async def run(self, *command: str) -> str:
        return (await asyncio.to_thread(self.desktop.run, *command)).strip()

    def start_tray(self) -> subprocess.Popen[bytes]:
        return self.desktop.start(sys.executable, "-m", "offhook.tray.main", "--background")

    async def start_again(self) -> None:
        """The tray, which is there already."""
        await self.run(sys.executable, "-m", "offhook.tray.main")


async def until(what: str, holds: Callable[[], Awaitable[object]]) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await holds():  # noqa: ASYNC110 - other programs tell no event
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE_S:.0f} s: {what}") from None


@asynccontextmanager
async def tray_scene(
    kind: type[Scene[D]],
    opened: Callable[[PrivateBus, Path], AbstractContextManager[D]],
    directory: Path,
) -> AsyncIterator[Scene[D]]:
    """On an empty desktop; nobody calls yet."""
    (directory / "team.vcf").write_text(CARD)
    book = f"{{kind: vcard, path: {directory / 'team.vcf'}}}"
    port = free_port()
    direct = DIRECT.replace("bind: 127.0.0.1", f"bind: 127.0.0.1, port: {port}")
    config = f"{direct}tones: {{country: de}}\ndirectory: {{sources: {{team: {book}}}}}\n"
    with private_bus() as bus, EngineProcess() as caller, opened(bus, directory) as desktop:
        caller.add_account(uri="sip:+49301234567@127.0.0.1")
        caller.ask(SetHosts(hosts={"127.0.0.1": ("127.0.0.1",)}))
        daemon = RunningDaemon(bus, directory, config)
        try:
            await daemon.start()
            async with Phone(bus.address, stay=True) as phone:
                yield kind(bus, desktop, daemon, phone, caller, port)
        finally:
            daemon.close()
