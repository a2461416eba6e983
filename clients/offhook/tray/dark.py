# SPDX-License-Identifier: GPL-2.0-or-later
"""Dark where the desktop is (XDG Desktop Portal, Settings): Qt hears of it on some of them."""

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from offhook.bus import Bus, Signal

from .latest import Latest

_PORTAL = "org.freedesktop.portal.Desktop"
_PATH = "/org/freedesktop/portal/desktop"
_SETTINGS = "org.freedesktop.portal.Settings"
_KEY = ("org.freedesktop.appearance", "color-scheme")
_PREFERS_DARK = 1
_MIDDLE = 128
"""Lightness of a window, of 255: above it a theme is a light one."""

_Role = QPalette.ColorRole
_BACK, _FIELD, _BUTTON, _TEXT, _FAINT = "#2e2e30", "#1f1f21", "#3c3c3f", "#f0f0f0", "#9c9ca0"
_COLOURS = {
    _Role.Window: _BACK,
    _Role.WindowText: _TEXT,
    _Role.Base: _FIELD,
    _Role.AlternateBase: "#27272a",
    _Role.Text: _TEXT,
    _Role.PlaceholderText: _FAINT,
    _Role.Button: _BUTTON,
    _Role.ButtonText: _TEXT,
    _Role.Mid: _BUTTON,
    _Role.ToolTipBase: _BUTTON,
    _Role.ToolTipText: _TEXT,
    _Role.Highlight: "#2a6fc9",
    _Role.HighlightedText: "#ffffff",
    _Role.Link: "#78aeed",
}
_DISABLED = (_Role.WindowText, _Role.Text, _Role.ButtonText)


class ColourScheme:
    """Follows the desktop's wish as long as `hear` gets the signals of the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._reading = Latest("colour scheme")

    def start(self) -> None:
        self._reading.start(self._read)

    def stop(self) -> None:
        self._reading.cancel()

    def hear(self, signal: Signal) -> None:
        match signal:
            case Signal(interface=interface, member="SettingChanged", body=[space, key, wish]):
                if interface == _SETTINGS and (space, key) == _KEY:
                    show(dark=wish == _PREFERS_DARK)

    async def _read(self) -> None:
        match = f"type='signal',sender='{_PORTAL}',interface='{_SETTINGS}'"
        await self._bus.ask("AddMatch", "s", match)
        (wish,) = await self._bus.call(_PORTAL, _PATH, _SETTINGS, "Read", "ss", *_KEY)
        show(dark=wish == _PREFERS_DARK)


def show(*, dark: bool) -> None:
    """Our own colours only where those of the desktop's theme are light though it wishes dark."""
    QApplication.setPalette(QPalette())
    if dark and QApplication.palette().color(_Role.Window).lightness() > _MIDDLE:
        QApplication.setPalette(_dark())


def _dark() -> QPalette:
    palette = QPalette(QColor(_BUTTON), QColor(_BACK))
    for role, colour in _COLOURS.items():
        palette.setColor(role, QColor(colour))
    for role in _DISABLED:
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_FAINT))
    return palette
