# SPDX-License-Identifier: GPL-2.0-or-later
"""A USB telephone set: a sound card and buttons, kept in a program of the guest."""

import math
import struct
import threading
import time
from array import array
from collections.abc import Callable

from tests.vm.guest.usb_descriptors import (
    BUTTONS,
    CONFIGURATION,
    DEVICE,
    FRAME_BYTES,
    HID,
    RATE_HZ,
    REPORT,
    STRING,
    Identity,
)
from tests.vm.guest.usbip import UsbDevice

TONE_HZ = 1000  # its period is one packet
TONE_PEAK = 8000

# Requests (USB 2.0, table 9-4; HID 1.11, 7.2; Audio Class 1.0, 5.2), by request type and number.
GET_DESCRIPTOR = {(0x80, 6), (0x81, 6)}
SET_REPORT, GET_REPORT = (0x21, 9), (0xA1, 1)
SET_CONTROL = {(0x21, 1), (0x22, 1)}
GET_CONTROL = {(0xA1, 0x81), (0xA1, 0x82), (0xA1, 0x83), (0xA1, 0x84), (0xA2, 0x81)}
GET_STATUS = {(0x80, 0), (0x81, 0), (0x82, 0)}
SET_NOTHING = {(0, 1), (0, 3), (0, 5), (0, 9), (1, 11), (2, 1), (0x21, 10)}
SIMPLE = {**dict.fromkeys(GET_STATUS, b"\0\0"), **dict.fromkeys(SET_NOTHING, b"")}

MUTE_CONTROL = 1
GET_CURRENT = 0x81
VOLUME_STEPS = {0x81: -10, 0x82: -40, 0x83: 0, 0x84: 1}  # dB: now, least, most, step


class UsbPhone(UsbDevice):
    """`lamps` are the reports that the host sent; into its microphone goes a tone without end."""

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self.lamps: list[tuple[float, str]] = []
        self._identity = identity
        self._lamp_changed = threading.Condition()
        self._sound: list[bytes] = []
        self._controls: dict[tuple[int, int], bytes] = {}
        steps = range(RATE_HZ // TONE_HZ)
        wave = (TONE_PEAK * math.sin(2 * math.pi * step / len(steps)) for step in steps)
        self._tone = array("h", map(round, wave)).tobytes()

    def take_peak(self) -> int:
        """The loudest sample that came out of its loudspeaker since the last time."""
        sound, self._sound = self._sound, []
        samples = array("h", b"".join(sound))
        peaks = (max(samples), -min(samples)) if samples else (0,)
        return max(peaks)

    def await_lamps(self, report: str, limit_s: float) -> None:
        """Until this is the host's last word, or too much time has passed."""
        with self._lamp_changed:
            self._lamp_changed.wait_for(lambda: self.lamps and self.lamps[-1][1] == report, limit_s)

    # ------------------------------------------------------------ UsbDevice

    def control(self, setup: bytes, data: bytes) -> bytes | None:
        kind, number, value, index, _ = struct.unpack("<BBHHH", setup)
        request = (kind, number)
        if request in GET_DESCRIPTOR:
            return self._describe(value >> 8, value & 0xFF)
        if request == SET_REPORT and index & 0xFF == BUTTONS:
            self.received(0, data)
            return b""
        if request == GET_REPORT and index & 0xFF == BUTTONS:
            return bytes([value & 0xFF, 0, 0])
        if request in GET_CONTROL:
            return self._control_value(number, value >> 8, index)
        if request in SET_CONTROL:
            self._controls[value >> 8, index] = data
            return b""
        return SIMPLE.get(request)

    def received(self, endpoint: int, data: bytes) -> None:
        with self._lamp_changed:
            self.lamps.append((time.time(), data.hex(" ")))
            self._lamp_changed.notify_all()

    def heard(self, data: bytes) -> None:
        self._sound.append(data)

    def spoken(self, room: int) -> bytes:
        return self._tone[: min(room, FRAME_BYTES)]

    # ------------------------------------------------------------ its descriptors and controls

    def _describe(self, kind: int, index: int) -> bytes | None:
        descriptors: dict[int, Callable[[], bytes]] = {
            DEVICE: self._identity.device,
            CONFIGURATION: self._identity.configuration,
            STRING: lambda: self._identity.string(index),
            HID: self._identity.hid,
            REPORT: lambda: self._identity.report_descriptor,
        }
        return descriptors[kind]() if kind in descriptors else None

    def _control_value(self, number: int, control: int, index: int) -> bytes:
        stored = self._controls.get((control, index)) if number == GET_CURRENT else None
        if stored is not None:
            return stored
        if control == MUTE_CONTROL and index & 0xFF == 0:
            return b"\0"
        return struct.pack("<h", VOLUME_STEPS[number] * 256)
