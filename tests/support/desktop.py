# SPDX-License-Identifier: GPL-2.0-or-later
"""A desktop of the test's own: a screen, a panel that shows icons, notifications, windows."""

import os
import select
import subprocess
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.dbus import PrivateBus
from tests.support.processes import PATIENCE_S

SCREEN = "1000x760x24"

PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="true"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
    </property>
    <property name="plugin-3" type="string" value="systray"/>
  </property>
</channel>
"""

DUNST = """[global]
origin = top-right
offset = 16x16
width = 320
font = DejaVu Sans 10
markup = full
format = "<b>%s</b>\\n%b"
icon_position = left
max_icon_size = 48
dmenu = grep -m1 "#Answer "
"""
"""Whoever asks for the menu of buttons presses Answer."""


class Desktop:
    """What programs need to be on it is in `environment`; `screen` is what draws."""

    def __init__(self, bus: PrivateBus, directory: Path, stack: ExitStack) -> None:
        self._stack = stack
        self._directory = directory
        common = {
            **os.environ,
            "HOME": str(directory),
            "XDG_CONFIG_HOME": str(directory / "config"),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "XDG_STATE_HOME": str(directory / "state"),
            "DBUS_SESSION_BUS_ADDRESS": bus.address,
            "LANG": "C.UTF-8",
            "NO_AT_BRIDGE": "1",
            "GSETTINGS_BACKEND": "memory",
            "GIO_USE_VFS": "local",
        }
        self.screen, shown_on = self._start_screen(common)
        self.environment: Mapping[str, str] = {**common, **shown_on}
        # What the bus starts, such as the panel's settings, belongs here too.
        self.run("dbus-update-activation-environment", "--all")

    @abstractmethod
    def _start_screen(
        self, environment: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], Mapping[str, str]]:
        """What draws, and what programs have to know to be drawn by it."""

    @abstractmethod
    def show_panel(self) -> None: ...

    @abstractmethod
    def show_notifications(self) -> None: ...

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program that ends with the desktop."""
        process = self._start(command, self.environment)
        self._stack.callback(stop, process)
        return process

    def run(self, *command: str) -> str:
        """What a program prints."""
        return subprocess.run(
            command,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ).stdout

    def _start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        with (self._directory / "desktop.log").open("ab") as log:
            return subprocess.Popen(
                command,
                env=environment,
                pass_fds=pass_fds,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _announced(
        self, environment: Mapping[str, str], command: Callable[[int], Sequence[str]]
    ) -> tuple[subprocess.Popen[bytes], str]:
        """A program, and the line that it writes into a descriptor when it is there."""
        reading, writing = os.pipe()
        process = self._start(command(writing), environment, [writing])
        self._stack.callback(stop, process)
        os.close(writing)
        with open(reading) as line:  # noqa: PTH123 - a descriptor is no path
            ready, _, _ = select.select([line], [], [], PATIENCE_S)
            assert ready, f"{process.args!r} does not begin"
            return process, line.readline().strip()


class X11Desktop(Desktop):
    def show_windows(self) -> None:
        self.start("openbox")

    def show_panel(self) -> None:
        settings = self._directory / "config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(PANEL)
        self.start("xfce4-panel", "--disable-wm-check")

    def show_notifications(self) -> None:
        # Where also that dunst finds it which the bus starts, if somebody asks before this one.
        settings = self._directory / "config/dunst/dunstrc"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(DUNST)
        self.start("dunst")

    def picture(self, file: Path) -> None:
        """A screenshot, for a person."""
        self.run("import", "-window", "root", str(file))

    def _start_screen(
        self, environment: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], Mapping[str, str]]:
        """It chooses a free number."""
        screen = ("-screen", "0", SCREEN, "-nolisten", "tcp")
        process, number = self._announced(
            environment, lambda told: ["Xvfb", "-displayfd", str(told), *screen]
        )
        return process, {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program and wait for it, whatever it does."""
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def desktop(bus: PrivateBus, directory: Path) -> Iterator[X11Desktop]:
    """An empty one, for the length of the block."""
    with ExitStack() as stack:
        yield X11Desktop(bus, directory, stack)
