# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone sets: those that are plugged in, and those that nobody knows yet."""

from typing import Any

from .common import actions, add_json, add_verb


def add(verbs: Any) -> None:
    devices = add_verb(verbs, "devices", "devices", "telephone sets that are plugged in")
    acts = actions(devices)
    for name, text in {
        "identify": "let a set ring or blink for two seconds",
        "enable": "let a set serve the phone; it stays so",
        "disable": "leave a set to other programs; it stays so",
    }.items():
        act = acts.add_parser(name, help=text, description=text)
        act.add_argument("id", metavar="DEVICE", help="its id, or a part of that or of its name")
    _examine(acts)
    device = add_verb(verbs, "device", "device", "examine telephone sets")
    _examine(device.add_subparsers(dest="act", metavar="ACTION", required=True))


def _examine(acts: Any) -> None:
    """What is done without the daemon."""
    describe = acts.add_parser(
        "describe",
        help="show the buttons and lamps that a HID report descriptor declares",
        description="show the buttons and lamps that a HID report descriptor declares",
    )
    describe.set_defaults(module="device")
    describe.add_argument(
        "--descriptor",
        required=True,
        metavar="FILE",
        help="binary, as /sys/class/hidraw/hidraw0/device/report_descriptor, or hexadecimal",
    )
    add_json(describe, text="print JSON: the inputs and outputs by their names")
    text = "press one key after another, and write what offhook must know of an unknown device"
    learn = acts.add_parser("learn", help=text, description=text)
    learn.set_defaults(module="learn")
    learn.add_argument(
        "device",
        nargs="?",
        default="",
        metavar="WHICH",
        help="/dev/hidraw3, 1234:5678 or a part of its name; the only one if not given",
    )
    learn.add_argument(
        "--output", metavar="FILE", help="default: devices.yaml in ~/.config/offhook"
    )
