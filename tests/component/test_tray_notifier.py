# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices on their way to a notification service that is not ours."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from offhook.bus import Bus, Signal
from offhook.tray.notices import Button, Notice
from offhook.tray.notification_server import NOTIFICATIONS
from offhook.tray.notifier import Notifier
from tests.support.dbus import PrivateBus
from tests.support.notifications import ANOTHER, GNOME, notifications
from tests.support.processes import PATIENCE_S, until

CALL = Notice(
    key="c1",
    summary="Ada <b> is calling",
    lines=("1002", "Engines & Sons"),
    icon="offhook-ringing",
    urgent=True,
    buttons=(Button("Answer"), Button("Decline")),
)
MISSED = Notice(key="missed", summary="1 missed call", lines=("Ada",), icon="offhook-missed")


class Screen:
    """What became of the notices."""

    def __init__(self, bus: Bus) -> None:
        self.pressed: list[tuple[str, str]] = []
        self.unavailable = 0
        self.notifier = Notifier(bus, self._press, self._fail)

    def _press(self, notice: Notice, button: Button | None) -> None:
        self.pressed.append((notice.key, button.label if button else ""))

    def _fail(self) -> None:
        self.unavailable += 1


@asynccontextmanager
async def screen(address: str) -> AsyncIterator[Screen]:
    def hear(signal: Signal) -> None:
        shown.notifier.hear(signal)

    bus = Bus(address, hear)
    shown = Screen(bus)
    async with bus:
        shown.notifier.start()
        try:
            yield shown
        finally:
            await shown.notifier.stop()


async def test_a_button_is_pressed_and_plain_text_stays_plain(session_bus: PrivateBus) -> None:
    async with (
        notifications(session_bus.address, "1") as service,
        screen(session_bus.address) as shown,
    ):
        shown.notifier.want([CALL])
        await until(lambda: shown.pressed, PATIENCE_S, "the button")
        assert shown.pressed == [("c1", "Decline")]
        (arguments,) = service.shown
        assert arguments[3:6] == (
            "Ada <b> is calling",
            "1002\nEngines & Sons",
            ["default", "", "0", "Answer", "1", "Decline"],
        )


async def test_a_click_on_the_notice_itself_is_told(session_bus: PrivateBus) -> None:
    async with notifications(session_bus.address, "default"), screen(session_bus.address) as shown:
        shown.notifier.want([MISSED])
        await until(lambda: shown.pressed, PATIENCE_S, "the click")
        assert shown.pressed == [("missed", "")]


async def test_what_was_put_away_comes_back_only_with_news(session_bus: PrivateBus) -> None:
    async with (
        notifications(session_bus.address, "") as service,
        screen(session_bus.address) as shown,
    ):
        shown.notifier.want([CALL, MISSED])
        await until(lambda: len(service.shown) == 2, PATIENCE_S, "both")
        await until(lambda: not shown.notifier._shown, PATIENCE_S, "both put away")
        news = replace(CALL, summary="Ada Lovelace is calling")
        shown.notifier.want([news, replace(MISSED, summary="2 missed calls")])
        await until(lambda: len(service.shown) == 3, PATIENCE_S, "the second missed call")
        assert service.shown[2][3] == "2 missed calls"


async def test_signals_of_others_press_nothing(session_bus: PrivateBus) -> None:
    async with screen(session_bus.address) as shown:
        for sender in ("", ":1.99"):
            shown.notifier.hear(Signal(sender, "/", NOTIFICATIONS, "ActionInvoked", [7, "0"]))
        assert shown.pressed == []


async def test_without_a_service_an_urgent_notice_is_told_otherwise(
    session_bus: PrivateBus,
) -> None:
    async with Bus(session_bus.address) as nobody, screen(session_bus.address) as shown:
        await nobody.ask("RequestName", "su", NOTIFICATIONS, 0)
        shown.notifier.want([MISSED])
        shown.notifier.want([CALL, MISSED])
        await until(lambda: shown.unavailable, PATIENCE_S, "the fall-back")
        assert shown.unavailable == 1


@pytest.mark.parametrize(
    ("information", "replaced", "closed"), [(ANOTHER, 7, 0), (GNOME, 0, 1)], ids=["other", "gnome"]
)
async def test_news_keep_their_buttons_also_where_an_update_loses_them(
    session_bus: PrivateBus, information: tuple[str, str, str, str], replaced: int, closed: int
) -> None:
    async with (
        notifications(session_bus.address, None) as service,
        screen(session_bus.address) as shown,
    ):
        service.information = information
        shown.notifier.want([CALL])
        await until(lambda: service.shown, PATIENCE_S, "the call")
        shown.notifier.want([replace(CALL, lines=("1002", "a note"))])
        await until(lambda: len(service.shown) == 2, PATIENCE_S, "the news")
        assert service.shown[1][1] == replaced
        assert service.closed == closed


async def test_another_service_shows_it_again_and_its_numbers_are_its_own(
    session_bus: PrivateBus,
) -> None:
    async with screen(session_bus.address) as shown:
        async with notifications(session_bus.address, None) as first:
            shown.notifier.want([CALL])
            await until(lambda: first.shown, PATIENCE_S, "the call")
        async with notifications(session_bus.address, None) as second:
            await until(lambda: second.shown, PATIENCE_S, "the call again")
            assert second.shown[0][1] == 0  # what has number 7 there is somebody else's


@pytest.mark.parametrize(("press", "focus"), [("default", "hand"), ("0", "")])
async def test_only_what_opens_a_window_takes_the_keyboard_there(
    session_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch, press: str, focus: str
) -> None:
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "")
    async with (
        notifications(session_bus.address, press) as service,
        screen(session_bus.address) as shown,
    ):
        service.token = "hand"
        shown.notifier.want([CALL])
        await until(lambda: shown.pressed, PATIENCE_S, "the click")
        assert os.environ["XDG_ACTIVATION_TOKEN"] == focus


async def test_a_service_without_buttons_is_not_enough_for_a_call(session_bus: PrivateBus) -> None:
    async with (
        notifications(session_bus.address, None) as service,
        screen(session_bus.address) as shown,
    ):
        service.capabilities = ["body"]
        shown.notifier.want([CALL, MISSED])
        await until(lambda: len(service.shown) == 2, PATIENCE_S, "both")
        assert shown.unavailable == 1
