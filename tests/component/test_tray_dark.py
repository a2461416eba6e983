# SPDX-License-Identifier: GPL-2.0-or-later
"""The colours of the window, drawn nowhere."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from offhook.bus import Bus, Signal
from offhook.tray import dark
from tests.support.qt import offscreen

SPACE = "org.freedesktop.appearance"
LIGHT, DARK = 2, 1
READABLE = 4.5
"""Contrast that WCAG AA asks of text."""


@pytest.fixture(scope="module", autouse=True)
def application() -> Iterator[QApplication]:
    made = offscreen()
    yield made
    dark.show(dark=False)


def wish(value: int, key: str = "color-scheme") -> None:
    interface = "org.freedesktop.portal.Settings"
    scheme = dark.ColourScheme(Bus())
    scheme.hear(Signal(":1.7", "/", interface, "SettingChanged", [SPACE, key, value]))


def is_dark() -> bool:
    return QApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def test_the_window_follows_the_desktop() -> None:
    wish(LIGHT)
    assert not is_dark()
    wish(DARK)
    assert is_dark()
    wish(LIGHT)
    assert not is_dark()
    wish(DARK, "accent-color")
    assert not is_dark()


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("WindowText", "Window"),
        ("Text", "Base"),
        ("Text", "AlternateBase"),
        ("PlaceholderText", "Base"),
        ("ButtonText", "Button"),
        ("ToolTipText", "ToolTipBase"),
        ("HighlightedText", "Highlight"),
        ("Link", "Window"),
    ],
)
def test_text_can_be_read(text: str, back: str) -> None:
    wish(DARK)
    palette = QApplication.palette()
    one, other = (palette.color(QPalette.ColorRole[name]) for name in (text, back))
    assert contrast(one, other) >= READABLE


def contrast(one: QColor, other: QColor) -> float:
    """As WCAG 2.2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: QColor) -> float:
    def linear(part: float) -> float:
        return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(part) for part in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
