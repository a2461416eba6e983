# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktops on which Qt would not choose well."""

import pytest

from offhook.tray.main import qt_arguments

PLASMA_5 = {"KDE_SESSION_VERSION": "5", "WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("environment", "arguments"),
    [
        (PLASMA_5, ["-platform", "xcb;wayland"]),
        (PLASMA_5 | {"QT_QPA_PLATFORM": "wayland"}, []),
        (PLASMA_5 | {"DISPLAY": ""}, []),
        (PLASMA_5 | {"KDE_SESSION_VERSION": "6"}, []),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, []),
    ],
    ids=["plasma-5", "user's-choice", "no-x11", "plasma-6", "others"],
)
def test_x11_where_wayland_would_smear_the_window(
    environment: dict[str, str], arguments: list[str]
) -> None:
    assert qt_arguments(environment) == arguments
