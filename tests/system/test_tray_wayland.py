# SPDX-License-Identifier: GPL-2.0-or-later
"""The tray on a Wayland desktop: sway, waybar's tray, mako's notifications."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.dbus import busctl
from tests.support.desktop import stop
from tests.support.sway import Sway, missing, sway
from tests.support.tray import WATCHER, Scene, tray_scene, until

pytestmark = pytest.mark.system

NOTIFICATIONS = "org.freedesktop.Notifications"
MAKO = (NOTIFICATIONS, "/fr/emersion/Mako", "fr.emersion.Mako")


class WaylandScene(Scene[Sway]):
    async def window(self) -> list[str]:
        names = await asyncio.to_thread(self.desktop.windows)
        return [name for name in names if name.startswith("offhook-tray")]

    async def notified(self) -> str:
        return await busctl(self.bus.address, "call", *MAKO, "ListNotifications")

    async def offers_answer(self) -> bool:
        return '"Answer"' in await self.notified()

    async def press_answer(self) -> None:
        """Its first button, on the newest notification."""
        await busctl(self.bus.address, "call", *MAKO, "InvokeAction", "us", "0", "0")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene[Sway]]:
    if why := missing():
        pytest.skip(why)
    async with tray_scene(WaylandScene, sway, tmp_path) as made:
        yield made


async def test_icon_notification_and_window_are_there_under_wayland(scene: WaylandScene) -> None:
    panel = scene.desktop.start_panel()
    scene.desktop.show_notifications()
    await until("a panel", lambda: scene.has_owner(WATCHER))
    await until("notifications", lambda: scene.has_owner(NOTIFICATIONS))
    scene.start_tray()
    await until("an icon", scene.item)
    scene.ring()
    await until("a notification", scene.offers_answer)
    assert not await scene.window()
    await scene.press_answer()
    await until("a conversation", lambda: scene.in_state("active"))
    stop(panel)
    scene.desktop.show_panel()
    await until("the icon in another panel", scene.item)
    await scene.start_again()
    await until("the window, with the keyboard", scene.window)
    assert await scene.window() == ["offhook-tray*"]
