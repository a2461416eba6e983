# SPDX-License-Identifier: GPL-2.0-or-later
"""What a USB telephone set says of itself: sound (Audio Class 1.0) and buttons (HID 1.11)."""

import struct
from dataclasses import dataclass

RATE_HZ = 16000
FRAME_BYTES = RATE_HZ // 1000 * 2
"""One millisecond of 16-bit mono sound."""

SPEAKER_ENDPOINT, MICROPHONE_ENDPOINT, REPORT_ENDPOINT = 0x01, 0x82, 0x83
AUDIO_CONTROL, SPEAKER, MICROPHONE, BUTTONS = range(4)  # interfaces

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT = range(1, 6)
HID, REPORT = 0x21, 0x22
CS_INTERFACE, CS_ENDPOINT = 0x24, 0x25

HEADSET_MICROPHONE = 0x0402  # terminal types of Audio Class 1.0
HEADSET = 0x0402
STREAMING = 0x0101


@dataclass(frozen=True, slots=True)
class Identity:
    """`report_descriptor` is that of the buttons."""

    vendor: int
    product: int
    serial: str
    name: str
    report_descriptor: bytes

    def device(self) -> bytes:
        numbers = struct.pack("<HHH", self.vendor, self.product, 0x0100)
        return _descriptor(DEVICE, 0x10, 0x01, 0, 0, 0, 64, numbers, 1, 2, 3, 1)

    def string(self, index: int) -> bytes:
        if index == 0:
            return _descriptor(STRING, _word(0x0409))
        text = ("", "Offhook Tests", self.name, self.serial)[index]
        return _descriptor(STRING, text.encode("utf-16-le"))

    def hid(self) -> bytes:
        return _descriptor(HID, _word(0x0111), 0, 1, REPORT, _word(len(self.report_descriptor)))

    def configuration(self) -> bytes:
        parts = _sound() + self._buttons()
        return _descriptor(CONFIGURATION, _word(9 + len(parts)), 4, 1, 0, 0x80, 50) + parts

    def _buttons(self) -> bytes:
        return (
            _descriptor(INTERFACE, BUTTONS, 0, 1, 3, 0, 0, 0)
            + self.hid()
            + _descriptor(ENDPOINT, REPORT_ENDPOINT, 3, _word(64), 4)
        )


def _sound() -> bytes:
    return (
        _descriptor(INTERFACE, AUDIO_CONTROL, 0, 0, 1, 1, 0, 0)
        + _topology()
        + _stream(SPEAKER, SPEAKER_ENDPOINT, 1, adaptive=True)
        + _stream(MICROPHONE, MICROPHONE_ENDPOINT, 6, adaptive=False)
    )


def _topology() -> bytes:
    """USB stream 1 -> volume 2 -> speaker 3; microphone 4 -> volume 5 -> USB stream 6."""
    units = (
        _descriptor(CS_INTERFACE, 2, 1, _word(STREAMING), 0, 1, _word(0), 0, 0)
        + _descriptor(CS_INTERFACE, 6, 2, 1, 1, 0x03, 0, 0)
        + _descriptor(CS_INTERFACE, 3, 3, _word(HEADSET), 4, 2, 0)
        + _descriptor(CS_INTERFACE, 2, 4, _word(HEADSET_MICROPHONE), 3, 1, _word(0), 0, 0)
        + _descriptor(CS_INTERFACE, 6, 5, 4, 1, 0x03, 0, 0)
        + _descriptor(CS_INTERFACE, 3, 6, _word(STREAMING), 0, 5, 0)
    )
    size = _word(10 + len(units))
    return _descriptor(CS_INTERFACE, 1, _word(0x0100), size, 2, SPEAKER, MICROPHONE) + units


def _stream(interface: int, endpoint: int, terminal: int, *, adaptive: bool) -> bytes:
    """Silent in its setting 0, one format in setting 1."""
    rate = RATE_HZ.to_bytes(3, "little")
    return (
        _descriptor(INTERFACE, interface, 0, 0, 1, 2, 0, 0)
        + _descriptor(INTERFACE, interface, 1, 1, 1, 2, 0, 0)
        + _descriptor(CS_INTERFACE, 1, terminal, 1, _word(1))
        + _descriptor(CS_INTERFACE, 2, 1, 1, 2, 16, 1, rate)
        + _descriptor(
            ENDPOINT, endpoint, 0x09 if adaptive else 0x05, _word(FRAME_BYTES + 4), 1, 0, 0
        )
        + _descriptor(CS_ENDPOINT, 1, 1, 0, _word(0))
    )


def _word(number: int) -> bytes:
    return struct.pack("<H", number)


def _descriptor(kind: int, *parts: int | bytes) -> bytes:
    body = b"".join(part if isinstance(part, bytes) else bytes([part]) for part in parts)
    return bytes([len(body) + 2, kind]) + body
