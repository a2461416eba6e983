# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones whose keys the kernel drivers `yealink` and `cm109` tell (Linux, drivers/input/misc).

They have keys for off-hook and on-hook, mostly no hook switch, and no acknowledgement.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from offhookd.devices.controls import Kind
from offhookd.devices.evdev import Key
from offhookd.devices.hook import Hook
from offhookd.phone.buttons import Button, DeviceId, Lamps, Press
from offhookd.phone.display import Screen
from offhookd.phone.events import Signal
from offhookd.phone.ports import Clock

_ESC, _ENTER, _LEFTSHIFT, _PHONE = 1, 28, 42, 169  # input-event-codes.h

_YEALINK_DIGITS = {11: "0", **{code: str(code - 1) for code in range(2, 11)}, 55: "*"}
_YEALINK_POUND = 4
"""The pound key is shift and 3 in one frame."""

_CM109_DIGITS = {0x200 + index: text for index, text in enumerate("0123456789*#")}

DIGITS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {"yealink": _YEALINK_DIGITS, "cm109": _CM109_DIGITS}
)

_BUTTONS = {
    19: Button.REDIAL,  # R
    35: Button.SPEAKER,  # H, hands-free
    103: Button.VOLUME_UP,  # arrow up
    108: Button.VOLUME_DOWN,  # arrow down
    113: Button.MUTE,
    114: Button.VOLUME_DOWN,
    115: Button.VOLUME_UP,
    248: Button.MUTE,  # KEY_MICMUTE
}


def key_phone_controls(driver: str) -> tuple[str, ...]:
    """In the words of the D-Bus contract."""
    display = ("display", "led-ring") if driver == "yealink" else ()
    return ("hook", "mute", "volume", "keypad", "ring", *display)


class Panel(ABC):
    """What such a phone can show and sound."""

    @abstractmethod
    def show(self, lamps: Lamps) -> None:
        """Ring, and show the icons there are."""

    @abstractmethod
    def draw(self, screen: Screen) -> None:
        """Show it where there is a display."""


class KeyPhone:
    """Keys in, presses out; `driver` is "yealink" or "cm109"."""

    def __init__(self, device: DeviceId, driver: str, clock: Clock, panel: Panel) -> None:
        self.pressed: Signal[[Press]] = Signal()
        self.changed: Signal[[]] = Signal()
        self.lamps = Lamps()
        self._device = device
        self._digits = DIGITS[driver]
        self._shifted = driver == "yealink"
        self._panel = panel
        self._hook = Hook(Kind.STATE, False, clock, self._hook_moved)

    @property
    def ready(self) -> bool:
        return True

    @property
    def off_hook(self) -> bool | None:
        return self._hook.level if self._hook.level is not None else self.lamps.off_hook

    def open(self) -> None:
        self._panel.show(self.lamps)

    def close(self) -> None:
        self._hook.stop()
        self.show(Lamps())
        self._panel.draw(Screen())

    def show(self, lamps: Lamps) -> None:
        if lamps != self.lamps:
            self.lamps = lamps
            self._hook.command(lamps.off_hook, lamps.held)
            self._panel.show(lamps)
            self.changed()

    def draw(self, screen: Screen) -> None:
        self._panel.draw(screen)

    def receive(self, frame: Iterable[Key]) -> None:
        """The keys of one moment."""
        keys = list(frame)
        shift = self._shifted and Key(_LEFTSHIFT, down=True) in keys
        for key in keys:
            if key.code == _PHONE:
                self._hook.stand(key.down)
                self.changed()
            elif key.down:
                self._press(key.code, shift)

    def _press(self, code: int, shift: bool) -> None:
        if code == _ENTER:
            self._pick_up()
        elif code == _ESC:
            self._hang_up()
        elif shift and code == _YEALINK_POUND:
            self._tell(Button.DIGIT, text="#")
        elif code in self._digits:
            self._tell(Button.DIGIT, text=self._digits[code])
        elif code in _BUTTONS:
            self._tell(_BUTTONS[code])

    def _pick_up(self) -> None:
        """In a call the key takes the next one."""
        if self.lamps.off_hook:
            self._tell(Button.FLASH)
        else:
            self._tell(Button.HOOK)

    def _hang_up(self) -> None:
        if self.lamps.ringing and not self.lamps.off_hook:
            self._tell(Button.REJECT)
        else:
            self._tell(Button.HOOK, down=False)

    def _hook_moved(self, off_hook: bool) -> None:
        self._tell(Button.HOOK, down=off_hook)

    def _tell(self, button: Button, down: bool = True, text: str = "") -> None:
        self.pressed(Press(self._device, button, down, text))
