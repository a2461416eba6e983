# SPDX-License-Identifier: GPL-2.0-or-later
"""One telephone set that is plugged in."""

from .objects import PhoneObject, Property

DEVICE = "org.offhook.Phone1.Device"

NO_BATTERY = 255
"""It has none, or does not tell."""


class Device(PhoneObject):
    """A USB handset, headset or speakerphone."""

    id = Property(DEVICE, "Id", "")
    name = Property(DEVICE, "Name", "")
    kind = Property(DEVICE, "Kind", "headset")
    vendor_id = Property(DEVICE, "VendorId", 0)
    product_id = Property(DEVICE, "ProductId", 0)
    serial = Property(DEVICE, "Serial", "")
    sys_path = Property(DEVICE, "SysPath", "")
    controls = Property[list[str]](DEVICE, "Controls", [])
    state = Property(DEVICE, "State", "failed")
    hook = Property(DEVICE, "Hook", "unknown")
    muted = Property(DEVICE, "Muted", False)
    battery = Property(DEVICE, "Battery", NO_BATTERY)
    """Percent, or `NO_BATTERY`."""
    capture_endpoint = Property(DEVICE, "CaptureEndpoint", "")
    playback_endpoint = Property(DEVICE, "PlaybackEndpoint", "")
    enabled = Property(DEVICE, "Enabled", True)

    async def identify(self) -> None:
        """Let it ring or blink for two seconds."""
        await self._call(DEVICE, "Identify")

    async def enable(self, enabled: bool = True) -> None:
        """Let it serve the phone, or leave it to other programs; it stays so."""
        await self._set(DEVICE, "Enabled", "b", enabled)
