# SPDX-License-Identifier: GPL-2.0-or-later
"""Which USB devices have nodes that could belong to a telephone set, now and from now on.

The nodes of one device appear one by one in any order, the sound card often before the buttons;
they are joined by the USB device above them.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

SUBSYSTEMS = ("hidraw", "input", "sound")

MAX_TEXT_CHARS = 126  # a string descriptor cannot hold more

PHONE_DRIVERS = frozenset({"yealink", "cm109"})
"""Drivers of the kernel that take a phone for themselves: an input node instead of hidraw."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Node:
    """`path` is the device file, "" for a sound card; `driver` that of the USB interface."""

    sys_path: str
    subsystem: str
    path: str
    driver: str


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """`port` is where it is plugged in ("3-1.2"), the texts are what it says of itself."""

    sys_path: str
    vendor: int
    product: int
    serial: str
    name: str
    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def port(self) -> str:
        return self.sys_path.rpartition("/")[2]

    @property
    def hidraw(self) -> tuple[Node, ...]:
        return tuple(one for one in self.nodes.values() if one.subsystem == "hidraw")

    @property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(one for one in self.nodes.values() if one.subsystem == "input")

    @property
    def card(self) -> str:
        """The sound card in sysfs, "" for none."""
        cards = (one.sys_path for one in self.nodes.values() if one.subsystem == "sound")
        return next(cards, "")


class Watch:
    """`changed` gets a device whenever a node of it came or went, `removed` the sysfs path of one
    that has none left."""

    def __init__(
        self, changed: Callable[[UsbDevice], None], removed: Callable[[str], None]
    ) -> None:
        self._changed = changed
        self._removed = removed
        self._context: Any = None
        self._monitor: Any = None
        self._socket: socket.socket | None = None
        self._nodes: dict[str, tuple[str, Node]] = {}
        """By its sysfs path, with that of the USB device."""

    def start(self) -> None:
        """Listen first, then look what is there: nothing can fall between."""
        import pyudev  # noqa: PLC0415 - 15 ms that a phone without USB need not wait for

        self._context = pyudev.Context()
        self._monitor = pyudev.Monitor.from_netlink(self._context, "udev")
        for subsystem in SUBSYSTEMS:
            self._monitor.filter_by(subsystem)
        self._monitor.start()
        self._socket = socket.socket(fileno=os.dup(self._monitor.fileno()))
        asyncio.get_running_loop().add_reader(self._monitor.fileno(), self._readable)
        self._scan()

    def stop(self) -> None:
        """Idempotent."""
        if self._socket:
            asyncio.get_running_loop().remove_reader(self._monitor.fileno())
            self._socket.close()
            self._socket = None
            self._monitor = self._context = None
            self._nodes.clear()

    def tell_all(self) -> None:
        """Call `changed` again for every device there is."""
        for usb in {usb for usb, _ in self._nodes.values()}:
            self._tell(usb)

    # ------------------------------------------------------------ events

    def _readable(self) -> None:
        """A full buffer is an error on the socket that pyudev would report for ever; asking for
        it clears it, and what was lost is found by looking again."""
        assert self._socket is not None  # noqa: S101 - the reader exists only with it
        lost = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        while (device := self._next()) is not None:
            if device.action == "remove":
                self._remove(device.sys_path)
            else:
                self._add(device)
        if lost:
            logger.info("too many devices at once: looking again which are there")
            self._scan()

    def _next(self) -> Any:
        try:
            return self._monitor.poll(timeout=0)
        except OSError:
            return None  # the socket has an error again, and wakes us for it

    def _scan(self) -> None:
        present = set()
        for subsystem in SUBSYSTEMS:
            for device in self._context.list_devices(subsystem=subsystem):
                present.add(device.sys_path)
                self._add(device)
        for sys_path in self._nodes.keys() - present:
            self._remove(sys_path)

    def _add(self, device: Any) -> None:
        node = _node(device)
        if node is None or node.sys_path in self._nodes:
            return
        usb = device.find_parent("usb", "usb_device")
        if usb is not None:
            self._nodes[node.sys_path] = usb.sys_path, node
            self._tell(usb.sys_path)

    def _remove(self, sys_path: str) -> None:
        usb, _ = self._nodes.pop(sys_path, ("", None))
        if usb:
            self._tell(usb)

    def _tell(self, usb: str) -> None:
        nodes = {path: node for path, (above, node) in self._nodes.items() if above == usb}
        if nodes:
            self._changed(_usb_device(usb, nodes))
        else:
            self._removed(usb)


def _node(device: Any) -> Node | None:
    """The nodes of use: buttons, event devices and cards, not their parents and children."""
    name = device.sys_name
    wanted = {"hidraw": "hidraw", "input": "event", "sound": "card"}[device.subsystem]
    if not name.startswith(wanted) or (device.device_node is None and wanted != "card"):
        return None
    interface = device.find_parent("usb", "usb_interface")
    driver = (interface.driver or "") if interface is not None else ""
    return Node(device.sys_path, device.subsystem, device.device_node or "", driver)


def _usb_device(sys_path: str, nodes: Mapping[str, Node]) -> UsbDevice:
    return UsbDevice(
        sys_path,
        _number(sys_path, "idVendor"),
        _number(sys_path, "idProduct"),
        _text(sys_path, "serial"),
        _text(sys_path, "product"),
        MappingProxyType(nodes),
    )


def _text(sys_path: str, name: str) -> str:
    """What the device says of itself, fit for a terminal; "" if it is gone or says nothing."""
    try:
        written = Path(sys_path, name).read_bytes()
    except OSError:
        return ""
    clean = (c for c in written.decode("utf-8", "replace").strip() if c.isprintable())
    return "".join(clean)[:MAX_TEXT_CHARS]


def _number(sys_path: str, name: str) -> int:
    try:
        return int(_text(sys_path, name), 16)
    except ValueError:
        return 0


def report_descriptor(node: Node) -> bytes:
    """Of a hidraw node; `OSError` if it is gone.  Everybody may read it."""
    return Path(node.sys_path, "device", "report_descriptor").read_bytes()
