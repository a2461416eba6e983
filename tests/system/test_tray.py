# SPDX-License-Identifier: GPL-2.0-or-later
"""The tray on a real desktop: a panel, a notification service, a mouse."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from offhook.aio import Phone
from offhook.bus import Bus
from offhookd.engine.protocol import Dial, Hangup, SetHosts
from tests.support.daemon import DIRECT, RunningDaemon
from tests.support.dbus import PrivateBus, busctl, private_bus
from tests.support.desktop import Desktop, desktop, stop
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S, free_port

pytestmark = pytest.mark.system

POLL_S = 0.05
"""What other programs show on a screen can only be looked at again and again."""

ICON = ("988", "745")
"""Where the panel puts it on the screen."""

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
CARD = """BEGIN:VCARD
VERSION:3.0
FN:Ada <b>Lovelace</b>
ORG:Engines & Sons
TEL;TYPE=work:030 1234567
END:VCARD
"""


@dataclass
class Scene:
    """A desktop with the tray on it, the daemon behind it, and somebody who calls."""

    bus: PrivateBus
    desktop: Desktop
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

    async def displayed(self) -> int:
        """How many notifications dunst shows."""
        return int(await self.run("dunstctl", "count", "displayed"))

    async def run(self, *command: str) -> str:
        return (await asyncio.to_thread(self.desktop.run, *command)).strip()

    async def windows(self) -> str:
        return await self.run("sh", "-c", "xdotool search --onlyvisible --name '^Phone$' || :")

    async def click_icon(self) -> None:
        await self.run("xdotool", "mousemove", *ICON, "click", "1")

    def start_tray(self) -> subprocess.Popen[bytes]:
        return self.desktop.start(sys.executable, "-m", "offhook.tray.main", "--background")


async def until(what: str, holds: Callable[[], Awaitable[object]]) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await holds():  # noqa: ASYNC110 - other programs tell no event
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE_S:.0f} s: {what}") from None


@pytest.fixture
def bus() -> Iterator[PrivateBus]:
    with private_bus() as started:
        yield started


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def caller() -> Iterator[EngineProcess]:
    with EngineProcess() as engine:
        engine.add_account(uri="sip:+49301234567@127.0.0.1")
        engine.ask(SetHosts(hosts={"127.0.0.1": ("127.0.0.1",)}))
        yield engine


@pytest.fixture
async def scene(
    bus: PrivateBus, tmp_path: Path, caller: EngineProcess, port: int
) -> AsyncIterator[Scene]:
    (tmp_path / "team.vcf").write_text(CARD)
    book = f"{{kind: vcard, path: {tmp_path / 'team.vcf'}}}"
    direct = DIRECT.replace("bind: 127.0.0.1", f"bind: 127.0.0.1, port: {port}")
    config = f"{direct}tones: {{country: de}}\ndirectory: {{sources: {{team: {book}}}}}\n"
    daemon = RunningDaemon(bus, tmp_path, config)
    with desktop(bus, tmp_path) as shown:
        try:
            await daemon.start()
            async with Phone(bus.address, stay=True) as phone:
                yield Scene(bus, shown, daemon, phone, caller, port)
        finally:
            daemon.close()


async def test_the_panel_shows_what_the_phone_does(scene: Scene) -> None:
    scene.start_tray()
    scene.desktop.show_windows()
    await until("a window where there is no panel", scene.windows)
    scene.desktop.show_panel()  # later than the tray, as at many a login
    await until("an icon in the panel", scene.item)
    await until("its words", lambda: tooltip_has(scene, "direct: ready"))
    scene.ring()
    await until("the call in it", lambda: tooltip_has(scene, "Incoming call: Ada <b>Lovelace</b>"))
    scene.give_up()
    await until("the missed call", lambda: tooltip_has(scene, "1 missed call"))
    await scene.daemon.stop()
    await until("no phone", lambda: tooltip_has(scene, "not running"))
    await scene.daemon.start()
    await until("the phone again", lambda: tooltip_has(scene, "direct: ready"))


async def test_a_click_on_the_icon_and_a_second_start_show_the_window(scene: Scene) -> None:
    scene.desktop.show_windows()
    scene.desktop.show_panel()
    await until("a panel", lambda: has_owner(scene, WATCHER))
    scene.start_tray()
    await until("an icon", scene.item)
    assert not await scene.windows()
    await until("a window", lambda: clicked(scene))
    await scene.run("xdotool", "key", "ctrl+w")
    await until("no window", lambda: no_window(scene))
    await asyncio.to_thread(scene.desktop.run, sys.executable, "-m", "offhook.tray.main")
    await until("the window again", scene.windows)


async def test_the_tray_sleeps_while_nothing_happens(scene: Scene) -> None:
    scene.desktop.show_panel()
    await until("a panel", lambda: has_owner(scene, WATCHER))
    tray = scene.start_tray()
    await until("an icon", scene.item)
    await until("a second without waking up", lambda: sleeps(tray.pid))


async def test_the_tray_ends_with_its_desktop(scene: Scene) -> None:
    tray = scene.start_tray()
    await until("a window", scene.windows)
    stop(scene.desktop.screen)
    assert await asyncio.to_thread(tray.wait, PATIENCE_S) == 1


async def test_a_notification_answers_the_call(scene: Scene) -> None:
    scene.desktop.show_notifications()
    scene.start_tray()
    await until("a window", scene.windows)
    scene.ring()
    await until("one notification", scene.displayed)
    await until("a conversation", lambda: answered(scene))
    await until("no notification", lambda: nothing_displayed(scene))
    scene.give_up()
    await until("the end", lambda: in_state(scene, ""))
    scene.ring()
    await until("the next one", scene.displayed)
    await scene.phone.calls[-1].decline()  # elsewhere
    await until("no notification again", lambda: nothing_displayed(scene))


async def test_what_the_menu_could_not_do_is_told(scene: Scene) -> None:
    scene.desktop.show_panel()
    scene.desktop.show_notifications()
    await until("a panel", lambda: has_owner(scene, WATCHER))
    scene.start_tray()
    await until("an icon", scene.item)
    await scene.daemon.stop()
    await until("no phone", lambda: tooltip_has(scene, "not running"))
    await until("the menu", lambda: entry_number(scene, "Start the phone"))
    number = await entry_number(scene, "Start the phone")
    await busctl(
        scene.bus.address,
        *("call", await scene.item(), "/MenuBar", "com.canonical.dbusmenu", "Event", "isvu"),
        *(str(number), "clicked", "i", "0", "0"),
    )
    await until("why not", lambda: one_displayed(scene))


async def test_missed_calls_share_one_notification(scene: Scene) -> None:
    scene.desktop.show_notifications()
    scene.start_tray()
    await until("a window", scene.windows)
    for missed in (1, 2):
        scene.ring()
        await until("the call", lambda: in_state(scene, "incoming"))
        scene.give_up()
        await until("its end", lambda: missed_calls(scene, missed))  # noqa: B023 - awaited here
    await until("one notification", lambda: one_displayed(scene))


async def test_a_closed_window_says_how_to_see_it_again_where_there_is_no_panel(
    scene: Scene,
) -> None:
    scene.desktop.show_windows()
    scene.desktop.show_notifications()
    scene.start_tray()
    await until("a window", scene.windows)
    await until("the keyboard in it", lambda: active_window(scene, "phone"))
    await scene.run("xdotool", "key", "ctrl+w")
    await until("a word about it", lambda: one_displayed(scene))
    assert await no_window(scene)
    await asyncio.to_thread(scene.desktop.run, sys.executable, "-m", "offhook.tray.main")
    await until("the window again", scene.windows)
    await until("no more words", lambda: nothing_displayed(scene))


async def test_without_notifications_the_window_shows_who_calls(scene: Scene) -> None:
    scene.desktop.show_windows()
    scene.desktop.show_panel()
    await until("a panel", lambda: has_owner(scene, WATCHER))
    async with Bus(scene.bus.address) as nobody:  # else the bus starts a service
        await nobody.ask("RequestName", "su", "org.freedesktop.Notifications", 0)
        scene.start_tray()
        await until("an icon", scene.item)
        scene.desktop.start("xmessage", "typing")
        await until("a window to type into", lambda: active_window(scene, "xmessage"))
        scene.ring()
        await until("the window", scene.windows)
        assert await active_window(scene, "xmessage")  # the keyboard stays where it was


async def tooltip_has(scene: Scene, text: str) -> bool:
    return text in await scene.shown("ToolTip")


async def has_owner(scene: Scene, name: str) -> bool:
    bus = "org.freedesktop.DBus"
    asked = (bus, "/org/freedesktop/DBus", bus, "NameHasOwner", "s", name)
    return "true" in await busctl(scene.bus.address, "call", *asked)


async def answered(scene: Scene) -> bool:
    """Press Answer; in vain while the notification is replaced by one that has the name."""
    if not await in_state(scene, "active"):
        await scene.run("dunstctl", "context")
        await asyncio.sleep(POLL_S)
    return await in_state(scene, "active")


async def sleeps(pid: int) -> bool:
    """Whether a process did nothing for a second."""
    before = wake_ups(pid)
    await asyncio.sleep(1)
    return wake_ups(pid) == before


def wake_ups(pid: int) -> int:
    """How often its threads gave up the processor and got it again."""
    states = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/status")]
    lines = [line for text in states for line in text.splitlines() if "ctxt" in line]
    return sum(int(line.split()[1]) for line in lines)


async def entry_number(scene: Scene, label: str) -> int:
    """Of a line of the menu, as the panel knows it; 0 for none."""
    layout = await busctl(
        scene.bus.address,
        *("call", "--", await scene.item(), "/MenuBar", "com.canonical.dbusmenu", "GetLayout"),
        *("iias", "0", "-1", "0"),
    )
    found = re.search(rf'\(ia\{{sv\}}av\) (\d+) \d+ [^(]*"label" s "{label}"', layout)
    return int(found[1]) if found else 0


async def clicked(scene: Scene) -> bool:
    """The panel draws the icon some time after it knows of it."""
    if not await scene.windows():
        await scene.click_icon()
        await asyncio.sleep(POLL_S)
    return bool(await scene.windows())


async def no_window(scene: Scene) -> bool:
    return not await scene.windows()


async def nothing_displayed(scene: Scene) -> bool:
    return await scene.displayed() == 0


async def one_displayed(scene: Scene) -> bool:
    return await scene.displayed() == 1


async def in_state(scene: Scene, state: str) -> bool:
    """Whether the call that goes on is in this state; "" for none."""
    return [call.state for call in scene.phone.calls if call.up] == ([state] if state else [])


async def missed_calls(scene: Scene, number: int) -> bool:
    return scene.phone.history.unseen_missed == number


async def active_window(scene: Scene, name: str) -> bool:
    """Whether the keyboard is with this program."""
    looked = "xdotool getactivewindow getwindowname 2>&1 || :"
    return (await scene.run("sh", "-c", looked)).lower() == name
