# SPDX-License-Identifier: GPL-2.0-or-later
"""A telephone set that is plugged in, as the rest of the phone sees it."""

import asyncio
import errno
import getpass
import logging
from collections.abc import Iterable, KeysView, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from offhookd.devices.access import AccessWatch
from offhookd.devices.connection import Connection
from offhookd.devices.grabs import Grabs
from offhookd.devices.quirks import DeviceKind
from offhookd.devices.udev import Node, UsbDevice
from offhookd.devices.window import Window
from offhookd.phone.buttons import DeviceId, Lamps, Press
from offhookd.phone.display import Screen
from offhookd.phone.events import Signal
from offhookd.phone.ports import Clock

NO_BATTERY = 255

IDENTIFY_S = 2.0
"""So long a set rings or blinks to show which it is."""

RULE_FILES = tuple(
    Path(directory, "70-offhook.rules")
    for directory in ("/etc/udev/rules.d", "/usr/lib/udev/rules.d")
)

logger = logging.getLogger(__name__)


class DeviceState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    NO_PERMISSION = "no-permission"
    NO_AUDIO = "no-audio"
    FAILED = "failed"


class HookState(StrEnum):
    UNKNOWN = "unknown"
    ON = "on"
    OFF = "off"


class Device:
    """`changed` is sent for every property that is not constant; `problem` is the sentence behind
    a `state` that needs a person, "" otherwise.  `card` is the sound card in sysfs, or ""."""

    def __init__(
        self,
        id_: DeviceId,
        usb: UsbDevice,
        name: str,
        kind: DeviceKind,
        clock: Clock,
        access: AccessWatch,
        enabled: bool,
    ) -> None:
        self.changed: Signal[[]] = Signal()
        self.pressed: Signal[[Press]] = Signal()
        self.id = id_
        self.usb = usb
        self.name = name
        self.kind = kind
        self.battery = NO_BATTERY
        self.problem = ""
        self.state = DeviceState.STARTING
        self.enabled = enabled
        self.capture = ""
        self.playback = ""
        self._audio_known = False
        self._told: tuple[object, ...] = ()
        self._access = access
        self._identifying = Window(clock, IDENTIFY_S, self._light)
        self._lamps = Lamps()
        self._failed = ""
        self._locked: set[str] = set()
        self._gone = False
        self._controls: tuple[str, ...] = ()
        self._connections: dict[str, Connection] = {}
        self._doubles: tuple[Node, ...] = ()
        self._grabs = Grabs(name)

    # ------------------------------------------------------------ properties

    @property
    def vendor(self) -> int:
        return self.usb.vendor

    @property
    def product(self) -> int:
        return self.usb.product

    @property
    def serial(self) -> str:
        return self.usb.serial

    @property
    def sys_path(self) -> str:
        return self.usb.sys_path

    @property
    def card(self) -> str:
        return self.usb.card

    @property
    def controls(self) -> Sequence[str]:
        """In the words of the D-Bus contract."""
        return self._controls

    @property
    def hook(self) -> HookState:
        known = [one.logic.off_hook for one in self._connections.values() if one.is_open]
        if not any(level is not None for level in known):
            return HookState.UNKNOWN
        return HookState.OFF if any(known) else HookState.ON

    @property
    def muted(self) -> bool:
        return self._lamps.muted

    @property
    def lamps(self) -> Lamps:
        return self._lamps

    # ------------------------------------------------------------ what it does

    def show(self, lamps: Lamps) -> None:
        self._lamps = lamps
        self._identifying.close()
        self._light()
        self._reckon()

    def identify(self) -> None:
        """Ring or blink, and then show again what is to be shown."""
        self._identifying.open()
        self._light()

    def _light(self) -> None:
        lamps = self._lamps
        if self._identifying:
            lamps = replace(lamps, ringing=True, ringer=True)
        for connection in self._connections.values():
            if connection.is_open:
                connection.logic.show(lamps)

    def draw(self, screen: Screen) -> None:
        """Show it on the display, if there is one."""
        for connection in self._connections.values():
            if connection.is_open:
                connection.draw(screen)

    def refresh(self) -> None:
        """Tell the set everything again, as after the machine slept."""
        for connection in self._connections.values():
            if connection.is_open:
                connection.refresh()

    def set_audio(self, capture: str, playback: str) -> None:
        """The endpoints of its sound card, "" for none."""
        self.capture, self.playback, self._audio_known = capture, playback, True
        self._reckon()

    # ------------------------------------------------------------ its nodes

    @property
    def nodes(self) -> KeysView[str]:
        """Of those in use, in sysfs."""
        return self._connections.keys()

    def has(self, node_path: str) -> bool:
        return node_path in self._connections

    def add(self, connection: Connection, controls: Sequence[str]) -> None:
        """A node of it that has controls."""
        self._connections[connection.node.sys_path] = connection
        self._controls = tuple(dict.fromkeys((*self._controls, *controls)))
        connection.logic.pressed.connect(self.pressed)
        connection.logic.changed.connect(self._reckon)
        if self.enabled:
            self._open(connection)
        self._reckon()

    def keep(self, doubles: Iterable[Node]) -> None:
        """Event nodes of keys that are ours while the device is."""
        self._doubles = tuple(doubles)
        if any(one.is_open for one in self._connections.values()):
            self._grabs.hold(self._doubles)

    async def enable(self, enabled: bool) -> None:
        self.enabled = enabled
        if enabled:
            for connection in self._connections.values():
                self._open(connection)
        else:
            await self.close()
        self._reckon()

    async def close(self) -> None:
        """Leave the set idle; idempotent."""
        self._grabs.release()
        self._identifying.close()
        for connection in self._connections.values():
            self._access.remove(connection.node.path)
        await asyncio.gather(*(connection.close() for connection in self._connections.values()))

    async def drop(self, node_path: str) -> None:
        """A node is gone."""
        connection = self._connections.pop(node_path, None)
        if connection:
            self._locked.discard(connection.node.path)
            self._access.remove(connection.node.path)
            await connection.close()
            self._reckon()

    def _open(self, connection: Connection) -> None:
        if connection.is_open:
            return
        try:
            connection.open(self._ended)
        except PermissionError:
            self._locked.add(connection.node.path)
            self._access.add(connection.node.path, lambda: self._retry(connection))
        except FileNotFoundError:
            pass  # unplugged between the event and now
        except OSError as error:
            if error.errno not in {errno.ENODEV, errno.ENXIO, errno.EIO}:
                self._failed = f"{self.name} cannot be opened: {error.strerror}; replug it"
        else:
            self._locked.discard(connection.node.path)
            self._gone = False
            self._access.remove(connection.node.path)
            self._grabs.hold(self._doubles)
            self._light()

    def _retry(self, connection: Connection) -> None:
        """The rights changed; udev's last word counts."""
        if self.enabled:
            self._open(connection)
            self._reckon()

    def _ended(self, text: str) -> None:
        """Unplugged, where there is no text: it stays as it was until udev takes it away, so that
        whoever had it in a call sees it go in one step."""
        self._grabs.release()
        self._gone = not text
        self._failed = text
        self._reckon()

    # ------------------------------------------------------------ state

    def _reckon(self) -> None:
        state, problem = self._judge()
        if state is not self.state:
            level = logging.WARNING if problem else logging.INFO
            logger.log(level, "%s: %s -> %s %s", self.name, self.state, state, problem)
        self.state, self.problem = state, problem
        facts = state, problem, self.hook, self.muted, self.enabled, self.capture, self.playback
        if facts != self._told:
            self._told = facts
            self.changed()

    def _judge(self) -> tuple[DeviceState, str]:
        used = [one for one in self._connections.values() if one.is_open]
        if self._gone:
            return self.state, self.problem
        if self._failed:
            return DeviceState.FAILED, self._failed
        if self._locked and self.enabled:
            return DeviceState.NO_PERMISSION, locked(self.name, min(self._locked))
        if not all(one.logic.ready for one in used) or (self.enabled and not used):
            return DeviceState.STARTING, ""
        if self._audio_known and not self.capture and not self.playback:
            return DeviceState.NO_AUDIO, f"{self.name} has no sound of its own that can be used"
        return DeviceState.READY, ""


def locked(name: str, path: str) -> str:
    """Why, and the one command that mends it: the rule where it is missing, and where it is not
    (nobody sits at this machine's screen) the right for this user alone."""
    if any(rule.exists() for rule in RULE_FILES):
        command = f"sudo setfacl -m u:{getpass.getuser()}:rw {path}"
    else:
        shipped = Path(__file__).with_name("70-offhook.rules")
        command = (
            f"sudo install -m 644 {shipped} /etc/udev/rules.d/ && sudo udevadm control --reload && "
            "sudo udevadm trigger --subsystem-match=hidraw --subsystem-match=input"
        )
    return f"{name} may not be used by this user; run: {command}"
