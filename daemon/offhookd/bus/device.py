# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Device: a telephone set that is plugged in."""

import time
from collections.abc import Mapping

from offhookd.phone.buttons import Button, Press
from offhookd.phone.sets import SetControl, TelephoneSet

from .exported import Exported, method, setter


class DeviceInterface(Exported):
    interface = "org.offhook.Phone1.Device"

    def __init__(self, device: TelephoneSet, control: SetControl) -> None:
        self._device = device
        self._control = control

    def values(self) -> Mapping[str, object]:
        device = self._device
        return {
            "Id": device.id,
            "Name": device.name,
            "Kind": device.kind,
            "VendorId": device.vendor,
            "ProductId": device.product,
            "Serial": device.serial,
            "SysPath": device.sys_path,
            "Controls": tuple(device.controls),
            "State": device.state,
            "Hook": device.hook,
            "Muted": device.muted,
            "Battery": device.battery,
            "CaptureEndpoint": device.capture,
            "PlaybackEndpoint": device.playback,
            "Enabled": device.enabled,
        }

    @setter("Enabled")
    async def set_enabled(self, enabled: bool) -> None:
        await self._control.enable(self._device.id, enabled)

    @method("Identify")
    def identify(self) -> None:
        self._control.identify(self._device.id)

    def pressed(self, press: Press, handled: bool) -> None:
        self.emit("ButtonPressed", button_name(press), handled, time.time_ns() // 1000)


def button_name(press: Press) -> str:
    """ "hook", "5", "speed-1" ...: the name of a key in the contract."""
    match press.button:
        case Button.DIGIT:
            return press.text
        case Button.SPEED_DIAL:
            return f"speed-{press.text or '1'}"
        case Button.LINE:
            return f"line-{press.text or '1'}"
        case button:
            return str(button)
