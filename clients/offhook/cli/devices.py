# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook devices``."""

import argparse

from offhook.aio import Phone

from .output import Table, print_json, print_table
from .session import find_device, with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        match options.act:
            case "list" if options.json:
                print_json({device.path: device.interfaces for device in phone.devices})
            case "list":
                _print_devices(phone)
            case "identify":
                await find_device(phone, options.id).identify()
            case "enable" | "disable":
                await find_device(phone, options.id).enable(options.act == "enable")
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
