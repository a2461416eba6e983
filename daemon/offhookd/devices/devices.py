# SPDX-License-Identifier: GPL-2.0-or-later
"""The telephone sets that are plugged in: found, opened, heard and lit."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from offhookd.devices.access import AccessWatch
from offhookd.devices.connection import Connection, HidConnection, KeyConnection
from offhookd.devices.device import Device
from offhookd.devices.grabs import doubles
from offhookd.devices.items import DescriptorError
from offhookd.devices.keyphone import key_phone_controls
from offhookd.devices.layout import Layout, control_names, layout, mended
from offhookd.devices.quirks import DeviceKind, QuirkBook, Quirks
from offhookd.devices.rivals import rivals
from offhookd.devices.udev import PHONE_DRIVERS, Node, UsbDevice, Watch, report_descriptor
from offhookd.phone.buttons import DeviceId, Lamps, Press, Sets
from offhookd.phone.events import Signal
from offhookd.phone.ports import Clock

_SPEAKERPHONES = ("speak", "conf", "office core", "officecore")
"""In the names of loudspeakers for a table, which say "headset" in their descriptors."""

logger = logging.getLogger(__name__)


class Devices(Sets):
    """Signals `added`, `changed` and `removed` tell of devices, `pressed` of what people do.

    `enabled` is asked once for each device that is plugged in.  `turn` gets a device whose
    loudspeaker is to be turned up or down, and by how many steps: HID has no word for it.
    """

    def __init__(
        self,
        clock: Clock,
        quirks: QuirkBook,
        enabled: Callable[[DeviceId], bool],
        turn: Callable[[Device, int], None],
    ) -> None:
        self.added: Signal[[Device]] = Signal()
        self.changed: Signal[[Device]] = Signal()
        self.removed: Signal[[Device]] = Signal()
        self.pressed: Signal[[Press]] = Signal()
        self._clock = clock
        self._quirks = quirks
        self._enabled = enabled
        self._turn = turn
        self._access = AccessWatch()
        self._watch = Watch(self._plugged, self._unplugged)
        self._devices: dict[str, Device] = {}
        self._layouts: dict[str, Layout | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Device]:
        return iter(tuple(self._devices.values()))

    def get(self, device: DeviceId) -> Device | None:
        return next((one for one in self._devices.values() if one.id == device), None)

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """The devices that are there have been added when it returns."""
        self._watch.start()

    async def stop(self) -> None:
        """Leave every set idle and let go of it; idempotent."""
        self._watch.stop()
        await asyncio.gather(*(device.close() for device in self._devices.values()))
        await asyncio.gather(*self._tasks)
        self._access.stop()
        self._devices.clear()
        self._layouts.clear()

    def refresh(self) -> None:
        """The machine slept: sets that lost their power have forgotten their lamps."""
        for device in self:
            device.refresh()

    def use(self, quirks: QuirkBook) -> None:
        """Take the devices for what this book says; those it says the same of stay as they are."""
        before, self._quirks = self._quirks, quirks
        for device in self:
            model = device.vendor, device.product
            if before.of(*model) != quirks.of(*model):
                self._unplugged(device.sys_path)
        self._watch.tell_all()

    # ------------------------------------------------------------ Sets

    def show(self, device: DeviceId, lamps: Lamps) -> None:
        if (found := self.get(device)) and found.lamps != lamps:
            found.show(lamps)

    def change_volume(self, device: DeviceId, steps: int) -> None:
        if found := self.get(device):
            self._turn(found, steps)

    def identify(self, device: DeviceId) -> None:
        """Ring or blink, and then show again what is to be shown."""
        found = self.get(device)
        if found:
            found.identify()

    async def enable(self, device: DeviceId, enabled: bool) -> None:
        if found := self.get(device):
            await found.enable(enabled)

    # ------------------------------------------------------------ plugging

    def _plugged(self, usb: UsbDevice) -> None:
        """A device, or another node of one, or one node less."""
        known = self._devices.get(usb.sys_path)
        quirks = self._quirks.of(usb.vendor, usb.product)
        nodes = dict(self._usable(usb, quirks))
        if not nodes:
            if known:
                self._unplugged(usb.sys_path)  # its sound may stay a moment longer
            return
        device = known or self._new(usb, quirks, nodes.values())
        device.usb = usb
        for node, found in nodes.items():
            if not device.has(node.sys_path):
                self._connect(device, node, found, quirks)
        device.keep(doubles(usb.inputs, (node for node in nodes if node in usb.hidraw)))
        for gone in device.nodes - usb.nodes.keys():
            self._layouts.pop(gone, None)
            self._do(device.drop(gone), f"close a node of {device.name}")
        if known:
            self.changed(device)
        else:
            device.changed.connect(lambda: self._altered(device))
            device.pressed.connect(self.pressed)
            self.added(device)
            self._do(self._look_for_rivals(device), f"look who else uses {device.name}")

    def _altered(self, device: Device) -> None:
        """What is being closed has been removed, and is told of no more."""
        if self._devices.get(device.sys_path) is device:
            self.changed(device)

    async def _look_for_rivals(self, device: Device) -> None:
        for node in device.usb.hidraw:
            if names := await asyncio.to_thread(rivals, node.path):
                logger.warning(
                    "%s is also used by %s; end one of the two, for both act on its buttons",
                    *(device.name, ", ".join(names)),
                )

    def _unplugged(self, sys_path: str) -> None:
        for node in [one for one in self._layouts if one.startswith(f"{sys_path}/")]:
            del self._layouts[node]
        device = self._devices.pop(sys_path, None)
        if device:
            self._do(device.close(), f"close {device.name}")
            self.removed(device)

    def _new(self, usb: UsbDevice, quirks: Quirks, layouts: Iterable[Layout | None]) -> Device:
        id_ = self._free_id(usb)
        name = quirks.name or usb.name or f"USB phone {usb.vendor:04x}:{usb.product:04x}"
        kind = quirks.kind or _kind(name, layouts)
        device = Device(id_, usb, name, kind, self._clock, self._access, self._enabled(id_))
        self._devices[usb.sys_path] = device
        return device

    def _free_id(self, usb: UsbDevice) -> DeviceId:
        """By the serial number; by the port where there is none, or where a vendor gave the same
        one to all."""
        model = f"{usb.vendor:04x}:{usb.product:04x}"
        id_ = DeviceId(f"{model}:{usb.serial or usb.port}")
        return DeviceId(f"{model}:{usb.port}") if self.get(id_) else id_

    def _connect(self, device: Device, node: Node, found: Layout | None, quirks: Quirks) -> None:
        connection: Connection
        if found is None:
            connection = KeyConnection(node, device.name, device.id, self._clock)
            device.add(connection, key_phone_controls(node.driver))
        else:
            really = mended(found, quirks)
            connection = HidConnection(node, device.name, device.id, really, quirks, self._clock)
            device.add(connection, control_names(really, quirks))

    def _usable(self, usb: UsbDevice, quirks: Quirks) -> Iterator[tuple[Node, Layout | None]]:
        """The nodes with something to telephone."""
        if quirks.telephone is False:
            return
        for node in usb.inputs:
            if node.driver in PHONE_DRIVERS:
                yield node, None
        for node in usb.hidraw:
            found = self._layout(node)
            if found and (found.telephone or quirks.telephone):
                yield node, found

    def _layout(self, node: Node) -> Layout | None:
        """Read once for each node; None where there is none to read."""
        if node.sys_path not in self._layouts:
            try:
                self._layouts[node.sys_path] = layout(report_descriptor(node))
            except OSError:
                self._layouts[node.sys_path] = None  # gone already
            except DescriptorError as error:
                logger.info("%s is no telephone set: %s", node.path, error)
                self._layouts[node.sys_path] = None
        return self._layouts[node.sys_path]

    def _do(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _kind(name: str, layouts: Iterable[Layout | None]) -> DeviceKind:
    """What the descriptor says, or the name; phones of the kernel's drivers are handsets."""
    for one in layouts:
        if one is None:
            return DeviceKind.HANDSET
        if any(word in name.lower() for word in _SPEAKERPHONES):
            return DeviceKind.SPEAKERPHONE
        if one.kind:
            return one.kind
    return DeviceKind.HEADSET
