# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook devices``."""

import argparse

from offhook.aio import Phone
from offhook.device import Device

from .output import Table, print_json, print_table
from .refusal import RefusedError
from .session import with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        match options.act:
            case "list" if options.json:
                print_json({device.path: device.interfaces for device in phone.devices})
            case "list":
                _print_devices(phone)
            case "identify":
                await _find(phone, options.id).identify()
            case "enable" | "disable":
                await _find(phone, options.id).enable(options.act == "enable")
        return 0

    return with_phone(act)


def _print_devices(phone: Phone) -> None:
    if not phone.devices:
        print("No telephone set is plugged in")
        return
    print_table(*device_table(phone))
    for code, _, text in phone.problems:
        if code.startswith("device"):
            print(text)


def device_table(phone: Phone) -> Table:
    return (
        ("DEVICE", "NAME", "KIND", "STATE", "HOOK", ""),
        [
            (
                device.id,
                device.name,
                device.kind,
                device.state if device.enabled else "disabled",
                device.hook,
                ", ".join(device.controls),
            )
            for device in phone.devices
        ],
    )


def _find(phone: Phone, name: str) -> Device:
    """The device with this id, or the only one when the name is a part of its own."""
    fitting = [one for one in phone.devices if name == one.id] or [
        one for one in phone.devices if name.lower() in f"{one.id} {one.name}".lower()
    ]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(device.id for device in phone.devices) or "none"
    raise RefusedError(f"Which telephone set is {name}? Plugged in are: {known}")
