# SPDX-License-Identifier: GPL-2.0-or-later
"""`offhook-tray`: the phone on the desktop."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping

from offhook.errors import NoDaemonError

from .words import speak, tr

NEEDS_QT = "offhook-tray needs PySide6: install offhook[tray], or run make install ARGS=tray again"

QUIET = "qt.qpa.services.warning=false\nqt.qpa.wayland.textinput.warning=false"
"""Desktops without a portal, and every change of the focus under Wayland: neither is a fault."""


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="offhook-tray",
        description="The phone on the desktop: an icon in the panel, notifications and a window.  A"
        " second start shows the window of the first.",
    )
    result.add_argument(
        "--background", action="store_true", help="show only the icon, where there is a panel"
    )
    return result


def qt_arguments(environment: Mapping[str, str]) -> list[str]:
    """How Qt comes to the screen where it would not choose well itself.

    KWin before 6.2 takes the lines of a picture to be as long as the window is wide; those of
    Qt 6.11 are longer, and the window is a smear.  There, X11 is to be had beside Wayland.
    """
    plasma_5 = environment.get("KDE_SESSION_VERSION") == "5" and environment.get("DISPLAY")
    if plasma_5 and not environment.get("QT_QPA_PLATFORM"):
        return ["-platform", "xcb;wayland"]
    return []


def main() -> None:
    """The `offhook-tray` program; exit status 1 says that there is no desktop to be on."""
    options = parser().parse_args()
    try:
        from PySide6.QtCore import QLocale  # noqa: PLC0415 - an extra that may be missing
    except ImportError:
        sys.exit(NEEDS_QT)
    speak(QLocale.system().name())
    _on_desktop(background=options.background)


def _on_desktop(*, background: bool) -> None:
    from PySide6.QtCore import QLoggingCategory  # noqa: PLC0415 - likewise
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415 - likewise

    from . import icons, loop  # noqa: PLC0415 - likewise

    QLoggingCategory.setFilterRules(QUIET)
    application = QApplication(["offhook-tray", *qt_arguments(os.environ)])
    application.setApplicationDisplayName(tr("Phone"))
    application.setDesktopFileName("offhook-tray")
    application.setQuitOnLastWindowClosed(False)
    application.setWindowIcon(icons.icon(icons.APPLICATION))
    try:
        loop.run(_serve(background=background))
    except NoDaemonError as error:
        sys.exit(f"offhook-tray: {error.message}")
    except loop.DesktopGoneError:
        sys.exit("offhook-tray: the desktop has ended")


async def _serve(*, background: bool) -> None:
    from .app import Applet  # noqa: PLC0415 - likewise
    from .desktop import activate_first, is_first  # noqa: PLC0415 - likewise

    applet = Applet(background=background)
    async with applet.bus as bus:
        if not await is_first(bus):
            await activate_first(bus)
            return
        serving = asyncio.ensure_future(applet.run())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, applet.quit)
        await serving


if __name__ == "__main__":
    main()
