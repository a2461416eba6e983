# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be going on at a telephone set when a key is pressed."""

from collections.abc import Callable

from offhookd.phone.buttons import DeviceId
from tests.support.telephone_sets import Desktop

Situation = Callable[[Desktop, DeviceId], None]


def idle(desk: Desktop, device: DeviceId) -> None:
    """Nothing."""


def ringing(desk: Desktop, device: DeviceId) -> None:
    desk.ring()


def talking(desk: Desktop, device: DeviceId) -> None:
    desk.talk(device)


def waiting(desk: Desktop, device: DeviceId) -> None:
    desk.talk(device)
    desk.ring()


def held(desk: Desktop, device: DeviceId) -> None:
    desk.talk(device)
    desk.do(device, "hold")
    desk.agree()


def two_calls(desk: Desktop, device: DeviceId) -> None:
    waiting(desk, device)
    desk.do(device, "flash")
    desk.connect(desk.focus)


def consulting(desk: Desktop, device: DeviceId) -> None:
    desk.talk(device)
    desk.do(device, "flash")
    desk.agree()


def consultation_rings(desk: Desktop, device: DeviceId) -> None:
    consulting(desk, device)
    desk.do(device, "=2#")


def foreign(desk: Desktop, device: DeviceId) -> None:
    desk.do(device, "busy")


def released(desk: Desktop, device: DeviceId) -> None:
    desk.end(desk.talk(device))


def summary(desk: Desktop) -> str:
    """Every call that is up, oldest first: "*" has the focus, "-" is on hold, "!" is muted."""
    words = []
    for call in desk.calls:
        if call.up and not call.ending:
            state = "answered" if call.answering else str(call.state)
            marks = "*" * (call is desk.calls.focus) + "-" * call.to_be_held + "!" * call.muted
            words.append(state + marks)
    return " ".join(words)
