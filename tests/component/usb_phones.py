# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of phones that are plugged in, run one a process by test_devices under umockdev."""

import asyncio
import os
import socket
import struct
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, redirect_stderr, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path

from offhook.cli.command import command
from offhookd.clock import LoopClock
from offhookd.devices import quirks
from offhookd.devices.device import Device, DeviceState, HookState
from offhookd.devices.devices import Devices
from offhookd.phone.buttons import Button, DeviceId, Lamps, Press
from tests.support.processes import PATIENCE_S, until
from tests.support.telephone_set import descriptor, unnumbered
from tests.support.umockdev import NOBODY, MockPhone, Testbed

STORY_LIMIT_S = 10 * PATIENCE_S

EVENT = struct.Struct("@llHHi")

JABRA = descriptor("EVOLVE LINK MS")
ID = DeviceId("0b0e:0307:A1")


class Desk:
    """Devices, and what they told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.presses: list[Press] = []
        clock = LoopClock(asyncio.get_running_loop())
        book = quirks.load([quirks.SHIPPED_FILE])
        self.devices = Devices(clock, book, lambda _device: True, lambda _device, _steps: None)
        self.devices.added.connect(lambda device: self.told.append(f"+{device.id}"))
        self.devices.removed.connect(lambda device: self.told.append(f"-{device.id}"))
        self.devices.pressed.connect(self.presses.append)

    async def device(self, id_: str = ID, state: DeviceState = DeviceState.READY) -> Device:
        await self.until(lambda: (one := self.devices.get(DeviceId(id_))) and one.state is state)
        found = self.devices.get(DeviceId(id_))
        assert found
        return found

    async def talk_with(self, phone: MockPhone) -> None:
        device = await self.device()
        await self.until(lambda: device.card)
        phone.report("020100")
        await self.until(lambda: self.presses)
        assert self.presses.pop() == Press(ID, Button.HOOK)
        assert device.hook is HookState.OFF
        self.devices.show(ID, Lamps(off_hook=True))
        await phone.taken("020100")

    async def until(self, condition: Callable[[], object]) -> None:
        await until(condition, PATIENCE_S, "the phone")


class Ready:
    """Whether a device stayed ready until it went, as whoever talks with it needs."""

    def __init__(self) -> None:
        self.always = True

    def __call__(self, device: Device) -> None:
        self.always &= device.state is DeviceState.READY


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    one = Desk()
    await one.devices.start()
    yield one
    await one.devices.stop()


async def present_at_start() -> None:
    phone = MockPhone(Testbed(), JABRA)
    phone.plug()
    async with desk() as here:
        device = await here.device()
        assert device.name == "Test Phone"
        assert device.sys_path == phone.sys_path
        assert device.card.endswith("/sound/card1")
        assert set(device.controls) >= {"hook", "mute", "volume", "keypad", "led-ring", "led-hold"}
        assert here.told == [f"+{ID}"]


async def hotplug() -> None:
    """Whichever nodes come first; a phone that is replugged is the same phone at another node."""
    bed = Testbed()
    orders = [
        ("usb", "interface", "hid", "hidraw", "audio", "sound"),
        ("usb", "audio", "sound", "interface", "hid", "hidraw"),
    ]
    async with desk() as here:
        for number, parts in enumerate(orders):
            phone = MockPhone(bed, JABRA, number)
            here.told.clear()
            phone.plug(*parts)
            await here.talk_with(phone)
            here.devices.changed.connect(ready := Ready())
            phone.unplug()
            await here.until(lambda: here.told == [f"+{ID}", f"-{ID}"])
            assert ready.always
            here.devices.changed.disconnect(ready)


async def idle_at_the_end() -> None:
    phone = MockPhone(Testbed(), JABRA)
    phone.plug()
    async with desk() as here:
        await here.device()
        here.devices.show(ID, Lamps(off_hook=True, muted=True))
        await phone.taken("021300")
    await phone.taken("020000")


async def identical() -> None:
    bed = Testbed()
    first, second = MockPhone(bed, JABRA, 0, "3-1"), MockPhone(bed, JABRA, 1, "3-2")
    first.plug()
    second.plug()
    async with desk() as here:
        await here.device()
        other = await here.device("0b0e:0307:3-2")
        second.report("020100")
        await here.until(lambda: here.presses)
        assert here.presses[0].device == other.id
        first.unplug()
        await here.until(lambda: f"-{ID}" in here.told)
        assert [one.id for one in here.devices] == [other.id]


async def no_serial() -> None:
    phone = MockPhone(Testbed(), JABRA, serial="", port="3-1.2")
    phone.plug()
    async with desk() as here:
        await here.device("0b0e:0307:3-1.2")


async def no_phones() -> None:
    bed = Testbed()
    for number, raw in enumerate(
        [descriptor("H540-class)"), descriptor("Game Voice"), b"\xff" * 40, b"", JABRA[:50]]
    ):
        MockPhone(bed, raw, number, f"3-{number}").plug()
    async with desk() as here:
        assert list(here.devices) == []


async def no_permission() -> None:
    if os.getuid() == 0:
        import_module("pyudev")  # nobody may not read where root installed it
        os.setuid(NOBODY)
    phone = MockPhone(Testbed(), JABRA)
    phone.plug()
    phone.allow(False)
    async with desk() as here:
        device = await here.device(state=DeviceState.NO_PERMISSION)
        assert "; run: sudo " in device.problem
        phone.allow(True)
        await here.device()
        assert device.problem == ""


async def overflow() -> None:
    """What the monitor lost is found by looking again."""
    phone = MockPhone(Testbed(), JABRA)
    async with desk() as here:
        watch = here.devices._watch
        monitor = watch._monitor
        real, watch._monitor = monitor, Deaf(monitor)
        phone.plug()
        assert list(here.devices) == []
        watch._monitor = real
        assert watch._socket
        watch._socket = Overflown(watch._socket)  # type: ignore[assignment]  # one method of it
        watch._readable()
        await here.device()


async def switched_off_and_on() -> None:
    """A phone that is not enabled is left alone, and idle."""
    phone = MockPhone(Testbed(), JABRA)
    phone.plug()
    async with desk() as here:
        device = await here.device()
        here.devices.show(ID, Lamps(off_hook=True))
        await phone.taken("020100")
        await here.devices.enable(ID, enabled=False)
        await phone.taken("020000")
        phone.report("020100")
        await here.devices.enable(ID, enabled=True)
        await phone.taken("020100")
        await here.until(lambda: device.state is DeviceState.READY)
        assert not here.presses


async def identify() -> None:
    phone = MockPhone(Testbed(), JABRA)
    phone.plug()
    async with desk() as here:
        await here.device()
        here.devices.identify(ID)
        await phone.taken("022400")
        await phone.taken("020000")


async def gone_before_it_was_opened() -> None:
    """Its node vanished before the event of it was read."""
    bed = Testbed()
    phone = MockPhone(bed, JABRA)
    async with desk() as here:
        (bed.root / phone.node[1:]).parent.mkdir(parents=True, exist_ok=True)
        phone.plug()
        (bed.root / phone.node[1:]).unlink()
        await here.device(state=DeviceState.STARTING)
        phone.unplug()
        await here.until(lambda: f"-{ID}" in here.told)


async def learnt() -> None:
    """A device of a protocol of its own is no phone until somebody has named its keys."""
    bed = Testbed()
    phone = MockPhone(bed, unnumbered(2, 2), product="Red Phone")
    phone.plug()
    with tempfile.TemporaryDirectory(prefix="offhook-learn-") as directory:
        path = Path(directory, "offhook", "devices.yaml")
        pupil = await Pupil.start(bed, directory, "red phone")
        await pupil.says("Leave it alone")
        await pupil.says("Lift the handset")
        phone.report("0041")
        await pupil.says("Put it down")
        phone.report("0040")
        await pupil.says("Press mute")
        phone.report("0046")
        await pupil.says("00 46")
        phone.report("0044")
        await pupil.says("Press flash")
        await pupil.types("")
        await pupil.says("Press redial")
        await pupil.types("q")
        await pupil.says("Is it a")
        await pupil.types("headset")
        await pupil.says("Write it to")
        await pupil.types("y")
        await pupil.ends(0)
        async with desk() as here:
            assert list(here.devices) == []
            here.devices.use(quirks.load([quirks.SHIPPED_FILE, path]))
            device = await here.device()
            assert device.kind == "headset"
            phone.report("0041")
            await here.until(lambda: here.presses)
            phone.report("0047")
            await here.until(lambda: len(here.presses) > 1)
            assert [one.button for one in here.presses] == [Button.HOOK, Button.MUTE]


async def learning_needs_permission() -> None:
    for module in ("pyudev", "offhook.cli.learn", "concurrent.futures.thread"):
        import_module(module)  # nobody may not read where root installed them
    if os.getuid() == 0:
        os.setuid(NOBODY)
    phone = MockPhone(Testbed(), unnumbered(2, 2))
    phone.plug()
    phone.allow(False)
    os.environ["XDG_CONFIG_HOME"] = "/dev/null"
    typing, _ = os.pipe()
    os.dup2(typing, sys.stdin.fileno())
    with redirect_stderr(StringIO()) as said:
        assert await asyncio.to_thread(command, ["device", "learn", phone.node]) == 1
    assert "may not be used by this user; run: sudo " in said.getvalue()


class Pupil:
    """``offhook device learn`` on the mock devices, and somebody at its keyboard."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = ""

    @classmethod
    async def start(cls, bed: Testbed, config: str, device: str) -> "Pupil":
        return cls(
            await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-c",
                    "from offhook.cli.main import main; raise SystemExit(main())",
                ),
                *("device", "learn", device),
                env={**os.environ, "UMOCKDEV_DIR": str(bed.root), "XDG_CONFIG_HOME": config},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        )

    async def says(self, text: str) -> None:
        """From where it was looked for last."""
        assert self._process.stdout
        while text not in self._said:
            more = await self._process.stdout.read(4096)
            assert more, f"no {text!r} in: {self._said}"
            self._said += more.decode()
        self._said = self._said.partition(text)[2]

    async def types(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def ends(self, status: int) -> None:
        output, _ = await self._process.communicate()
        assert self._process.returncode == status, output.decode()


async def kernel_driver() -> None:
    """A phone whose keys the kernel reads: an event node, and nothing else."""
    bed = Testbed()
    usb = "/devices/pci0000:00/0000:00:14.0/usb3/3-1"
    event = f"{usb}/3-1:1.3/input/input4/event4"
    for path, record in (
        (
            usb,
            "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\nA: idVendor=0d8c\\n\nA: idProduct=000e\\n\n",
        ),
        (f"{usb}/3-1:1.3", "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nL: driver=../cm109\n"),
        (f"{usb}/3-1:1.3/input/input4", "E: SUBSYSTEM=input\n"),
        (event, "N: input/event4\nE: SUBSYSTEM=input\nE: DEVNAME=/dev/input/event4\n"),
    ):
        bed.add(f"P: {path}\n{record}\n")
    async with desk() as here:
        device = await here.device("0d8c:000e:3-1")
        end = bed.device_end("/dev/input/event4")
        for code in (28, 0x205, 1):
            os.write(end, EVENT.pack(0, 0, 1, code, 1) + EVENT.pack(0, 0, 0, 0, 0))
        await here.until(lambda: len(here.presses) == 3)
        assert here.presses == [
            Press(device.id, Button.HOOK),
            Press(device.id, Button.DIGIT, text="5"),
            Press(device.id, Button.HOOK, down=False),
        ]
        here.devices.show(device.id, Lamps(ringer=True))
        os.set_blocking(end, False)
        sounds: list[bytes] = []
        await here.until(lambda: _taken(end, sounds))
        assert EVENT.unpack(sounds[0]) == (0, 0, 0x12, 1, 1)


def _taken(end: int, sounds: list[bytes]) -> bool:
    with suppress(BlockingIOError):
        sounds.append(os.read(end, EVENT.size))
    return bool(sounds)


async def not_typed_into_windows() -> None:
    """The keypad's event node is the phone's while the phone is ours, and no longer."""
    bed = Testbed()
    phone = MockPhone(bed, JABRA)
    phone.plug()
    hid = phone.hid.removeprefix("/sys")
    # KEY_NUMERIC_0 is bit 512: the ninth word.
    for path, record in (
        (
            f"{hid}/input/input7",
            "E: SUBSYSTEM=input\nA: capabilities/key=fff 0 0 0 0 0 0 0 0\\n\n",
        ),
        (
            f"{hid}/input/input7/event7",
            "N: input/event7\nE: SUBSYSTEM=input\nE: DEVNAME=/dev/input/event7\n",
        ),
    ):
        bed.add(f"P: {path}\n{record}\n")
    async with desk() as here:
        await here.device()
        assert held(bed, "input/event7")
        await here.devices.enable(ID, enabled=False)
        assert not held(bed, "input/event7")
        await here.devices.enable(ID, enabled=True)
        assert held(bed, "input/event7")
    assert not held(bed, "input/event7")


def held(bed: Testbed, node: str) -> bool:
    """Whether this process has the node open; that it is grabbed, umockdev cannot tell."""
    real = (bed.root / "dev" / node).resolve()
    return any(one.exists() and one.resolve() == real for one in Path("/proc/self/fd").iterdir())


class Deaf:
    """A monitor whose events were lost."""

    def __init__(self, real: object) -> None:
        self.fileno = real.fileno  # type: ignore[attr-defined]  # pyudev has no types

    def poll(self, timeout: float) -> None:
        raise OSError


class Overflown:
    """A socket that says once that its buffer was full."""

    def __init__(self, real: socket.socket) -> None:
        self.close = real.close

    def getsockopt(self, _level: int, _option: int) -> int:
        return 105


STORIES: dict[str, Callable[[], Coroutine[object, object, None]]] = {
    story.__name__: story
    for story in (
        *(present_at_start, hotplug, idle_at_the_end, identical, no_serial, no_phones),
        *(no_permission, overflow, switched_off_and_on, identify, kernel_driver),
        *(gone_before_it_was_opened, learnt, learning_needs_permission, not_typed_into_windows),
    )
}


async def tell(story: str) -> None:
    async with asyncio.timeout(STORY_LIMIT_S):
        await STORIES[story]()


if __name__ == "__main__":
    asyncio.run(tell(sys.argv[1]))
