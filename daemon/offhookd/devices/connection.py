# SPDX-License-Identifier: GPL-2.0-or-later
"""One node of a telephone set, opened: its reports to the logic and back."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from offhookd.devices.evdev import SND_BELL, EventNode
from offhookd.devices.hidraw import Hidraw
from offhookd.devices.keyphone import KeyPhone, Panel
from offhookd.devices.layout import Layout
from offhookd.devices.panels import Buzzer, YealinkDisplay
from offhookd.devices.quirks import Quirks
from offhookd.devices.set import TelephoneSet
from offhookd.devices.udev import Node
from offhookd.devices.window import Window
from offhookd.phone.buttons import DeviceId, Lamps, Press
from offhookd.phone.display import Screen
from offhookd.phone.events import Signal
from offhookd.phone.ports import Clock

Ended = Callable[[str], None]


class Logic(Protocol):
    """What a set and a phone with keys have in common."""

    pressed: Signal[[Press]]
    changed: Signal[[]]

    @property
    def ready(self) -> bool: ...

    @property
    def off_hook(self) -> bool | None: ...

    @property
    def lamps(self) -> Lamps: ...

    def show(self, lamps: Lamps) -> None: ...


class Connection(ABC):
    """`open` raises `OSError` where the node cannot be opened; after it `ended` is called once when
    the node is gone or given up, as in `Hidraw`."""

    logic: Logic

    def __init__(self, node: Node, name: str) -> None:
        self.node = node
        self.name = name
        self.is_open = False

    @abstractmethod
    def open(self, ended: Ended) -> None: ...

    @abstractmethod
    async def close(self) -> None:
        """Leave the set idle and let go of it; idempotent."""

    @abstractmethod
    def refresh(self) -> None:
        """The set may have forgotten everything: tell it again."""

    @abstractmethod
    def draw(self, screen: Screen) -> None:
        """Show it where there is a display."""


class HidConnection(Connection):
    def __init__(
        self,
        node: Node,
        name: str,
        device: DeviceId,
        layout: Layout,
        quirks: Quirks,
        clock: Clock,
    ) -> None:
        super().__init__(node, name)
        self._gap_s = quirks.write_gap_s
        self._ping = quirks.ping
        self._hidraw: Hidraw | None = None
        self._set = TelephoneSet(device, layout, quirks, clock, self._send)
        self.logic = self._set
        every_s = quirks.ping.every_s if quirks.ping else 0
        self._pause = Window(clock, every_s, self._send_ping)

    def open(self, ended: Ended) -> None:
        fd = os.open(self.node.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

        def end(text: str) -> None:
            self.is_open = False
            self._pause.close()
            self._hidraw = None
            ended(text)
            self._set.close()

        self._hidraw = Hidraw(fd, self.name, self._set.receive, end, self._gap_s)
        self.is_open = True
        self._set.open()
        self._send_ping()

    def refresh(self) -> None:
        self._set.refresh()
        self._send_ping()

    def draw(self, screen: Screen) -> None:
        """It has no display that is known."""

    async def close(self) -> None:
        self._pause.close()
        self._set.close()
        hidraw, self._hidraw = self._hidraw, None
        self.is_open = False
        if hidraw:
            await hidraw.close()

    def _send(self, report: bytes) -> None:
        if self._hidraw:
            self._hidraw.send(report)

    def _send_ping(self) -> None:
        if self._hidraw and self._ping:
            self._hidraw.send(self._ping.report, self._ping.feature)
            self._pause.open()


class KeyConnection(Connection):
    """A phone behind a kernel driver, whose event node is grabbed."""

    def __init__(self, node: Node, name: str, device: DeviceId, clock: Clock) -> None:
        super().__init__(node, name)
        self._events: EventNode | None = None
        self._phone = KeyPhone(device, node.driver, clock, self._panel(clock))
        self.logic = self._phone

    def open(self, ended: Ended) -> None:
        fd = os.open(self.node.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

        def end(text: str) -> None:
            self.is_open = False
            self._events = None
            ended(text)
            self._phone.close()

        self._events = EventNode(fd, self.name, self._phone.receive, end)
        try:
            self._events.grab()
        except OSError:
            self._events.close()
            self._events = None
            raise
        self.is_open = True
        self._phone.open()

    def refresh(self) -> None:
        self._phone.open()

    async def close(self) -> None:
        self._phone.close()
        self.is_open = False
        if self._events:
            self._events.close()
            self._events = None

    def draw(self, screen: Screen) -> None:
        self._phone.draw(screen)

    def _panel(self, clock: Clock) -> Panel:
        if self.node.driver == "cm109":
            return Buzzer(clock, self._sound)
        return YealinkDisplay(Path(self.node.sys_path.partition("/input/")[0]))

    def _sound(self, on: bool) -> None:
        if self._events:
            self._events.sound(SND_BELL, int(on))
