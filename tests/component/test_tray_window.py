# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of the tray, drawn nowhere, with a running daemon behind it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QTabBar,
    QWidget,
)

from offhook.aio import Phone
from offhook.tray import loop
from offhook.tray.address_list import AddressList
from offhook.tray.call_cards import CallCards
from offhook.tray.deeds import Deeds
from offhook.tray.meter import Meter
from offhook.tray.window import PhoneWindow
from offhookd.engine.protocol import Answer, Incoming
from tests.support.daemon import DIRECT, RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S, until
from tests.support.qt import offscreen

ONE_LINE = 40
"""Pixels; a card has three."""
CARD = """BEGIN:VCARD
VERSION:3.0
FN:Ada Lovelace
TEL;TYPE=work:030 1234567
END:VCARD
"""


Story = Callable[["Seat"], Coroutine[Any, Any, None]]
Sit = Callable[[Story], None]


class Seat:
    """Somebody in front of the window."""

    def __init__(self, phone: Phone) -> None:
        self.told: list[str] = []
        self.phone = phone
        self.deeds = Deeds(self.told.append)
        self.window = PhoneWindow(phone, self.deeds.do, lambda: None)
        self.window.show()

    async def sees(self, what: str, holds: Callable[[], object]) -> None:
        """Wait for it, as the applet does: the window follows every change."""
        changes = self.phone.changes()
        try:
            async with asyncio.timeout(PATIENCE_S):
                self.window.update_view(await self.phone.history.query(20))
                while not holds():
                    await anext(changes)
                    self.window.update_view(await self.phone.history.query(20))
        except TimeoutError:
            raise AssertionError(f"never seen: {what}; told: {self.told}") from None

    async def press(self, name: str) -> None:
        """A button, by its accessible name; Qt shows new ones a moment later."""
        await until(lambda: self.named(name), PATIENCE_S, f"{name}: {self.buttons()}")
        self.named(name)[0].click()

    def named(self, name: str) -> list[QPushButton]:
        return [one for one in self.buttons() if one.accessibleName() == name]

    def buttons(self) -> list[QPushButton]:
        return [one for one in self.window.findChildren(QPushButton) if one.isVisible()]

    def reads(self, text: str) -> bool:
        return any(text in one.text() for one in self.window.findChildren(QLabel))

    def types(self, text: str) -> None:
        QTest.keyClicks(self.entry(), text)

    def entry(self, name: str = "Name, number or address") -> QLineEdit:
        (found,) = [
            one for one in self.window.findChildren(QLineEdit) if one.accessibleName() == name
        ]
        return found

    def meters(self) -> bool:
        return any(meter.isVisible() for meter in self.window.findChildren(Meter))

    def cards(self) -> CallCards:
        found = self.window.findChild(CallCards)
        assert isinstance(found, CallCards)
        return found

    def typed(self) -> str:
        return self.entry().text()

    def choose(self, name: str, text: str) -> None:
        (box,) = [
            one for one in self.window.findChildren(QComboBox) if one.accessibleName() == name
        ]
        index = box.findText(text)
        box.setCurrentIndex(index)
        box.activated.emit(index)

    def slide(self, name: str, value: int) -> None:
        (slider,) = [
            one for one in self.window.findChildren(QSlider) if one.accessibleName() == name
        ]
        slider.setValue(value)

    def enters(self) -> None:
        QTest.keyClick(self.entry(), Qt.Key.Key_Return)

    def listed(self, name: str) -> AddressList:
        (found,) = [
            one for one in self.window.findChildren(AddressList) if one.accessibleName() == name
        ]
        return found

    def lines(self, name: str) -> list[str]:
        found = self.listed(name)
        return [found.item(index).text() for index in range(found.count())]

    def spoken(self, name: str) -> str:
        """What a screen reader says of the first line."""
        interface = QAccessible.queryAccessibleInterface(self.listed(name)).child(0)
        return interface.text(QAccessible.Text.Name)

    async def leaves(self) -> None:
        await self.deeds.stop()
        self.window.close()
        self.window.deleteLater()


@pytest.fixture(scope="module")
def application() -> QApplication:
    made = offscreen()
    warm = PhoneWindow(
        Phone(), lambda _: None, lambda: None
    )  # Qt keeps what the first window needs
    warm.show()
    loop.run(asyncio.sleep(0))
    warm.close()
    return made


@pytest.fixture
def sit(application: QApplication, session_bus: PrivateBus, tmp_path: Path) -> Sit:
    """Tells a story in front of a window, with a daemon, in the loop that Qt drives."""
    del application
    (tmp_path / "team.vcf").write_text(CARD)
    book = f"{{kind: vcard, path: {tmp_path / 'team.vcf'}}}"
    config = f"{DIRECT}directory: {{sources: {{team: {book}}}}}\n"

    async def told(story: Story) -> None:
        daemon = RunningDaemon(session_bus, tmp_path, config)
        try:
            await daemon.start()
            async with Phone(session_bus.address) as phone:
                seat = Seat(phone)
                try:
                    await story(seat)
                finally:
                    await seat.leaves()
        finally:
            daemon.close()

    return lambda story: loop.run(told(story))


@pytest.fixture
def target(far_end: EngineProcess) -> str:
    return f"sip:test@127.0.0.1:{far_end.port}"


def test_a_call_is_placed_held_muted_and_ended_by_its_card(
    sit: Sit, far_end: EngineProcess, target: str
) -> None:
    async def story(seat: Seat) -> None:
        seat.types(target)
        seat.enters()
        await asyncio.to_thread(far_end.wait_for, Incoming)
        far_end.tell(Answer(leg=-1))
        party = target.removeprefix("sip:")
        await seat.sees("the call", lambda: seat.reads("In call"))
        await until(lambda: seat.cards().height() > ONE_LINE, PATIENCE_S, "its card")
        await until(seat.meters, PATIENCE_S, "how loud it is")
        await seat.press(f"Mute: {party}")
        await seat.sees("muted", lambda: seat.reads("Muted"))
        await seat.press(f"Hold: {party}")
        await seat.sees("held", lambda: seat.reads("On hold"))
        await seat.press("Key 5")  # a tone of the call, and nothing to dial
        assert seat.typed() == ""
        await seat.press(f"Hang up: {party}")
        await seat.sees("its row", lambda: len(seat.lines("Past calls")) == 1)
        assert seat.spoken("Past calls").startswith(f"{party}, outgoing, ")
        QTest.keyClicks(seat.entry("Find a past call"), "nobody")
        assert seat.lines("Past calls") == []
        seat.entry("Find a past call").setText(party[:8])
        await until(lambda: len(seat.lines("Past calls")) == 1, PATIENCE_S, "found again")
        await seat.sees("no call", lambda: not seat.reads("On hold"))

    sit(story)


def test_the_keypad_dials_and_a_refusal_is_said(sit: Sit) -> None:
    async def story(seat: Seat) -> None:
        for key in "*0#":
            await seat.press(f"Key {key}")
        assert seat.typed() == "*0#"
        seat.types("@")
        await seat.press("Call")
        await until(lambda: seat.told, PATIENCE_S, "why not")
        assert seat.phone.calls == []

    sit(story)


def test_people_are_found_while_typing(sit: Sit) -> None:
    async def story(seat: Seat) -> None:
        await seat.sees("the book", lambda: ("team", "vcard", "ready") in sources(seat.phone))
        seat.types("lov")
        found = ["Ada Lovelace\n     work 030 1234567"]
        await until(lambda: seat.lines("People") == found, PATIENCE_S, "Ada")
        seat.types("x")
        await until(lambda: seat.lines("People") == [], PATIENCE_S, "nobody")

    sit(story)


def test_availability_and_volume_are_set(sit: Sit) -> None:
    async def story(seat: Seat) -> None:
        seat.choose("Availability", "Do not disturb")
        await seat.sees("dnd", lambda: seat.phone.availability == "dnd")
        seat.slide("Volume: Ringer", 30)
        await seat.sees("softer", lambda: seat.phone.audio.volume("ringer") == pytest.approx(0.3))

    sit(story)


def test_every_control_has_a_name_and_is_reached_by_the_keyboard(
    sit: Sit, far_end: EngineProcess, target: str
) -> None:
    async def story(seat: Seat) -> None:
        await seat.phone.dial(target)
        await seat.sees("a call", seat.buttons)
        controls = [
            one
            for one in seat.window.findChildren(QWidget)
            if isinstance(one, QAbstractButton | QLineEdit | AddressList | QComboBox | QSlider)
            and not one.objectName().startswith("qt_")
            and not isinstance(one.parent(), QTabBar | QLineEdit)
        ]
        assert controls
        for control in controls:
            interface = QAccessible.queryAccessibleInterface(control)
            assert interface.text(QAccessible.Text.Name), control
            # Where the name of a choice is what was chosen.
            described = interface.text(QAccessible.Text.Description)
            assert described or not isinstance(control, QComboBox), control
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control
        await seat.phone.hangup_all()

    sit(story)


def sources(phone: Phone) -> list[tuple[str, ...]]:
    return [tuple(one) for one in phone.contacts.sources]
