# SPDX-License-Identifier: GPL-2.0-or-later
"""The window with large text and on small screens, drawn nowhere."""

import asyncio
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QPushButton

from offhook.tray import loop
from offhook.tray.deeds import Deeds
from offhook.tray.window import PhoneWindow
from tests.support.phone_image import PhoneImage
from tests.support.processes import PATIENCE_S, until
from tests.support.qt import offscreen

LOWEST = 36
"""Lines of text: half of a small notebook's screen."""


@pytest.fixture(scope="module")
def application() -> QApplication:
    return offscreen()


@pytest.fixture(params=[1, 2], ids=["100%", "200%"], autouse=True)
def text(application: QApplication, request: pytest.FixtureRequest) -> Iterator[None]:
    before = application.font()
    larger = application.font()
    larger.setPointSizeF(before.pointSizeF() * request.param)
    application.setFont(larger)
    yield
    application.setFont(before)


@pytest.fixture
def phone() -> PhoneImage:
    made = PhoneImage()
    for number, name in enumerate(("Ada", "Bob", "Cem"), 1):
        made.add_call(number, State="active", PeerName=name, Actions=["Hold", "Hangup", "Transfer"])
    return made


def test_the_window_fits_however_many_calls_there_are(phone: PhoneImage) -> None:
    async def story() -> None:
        deeds = Deeds(pytest.fail)
        window = PhoneWindow(phone, deeds.do, lambda: None)
        window.show()
        window.update_view([])
        line = window.fontMetrics().lineSpacing()
        window.resize(25 * line, LOWEST * line)
        await asyncio.sleep(0)
        await until(lambda: window.height() == LOWEST * line, PATIENCE_S, str(window.size()))
        assert [one.accessibleName() for one in clipped(window)] == []
        window.close()
        window.deleteLater()

    loop.run(story())


def clipped(window: PhoneWindow) -> list[QPushButton]:
    """Buttons whose text has no room."""
    shown = [one for one in window.findChildren(QPushButton) if one.isVisible()]
    return [
        one
        for one in shown
        if one.height() < one.sizeHint().height() or one.width() < one.minimumSizeHint().width()
    ]
