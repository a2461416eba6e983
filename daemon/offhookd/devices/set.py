# SPDX-License-Identifier: GPL-2.0-or-later
"""One telephone set behind one hidraw node: reports in, presses out, lamps back.

Nothing here waits or touches a file; time is the clock's, so that a transcript of reports can be
played as a test.
"""

import re
from collections.abc import Callable

from offhookd.devices.codes import Codes
from offhookd.devices.controls import Kind
from offhookd.devices.hook import Hook
from offhookd.devices.indicators import Indicators
from offhookd.devices.layout import DIGITS, Layout, pressed, value
from offhookd.devices.mute import Mute
from offhookd.devices.patterns import Word
from offhookd.devices.quirks import Quirks
from offhookd.devices.window import Window
from offhookd.phone.buttons import Button, DeviceId, Lamps, Press
from offhookd.phone.events import Signal
from offhookd.phone.ports import Clock

SETTLE_S = 0.15
"""What the set says of itself so soon after opening is how it was found, not what somebody did."""

DUPLICATE_S = 0.03
"""The same button by two controls within this is one press (Plantronics, EPOS)."""

DOUBLE_S = 2.0
"""Two on-hook reports within this reject a call, where the set can say it no other way."""

_BUTTONS = {
    "phone_mute": Button.MUTE,
    "flash": Button.FLASH,
    "redial": Button.REDIAL,
    "reject": Button.REJECT,
    "drop": Button.DROP,
    "hold": Button.HOLD,
    "speed_dial": Button.SPEED_DIAL,
    "line": Button.LINE,
    "speaker_phone": Button.SPEAKER,
    "voice_mail": Button.VOICE_MAIL,
    "volume_up": Button.VOLUME_UP,
    "volume_down": Button.VOLUME_DOWN,
    "hook": Button.HOOK,
    "send": Button.HOOK,
    "line_busy_tone": Button.LINE_BUSY,
}
_HOOK_WORDS = frozenset({Word.OFF_HOOK, Word.ON_HOOK})
_NUMBERED = {Button.SPEED_DIAL, Button.LINE}
_SUFFIX = re.compile(r"(_consumer)?(_\d+)?$")
_KEY_NUMBER = re.compile(r"-\d$")


class TelephoneSet:
    """`layout` is as it really is, mended by `quirks`; `send` takes whole output reports.  After
    `open` the set is not `ready` until it has settled."""

    def __init__(
        self,
        device: DeviceId,
        layout: Layout,
        quirks: Quirks,
        clock: Clock,
        send: Callable[[bytes], None],
    ) -> None:
        self.pressed: Signal[[Press]] = Signal()
        self.changed: Signal[[]] = Signal()
        self.ignored = 0
        """Reports that were not as the device declared them."""
        self._device = device
        self._layout = layout
        self._quirks = quirks
        self._indicators = Indicators(self._layout, quirks, send)
        hook = self._layout.inputs.get("hook")
        kind = hook.kind if hook else Kind.TOGGLE
        self._hook = Hook(kind, self._indicators.off_hook, clock, self._hook_moved)
        self._settling = Window(clock, SETTLE_S, self.changed)
        self._mute = Mute(clock, lambda: self._tell(Button.MUTE))
        self._duplicate = Window(clock, DUPLICATE_S)
        self._double = Window(clock, DOUBLE_S)
        self._codes = Codes(
            quirks.codes,
            quirks.debounce_s,
            clock,
            self._say,
            numbered=layout.numbered,
            released=not quirks.no_release,
        )
        self._recent: tuple[Button | None, str] = None, ""
        self._last: dict[int, bytes] = {}
        self._busy = False

    @property
    def ready(self) -> bool:
        return not self._settling

    @property
    def off_hook(self) -> bool | None:
        """What the hook switch says; a switch that is a button says what was agreed on."""
        if self._hook.level is None and self._layout.has_hook:
            return self.lamps.off_hook
        return self._hook.level

    @property
    def lamps(self) -> Lamps:
        return self._indicators.lamps

    # ------------------------------------------------------------ life

    def open(self) -> None:
        """The node was opened, perhaps again: take its state for granted and tell it ours."""
        self._settling.open()
        self._last.clear()
        self._codes.forget()
        self._indicators.rewrite()

    def refresh(self) -> None:
        """The set may have lost its power: tell it everything again, in the midst of a call too."""
        self._indicators.rewrite()

    def close(self) -> None:
        """Leave the set idle; it is heard no more."""
        self._hook.stop()
        self._mute.stop()
        for window in (self._settling, self._duplicate, self._double):
            window.close()
        self._codes.forget()
        self._indicators.show(Lamps())

    def show(self, lamps: Lamps) -> None:
        if lamps == self.lamps:
            return
        if lamps.ringing and not self.lamps.ringing:
            self._double.close()
        self._hook.command(lamps.off_hook, lamps.held)
        self._mute.show(lamps.muted)
        self._indicators.show(lamps)
        self.changed()

    # ------------------------------------------------------------ reports

    def receive(self, report: bytes) -> None:
        """Anything a device may send, be it nonsense."""
        known = self._layout.split(report)
        if known:
            self._compare(*known)
        if not self._heard(report) and not known:
            self.ignored += 1

    def _heard(self, report: bytes) -> bool:
        """Whether the report says a word of a private protocol."""
        if not self._quirks.codes or not report:
            return False
        if self.ready:
            return self._codes.hear(report)
        words = self._codes.baseline(report)
        if hook := words & _HOOK_WORDS:
            self._hook.level = Word.OFF_HOOK in hook
        return bool(words)

    def _compare(self, number: int, payload: bytes) -> None:
        before = self._last.get(number, bytes(len(payload)))
        self._last[number] = payload
        if self.ready:
            self._follow(number, before, payload)
        else:
            self._find(number, payload)

    def _find(self, number: int, payload: bytes) -> None:
        """The set was found like this."""
        inputs = self._layout.inputs
        if (hook := inputs.get("hook")) and hook.report_id == number:
            self._hook.baseline(value(hook, payload))
        if (mute := inputs.get("phone_mute")) and mute.report_id == number:
            self._mute.found(mute.kind, value(mute, payload))

    def _follow(self, number: int, before: bytes, payload: bytes) -> None:
        for name, control in self._layout.inputs.items():
            if control.report_id == number:
                now = value(control, payload)
                if name == "hook" and not now:
                    self._reject_by_hook()
                if now != value(control, before):
                    self._act(name, control.kind, now)
                elif name == "hook" and now:
                    self._hook.confirm()
        for selector in self._layout.selectors:
            if selector.report_id == number:
                for key in sorted(pressed(selector, payload) - pressed(selector, before)):
                    self._key(key)

    def _key(self, key: str) -> None:
        """A key of an array: a digit, or a control that happens to be in one."""
        if key in DIGITS:
            self._tell(Button.DIGIT, text=key)
        elif key == "hook":
            self._hook.push()
        elif key == "phone_mute":
            self._mute.push()
        else:
            self._act(key, Kind.MOMENTARY, 1)

    def _act(self, name: str, kind: Kind, now: int) -> None:
        button = self._quirks.buttons.get(name) or _BUTTONS.get(_SUFFIX.sub("", name))
        match button:
            case Button.HOOK if name == "hook":
                self._hook.take(now)
                self.changed()
            case Button.MUTE:
                self._mute.take(kind, now)
            case Button.LINE_BUSY:
                self._line_busy(now > 0)
            case Button.LINE if kind is Kind.STATE:
                pass  # the radio link of a wireless set, and nobody's finger
            case Button() if now > 0:
                self._press(button, name)

    def _press(self, button: Button, source: str) -> None:
        """One press, though a set may tell it by two controls."""
        if self._duplicate and self._recent[0] is button and self._recent[1] != source:
            return
        self._recent = button, source
        self._duplicate.open()
        if button is Button.HOOK:
            self._hook.push()
        else:
            self._tell(button, text=_number(source) if button in _NUMBERED else "")

    def _say(self, word: Word) -> None:
        """A word of a private protocol."""
        if word in _HOOK_WORDS:
            self._hook.stand(word is Word.OFF_HOOK)
            self.changed()
        elif word in DIGITS:
            self._tell(Button.DIGIT, text=word)
        else:
            self._press(Button(_KEY_NUMBER.sub("", word)), word)

    def _line_busy(self, busy: bool) -> None:
        """Busy by another program: while we are off-hook, or about to be, it is by ourselves."""
        if busy and (self.lamps.off_hook or self._hook.level):
            return
        if busy is not self._busy:
            self._busy = busy
            self._tell(Button.LINE_BUSY, down=busy)

    def _reject_by_hook(self) -> None:
        """Twice on-hook while it rings and nobody lifted (Gigaset ION)."""
        if not self._quirks.reject_by_hook or not self.lamps.ringing or self.lamps.off_hook:
            return
        if self._double:
            self._double.close()
            self._tell(Button.REJECT)
        else:
            self._double.open()

    def _hook_moved(self, off_hook: bool) -> None:
        self._tell(Button.HOOK, down=off_hook)

    def _tell(self, button: Button, down: bool = True, text: str = "") -> None:
        self.pressed(Press(self._device, button, down, text))


def _number(source: str) -> str:
    """Which of several such keys: the second control of a name has a 2 behind it."""
    number = source.rpartition("_" if "_" in source else "-")[2]
    return number if number.isdecimal() else "1"
