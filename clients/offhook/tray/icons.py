# SPDX-License-Identifier: GPL-2.0-or-later
"""Our own drawings, from the icon theme where they are installed, else from this package."""

from functools import cache
from importlib import resources
from pathlib import Path

from PySide6.QtGui import QIcon

from .status import Status

APPLICATION = "offhook"


def icon_file(name: str) -> Path:
    """The drawing as a file, also for those who cannot find it in a theme."""
    return Path(str(resources.files(__package__) / "icons" / f"{name}.svg"))


@cache
def icon(name: str) -> QIcon:
    return QIcon.fromTheme(name, QIcon(str(icon_file(name))))


def status_icon(status: Status) -> QIcon:
    """Symbolic: a panel may draw it in its own colours."""
    return icon(f"offhook-{status}-symbolic")
