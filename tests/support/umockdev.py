# SPDX-License-Identifier: GPL-2.0-or-later
"""USB phones that are not there: libumockdev's sysfs, device nodes and udev events.

Works only in a process started with LD_PRELOAD=libumockdev-preload.so.0, see `run`.  A mock
hidraw node is a terminal; it is made to read a line at a time, and each report is a line.
"""

import asyncio
import ctypes as c
import os
import signal
import sys
import tempfile
import termios
from pathlib import Path

ROOT = Path(__file__).parents[2]

PRELOAD = "libumockdev-preload.so.0"

DEVICE_LINK = "L: device=../..\n"

LIMIT_S, ABORT_S = 150.0, 5.0
"""The longest story takes 30 s on a busy machine."""

NEXT_NUMBER = 8
"""Between the node of a phone and that of the same one plugged in again."""

END, QUOTE = 0x04, 0x16
"""Bytes that end a line and take the next byte as it is; they do not reach the reader."""

NOBODY = 65534
"""Root may open anything, so that tests of permissions need somebody else."""


async def run(program: str, *arguments: str) -> tuple[int, str]:
    """Exit status and all output of a Python module under the mock; when it does not end, that
    includes where all its threads are."""
    paths = os.pathsep.join(str(ROOT / one) for one in ("daemon", "clients", ""))
    # Into a file: what the program has left running could keep a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-X", "dev", "-W", "error", "-m", program, *arguments),
            env={**os.environ, "LD_PRELOAD": PRELOAD, "PYTHONPATH": paths},
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
        status = await _ended(child)
        output.seek(0)
        return status, output.read().decode()


async def _ended(child: asyncio.subprocess.Process) -> int:
    """SIGABRT has Python's developer mode tell where each thread is."""
    for limit_s, signal_ in ((LIMIT_S, signal.SIGABRT), (ABORT_S, signal.SIGKILL)):
        try:
            async with asyncio.timeout(limit_s):
                return await child.wait()
        except TimeoutError:
            child.send_signal(signal_)
    return await child.wait()


class Testbed:
    """Empty at first; everything is forgotten with the process."""

    __test__ = False

    def __init__(self) -> None:
        self._lib = c.CDLL("libumockdev.so.0")
        for name, result, arguments in (
            ("new", c.c_void_p, []),
            ("get_root_dir", c.c_char_p, [c.c_void_p]),
            ("add_from_string", c.c_int, [c.c_void_p, c.c_char_p, c.c_void_p]),
            ("uevent", None, [c.c_void_p, c.c_char_p, c.c_char_p]),
            ("remove_device", None, [c.c_void_p, c.c_char_p]),
            ("get_dev_fd", c.c_int, [c.c_void_p, c.c_char_p]),
            ("load_ioctl", c.c_int, [c.c_void_p, c.c_char_p, c.c_char_p, c.c_void_p]),
        ):
            function = getattr(self._lib, f"umockdev_testbed_{name}")
            function.restype, function.argtypes = result, arguments
        self._bed = self._lib.umockdev_testbed_new()
        self.root = Path(self._lib.umockdev_testbed_get_root_dir(self._bed).decode())

    def add(self, record: str) -> None:
        """A device in umockdev's own format; its "add" event is sent."""
        assert self._lib.umockdev_testbed_add_from_string(self._bed, record.encode(), None)

    def remove(self, sys_path: str) -> None:
        self._lib.umockdev_testbed_uevent(self._bed, sys_path.encode(), b"remove")
        self._lib.umockdev_testbed_remove_device(self._bed, sys_path.encode())

    def device_end(self, node: str) -> int:
        """The device's end of a node, to be written and read by the test."""
        return int(self._lib.umockdev_testbed_get_dev_fd(self._bed, node.encode()))


class MockPhone:
    """A USB phone at `port`, with one hidraw node and, if wanted, a sound card."""

    def __init__(
        self,
        bed: Testbed,
        descriptor: bytes,
        number: int = 0,
        port: str = "3-1",
        model: tuple[str, str] = ("0b0e", "0307"),
        serial: str = "A1",
        product: str = "Test Phone",
    ) -> None:
        self._bed = bed
        self._facts = descriptor, port, model, serial, product
        self._plugged: list[str] = []
        self._number = number
        self._build()

    def _build(self) -> None:
        """As it is at a node of this number."""
        descriptor, port, (vendor, product_id), serial, product = self._facts
        number = self._number
        self.node = f"/dev/hidraw{number}"
        self._usb = f"/devices/pci0000:00/0000:00:14.0/usb3/{port}"
        hid = f"{self._usb}/{port}:1.3/0003:{vendor.upper()}:{product_id.upper()}.{number + 1:04X}"
        self.sys_path = f"/sys{self._usb}"
        self.hid = f"/sys{hid}"
        self._records = {
            "usb": (
                self._usb,
                "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
                f"A: idVendor={vendor}\\n\nA: idProduct={product_id}\\n\n"
                f"A: product={product}\\n\n" + (f"A: serial={serial}\\n\n" if serial else ""),
            ),
            "interface": (
                f"{self._usb}/{port}:1.3",
                "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nE: DRIVER=usbhid\n",
            ),
            "hid": (
                hid,
                f"E: SUBSYSTEM=hid\nH: report_descriptor={descriptor.hex().upper()}\n",
            ),
            "hidraw": (
                f"{hid}/hidraw/hidraw{number}",
                f"N: hidraw{number}\nE: SUBSYSTEM=hidraw\nE: DEVNAME={self.node}\n" + DEVICE_LINK,
            ),
            "audio": (
                f"{self._usb}/{port}:1.0",
                "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nE: DRIVER=snd-usb-audio\n",
            ),
            "sound": (
                f"{self._usb}/{port}:1.0/sound/card{number + 1}",
                f"E: SUBSYSTEM=sound\nA: number={number + 1}\\n\n",
            ),
        }

    def plug(self, *parts: str) -> None:
        """The parts in this order; all of them if none is named.  At another node each time, for
        umockdev can give none twice."""
        for part in parts or self._records:
            path, record = self._records[part]
            self._bed.add(f"P: {path}\n{record}\n")
            self._plugged.append(f"/sys{path}")

    def unplug(self) -> None:
        for path in reversed(self._plugged):
            self._bed.remove(path)
        self._plugged.clear()
        self._number += NEXT_NUMBER
        self._build()

    def report(self, text: str) -> None:
        """The daemon reads each report by itself, however many wait."""
        end = self._bed.device_end(self.node)
        _keep_apart(end)
        quoted = (bytes([QUOTE, byte]) for byte in bytes.fromhex(text))
        os.write(end, b"".join(quoted) + bytes([END]))

    async def taken(self, text: str) -> None:
        """Wait until the phone has got these bytes."""
        end = self._bed.device_end(self.node)
        os.set_blocking(end, False)
        wanted, got = bytes.fromhex(text), b""
        while wanted not in got:
            await asyncio.sleep(0.005)
            try:
                got += os.read(end, 4096)
            except BlockingIOError:
                continue

    def allow(self, allowed: bool) -> None:
        """Give or take the right to open the node."""
        link = self._bed.root / self.node[1:]
        link.chmod(0o600 if allowed else 0)
        os.utime(link, follow_symlinks=False)  # a real node is no link, and told by the chmod


def _keep_apart(terminal: int) -> None:
    """Let each read end where a write did, as with a real node (termios(3), canonical mode)."""
    settings = termios.tcgetattr(terminal)
    settings[3] |= termios.ICANON | termios.IEXTEN
    settings[6] = [b"\0"] * len(settings[6])
    settings[6][termios.VEOF], settings[6][termios.VLNEXT] = bytes([END]), bytes([QUOTE])
    termios.tcsetattr(terminal, termios.TCSANOW, settings)
