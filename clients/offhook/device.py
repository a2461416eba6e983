# SPDX-License-Identifier: GPL-2.0-or-later
"""One telephone set that is plugged in."""

from .objects import PhoneObject, Property

DEVICE = "org.offhook.Phone1.Device"


class Device(PhoneObject):
    """A USB handset, headset or speakerphone."""

    id = Property(DEVICE, "Id", "")
    name = Property(DEVICE, "Name", "")
    kind = Property(DEVICE, "Kind", "headset")
    controls = Property[list[str]](DEVICE, "Controls", [])
    state = Property(DEVICE, "State", "failed")
    hook = Property(DEVICE, "Hook", "unknown")
    enabled = Property(DEVICE, "Enabled", True)

    async def identify(self) -> None:
        """Let it ring or blink for two seconds."""
        await self._call(DEVICE, "Identify")

    async def enable(self, enabled: bool = True) -> None:
        await self._set(DEVICE, "Enabled", "b", enabled)
