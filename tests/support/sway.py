# SPDX-License-Identifier: GPL-2.0-or-later
"""A Wayland desktop of the test's own: sway without a screen, waybar, mako."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.support.dbus import PrivateBus
from tests.support.desktop import Desktop

PROGRAMS = ("sway", "waybar", "mako")
NO_ROOT = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
"""sway does not run as root, not even in a container."""

PANEL = '{"layer": "top", "modules-right": ["tray"]}'


class Sway(Desktop):
    def show_panel(self) -> None:
        self.start_panel()

    def start_panel(self) -> subprocess.Popen[bytes]:
        settings = self._directory / "waybar.json"
        settings.write_text(PANEL)
        return self.start("waybar", "-c", str(settings))

    def show_notifications(self) -> None:
        self.start("mako")

    def windows(self) -> list[str]:
        """What programs call themselves whose windows are shown; with a * who has the keyboard."""
        return list(_windows(json.loads(self.run("swaymsg", "-t", "get_tree"))))

    def _start_screen(
        self, environment: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], Mapping[str, str]]:
        runtime = tempfile.mkdtemp(prefix="offhook-sway-")  # short, as sockets' names must be
        # Where there is a portal, the bus starts it, and it mounts documents here until that ends.
        self._stack.callback(shutil.rmtree, runtime, ignore_errors=True)
        here = {"XDG_RUNTIME_DIR": runtime, "XDG_SESSION_TYPE": "wayland"}
        headless = {
            "WLR_BACKENDS": "headless",
            "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_RENDERER": "pixman",
        }

        def command(told: int) -> Sequence[str]:
            settings = self._directory / "sway.conf"
            settings.write_text(f'exec echo "$WAYLAND_DISPLAY $SWAYSOCK" >/dev/fd/{told}\n')
            return [*(NO_ROOT if os.getuid() == 0 else ()), "sway", "-c", str(settings)]

        process, line = self._announced({**environment, **here, **headless}, command)
        display, _, socket = line.partition(" ")
        shown_on = {"WAYLAND_DISPLAY": display, "SWAYSOCK": socket, "QT_QPA_PLATFORM": "wayland"}
        return process, {**here, **shown_on}


def _windows(node: Any) -> Iterator[str]:
    if name := node.get("app_id"):
        yield f"{name}*" if node["focused"] else name
    for child in (*node["nodes"], *node["floating_nodes"]):
        yield from _windows(child)


def missing() -> str:
    """Why there can be no such desktop here; "" where there can."""
    if lacks := [one for one in PROGRAMS if not shutil.which(one)]:
        return f"{' and '.join(lacks)} not installed: apt-get install sway waybar mako-notifier"
    if os.getuid() == 0 and subprocess.run([*NO_ROOT, "true"], check=False).returncode:
        return "sway does not run as root, and this kernel lets root be nobody else"
    return ""


@contextmanager
def sway(bus: PrivateBus, directory: Path) -> Iterator[Sway]:
    """An empty one, for the length of the block."""
    with ExitStack() as stack:
        yield Sway(bus, directory, stack)
