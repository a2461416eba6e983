# SPDX-License-Identifier: GPL-2.0-or-later
"""The tray on a real desktop: a panel, a notification service, a mouse."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from offhook.bus import Bus
from tests.support.dbus import busctl
from tests.support.desktop import X11Desktop, desktop, stop
from tests.support.processes import PATIENCE_S
from tests.support.tray import POLL_S, WATCHER, Scene, tray_scene, until

pytestmark = pytest.mark.system

ICON = ("988", "745")
"""Where the panel puts it on the screen."""


class XScene(Scene[X11Desktop]):
    async def displayed(self) -> int:
        """How many notifications dunst shows."""
        return int(await self.run("dunstctl", "count", "displayed"))

    async def windows(self) -> str:
        return await self.run("sh", "-c", "xdotool search --onlyvisible --name '^Phone$' || :")

    async def click_icon(self) -> None:
        await self.run("xdotool", "mousemove", *ICON, "click", "1")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene[X11Desktop]]:
    async with tray_scene(XScene, desktop, tmp_path) as made:
        yield made


async def test_the_panel_shows_what_the_phone_does(scene: XScene) -> None:
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


async def test_a_click_on_the_icon_and_a_second_start_show_the_window(scene: XScene) -> None:
    scene.desktop.show_windows()
    scene.desktop.show_panel()
    await until("a panel", lambda: scene.has_owner(WATCHER))
    scene.start_tray()
    await until("an icon", scene.item)
    assert not await scene.windows()
    await until("a window", lambda: clicked(scene))
    await scene.run("xdotool", "key", "ctrl+w")
    await until("no window", lambda: no_window(scene))
    await scene.start_again()
    await until("the window again", scene.windows)


async def test_the_tray_sleeps_while_nothing_happens(scene: XScene) -> None:
    scene.desktop.show_panel()
    await until("a panel", lambda: scene.has_owner(WATCHER))
    tray = scene.start_tray()
    await until("an icon", scene.item)
    await until("a second without waking up", lambda: sleeps(tray.pid))


async def test_the_tray_ends_with_its_desktop(scene: XScene) -> None:
    tray = scene.start_tray()
    await until("a window", scene.windows)
    stop(scene.desktop.screen)
    assert await asyncio.to_thread(tray.wait, PATIENCE_S) == 1


async def test_a_notification_answers_the_call(scene: XScene) -> None:
    scene.desktop.show_notifications()
    scene.start_tray()
    await until("a window", scene.windows)
    scene.ring()
    await until("one notification", scene.displayed)
    await until("a conversation", lambda: answered(scene))
    await until("no notification", lambda: nothing_displayed(scene))
    scene.give_up()
    await until("the end", lambda: scene.in_state(""))
    scene.ring()
    await until("the next one", scene.displayed)
    await scene.phone.calls[-1].decline()  # elsewhere
    await until("no notification again", lambda: nothing_displayed(scene))


async def test_what_the_menu_could_not_do_is_told(scene: XScene) -> None:
    scene.desktop.show_panel()
    scene.desktop.show_notifications()
    await until("a panel", lambda: scene.has_owner(WATCHER))
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


async def test_missed_calls_share_one_notification(scene: XScene) -> None:
    scene.desktop.show_notifications()
    scene.start_tray()
    await until("a window", scene.windows)
    for missed in (1, 2):
        scene.ring()
        await until("the call", lambda: scene.in_state("incoming"))
        scene.give_up()
        await until("its end", lambda: missed_calls(scene, missed))  # noqa: B023 - awaited here
    await until("one notification", lambda: one_displayed(scene))


async def test_a_closed_window_says_how_to_see_it_again_where_there_is_no_panel(
    scene: XScene,
) -> None:
    scene.desktop.show_windows()
    scene.desktop.show_notifications()
    scene.start_tray()
    await until("a window", scene.windows)
    await until("the keyboard in it", lambda: active_window(scene, "phone"))
    await scene.run("xdotool", "key", "ctrl+w")
    await until("a word about it", lambda: one_displayed(scene))
    assert await no_window(scene)
    await scene.start_again()
    await until("the window again", scene.windows)
    await until("no more words", lambda: nothing_displayed(scene))


async def test_without_notifications_the_window_shows_who_calls(scene: XScene) -> None:
    scene.desktop.show_windows()
    scene.desktop.show_panel()
    await until("a panel", lambda: scene.has_owner(WATCHER))
    async with Bus(scene.bus.address) as nobody:  # else the bus starts a service
        await nobody.ask("RequestName", "su", "org.freedesktop.Notifications", 0)
        scene.start_tray()
        await until("an icon", scene.item)
        scene.desktop.start("xmessage", "typing")
        await until("a window to type into", lambda: active_window(scene, "xmessage"))
        scene.ring()
        await until("the window", scene.windows)
        assert await active_window(scene, "xmessage")  # the keyboard stays where it was


async def tooltip_has(scene: XScene, text: str) -> bool:
    return text in await scene.shown("ToolTip")


async def answered(scene: XScene) -> bool:
    """Press Answer; in vain while the notification is replaced by one that has the name."""
    if not await scene.in_state("active"):
        await scene.run("dunstctl", "context")
        await asyncio.sleep(POLL_S)
    return await scene.in_state("active")


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


async def entry_number(scene: XScene, label: str) -> int:
    """Of a line of the menu, as the panel knows it; 0 for none."""
    layout = await busctl(
        scene.bus.address,
        *("call", "--", await scene.item(), "/MenuBar", "com.canonical.dbusmenu", "GetLayout"),
        *("iias", "0", "-1", "0"),
    )
    found = re.search(rf'\(ia\{{sv\}}av\) (\d+) \d+ [^(]*"label" s "{label}"', layout)
    return int(found[1]) if found else 0


async def clicked(scene: XScene) -> bool:
    """The panel draws the icon some time after it knows of it."""
    if not await scene.windows():
        await scene.click_icon()
        await asyncio.sleep(POLL_S)
    return bool(await scene.windows())


async def no_window(scene: XScene) -> bool:
    return not await scene.windows()


async def nothing_displayed(scene: XScene) -> bool:
    return await scene.displayed() == 0


async def one_displayed(scene: XScene) -> bool:
    return await scene.displayed() == 1


async def missed_calls(scene: XScene, number: int) -> bool:
    return scene.phone.history.unseen_missed == number


async def active_window(scene: XScene, name: str) -> bool:
    """Whether the keyboard is with this program."""
    looked = "xdotool getactivewindow getwindowname 2>&1 || :"
    return (await scene.run("sh", "-c", looked)).lower() == name
