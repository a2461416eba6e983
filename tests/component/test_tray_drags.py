# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls and addresses carried by the mouse, drawn nowhere."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMenu

from offhook.objects import ROOT
from offhook.tray import loop
from offhook.tray.address_list import AddressList
from offhook.tray.call_frame import CallFrame
from offhook.tray.deeds import Deeds
from offhook.tray.drags import of_address, of_call
from offhook.tray.window import PhoneWindow
from tests.support.phone_image import PhoneImage, row
from tests.support.qt import offscreen

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
HAND = ["Hangup", "TransferTo", "Transfer"]
Story = Callable[[PhoneWindow], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def application() -> QApplication:
    return offscreen()


@pytest.fixture
def phone() -> PhoneImage:
    made = PhoneImage()
    made.add_call(1, State="active", PeerName="Ada", Actions=HAND)
    made.add_call(2, State="dialing", PeerName="Bob", Actions=HAND)
    return made


@pytest.fixture
def tell(application: QApplication, phone: PhoneImage) -> Callable[[Story], None]:
    del application

    async def told(story: Story) -> None:
        deeds = Deeds(pytest.fail)
        window = PhoneWindow(phone, deeds.do, lambda: None)
        window.show()
        window.update_view([row(1, **{"peer-uri": "sip:1003@pbx"})])
        await story(window)
        await asyncio.sleep(0)
        await deeds.stop()
        window.close()
        window.deleteLater()

    return lambda story: loop.run(told(story))


def frame(window: PhoneWindow, place: int) -> CallFrame:
    return window.findChildren(CallFrame)[place]


def drop(target: CallFrame, data: QMimeData) -> bool:
    """Whether it was taken, after it was carried there and let go."""
    for kind in (QEvent.Type.DragEnter, QEvent.Type.Drop):
        event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, NONE, kind)
        event.ignore()
        QApplication.sendEvent(target, event)
        if not event.isAccepted():
            return False
    return True


def menu(window: PhoneWindow) -> QMenu:
    (found,) = [one for one in window.findChildren(QMenu) if one.isVisible()]
    return found


def test_a_call_on_a_call_asks_what_to_make_of_them(
    tell: Callable[[Story], None], phone: PhoneImage
) -> None:
    async def story(window: PhoneWindow) -> None:
        assert drop(frame(window, 0), of_call(f"{ROOT}/calls/c2"))
        shown = menu(window)
        assert [one.text() for one in shown.actions()] == ["Transfer Bob to Ada"]
        assert phone.asked == []
        shown.actions()[0].trigger()
        await asyncio.sleep(0)
        assert phone.asked == [("/calls/c2", "TransferTo", (f"{ROOT}/calls/c1",))]
        shown.close()

    tell(story)


def test_a_line_of_a_list_on_a_call_hands_it_over(
    tell: Callable[[Story], None], phone: PhoneImage
) -> None:
    async def story(window: PhoneWindow) -> None:
        (past,) = [
            one for one in window.findChildren(AddressList) if one.accessibleName() == "Past calls"
        ]
        carried = past.mimeData([past.item(0)])
        assert carried.text() == "sip:1003@pbx"
        assert drop(frame(window, 0), carried)
        await asyncio.sleep(0)
        assert phone.asked == [("/calls/c1", "Transfer", ("sip:1003@pbx",))]

    tell(story)


def test_what_nothing_can_be_made_of_is_not_taken(tell: Callable[[Story], None]) -> None:
    async def story(window: PhoneWindow) -> None:
        other = QMimeData()
        other.setText("1003")
        assert not drop(frame(window, 0), other)
        assert not drop(frame(window, 0), of_call(f"{ROOT}/calls/c1"))
        assert not drop(frame(window, 0), of_address(""))

    tell(story)


def test_the_menu_key_offers_what_the_mouse_can_do(tell: Callable[[Story], None]) -> None:
    async def story(window: PhoneWindow) -> None:
        window.show_history()
        (past,) = [
            one for one in window.findChildren(AddressList) if one.accessibleName() == "Past calls"
        ]
        past.setCurrentRow(0)
        key = QContextMenuEvent.Reason.Keyboard
        QApplication.sendEvent(past.viewport(), QContextMenuEvent(key, QPoint(), QPoint()))
        shown = menu(window)
        assert [one.text() for one in shown.actions()] == [
            "Call",
            "Transfer Ada to 1003",
            "Transfer Bob to 1003",
            "Add to favourites",
        ]
        shown.close()

    tell(story)
