# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook device learn``: asks for one key after another and writes what offhook must know of
them.  Reads the device itself, without the daemon."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from offhookd.clock import LoopClock
from offhookd.config.problems import ConfigError
from offhookd.devices import quirk_file, quirks
from offhookd.devices.device import locked
from offhookd.devices.hidraw import Hidraw
from offhookd.devices.items import DescriptorError
from offhookd.devices.layout import control_names, layout, mended
from offhookd.devices.lesson import Lesson, Step, Trial, learn, missed
from offhookd.devices.patterns import Word
from offhookd.devices.quirks import DeviceKind
from offhookd.devices.rivals import rivals
from offhookd.devices.udev import Node, UsbDevice, Watch, report_descriptor
from offhookd.phone.buttons import Button, Press

from .inbox import Inbox, first_of
from .output import clean
from .refusal import RefusedError
from .typing_hand import TypingHand

REST_S = 1.5
"""Sets with a counter or a battery in their reports send some in this time."""
QUIET_S = 0.7
"""So long after its last report a key is done."""
RELEASE_S = 3.0
"""So long a key may be held."""

QUESTIONS = {
    Word.OFF_HOOK: "Lift the handset, or press the key that answers a call",
    Word.ON_HOOK: "Put it down, or press the key that ends a call",
    Word.MUTE: "Press mute",
    Word.FLASH: "Press flash (R)",
    Word.REDIAL: "Press redial",
    Word.REJECT: "Press the key that refuses a call",
    Word.HOLD: "Press hold",
    Word.SPEAKER: "Press hands-free",
    Word.VOICE_MAIL: "Press the key of the voice mail box",
    Word.VOLUME_UP: "Press volume up",
    Word.VOLUME_DOWN: "Press volume down",
    **{Word(digit): f"Press {digit}" for digit in "1234567890*#"},
    **{Word(f"speed-dial-{number}"): f"Press speed dial {number}" for number in range(1, 5)},
    **{Word(f"line-{number}"): f"Press line {number}" for number in (1, 2)},
}
GROUPS = ("1234567890*#", "speed-dial-", "line-")
"""Who skips the first of such keys has none of them."""

_Choice = tuple[UsbDevice, Node]


def run(options: argparse.Namespace) -> int:
    path = Path(options.output) if options.output else quirks.user_file()
    return asyncio.run(_session(options.device, path))


async def _session(device: str, path: Path) -> int:
    async with TypingHand.at_stdin() as hand:
        usb, node = await _choose(device, hand)
        pupil = _Pupil(usb, node)
        async with pupil.listening() as inbox:
            lesson = await pupil.attend(inbox, hand)
        return await _keep(usb, lesson, hand, path)


# ---------------------------------------------------------------- which device


async def _choose(device: str, hand: TypingHand) -> _Choice:
    """The one that `device` names, or the only one, or the one that is typed."""
    fitting = [one for one in _nodes() if device.lower() in _label(one).lower()]
    if not fitting:
        named = f" that is called {device}" if device else ""
        raise RefusedError(
            f"There is no USB device with buttons{named}; plug it in. Phones of the kernel's"
            " drivers yealink and cm109 need no learning"
        )
    if len(fitting) == 1:
        return fitting[0]
    for number, one in enumerate(fitting, 1):
        print(f"{number:3}  {_label(one)}")
    answer = await hand.line("Which one? ")
    if not (answer.isdecimal() and 1 <= int(answer) <= len(fitting)):
        raise RefusedError("Nothing was chosen; name the device: offhook device learn /dev/hidraw3")
    return fitting[int(answer) - 1]


def _nodes() -> list[_Choice]:
    found: dict[str, UsbDevice] = {}
    watch = Watch(lambda usb: found.update({usb.sys_path: usb}), lambda _path: None)
    watch.start()
    watch.stop()
    return [(usb, node) for usb in found.values() for node in usb.hidraw]


def _label(choice: _Choice) -> str:
    usb, node = choice
    return clean(f"{node.path}  {_model(usb)}  {usb.name}")


def _model(usb: UsbDevice) -> str:
    return f"{usb.vendor:04x}:{usb.product:04x}"


# ---------------------------------------------------------------- listening


class _Pupil:
    """Listens to one device while a person presses its keys."""

    def __init__(self, usb: UsbDevice, node: Node) -> None:
        self._name = usb.name or _model(usb)
        self._node = node
        self._clock = LoopClock(asyncio.get_running_loop())
        try:
            declared = layout(report_descriptor(node))
            known = quirks.load(quirks.search()).of(usb.vendor, usb.product)
        except DescriptorError as error:
            raise RefusedError(f"{self._name} says what cannot be understood: {error}") from None
        except OSError as error:
            raise RefusedError(f"{self._name} cannot be read: {error.strerror}") from None
        except ConfigError as error:
            raise RefusedError(str(error)) from None
        self._lesson = Lesson(declared, known)
        if names := rivals(node.path):
            raise RefusedError(
                f"{self._name} is in use by {', '.join(names)}, which would act on its keys; end"
                " that first, or for offhookd: offhook devices disable"
            )

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Inbox]:
        try:
            fd = os.open(self._node.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            raise RefusedError(locked(self._name, self._node.path)) from None
        except OSError as error:
            raise RefusedError(f"{self._name} cannot be opened: {error.strerror}") from None
        inbox = Inbox()
        hidraw = Hidraw(fd, self._name, inbox.put, inbox.end)
        lesson = self._lesson
        self._trial = Trial(lesson.layout, lesson.known, self._clock, hidraw.send)
        try:
            yield inbox
        finally:
            self._trial.close()
            await hidraw.close()

    async def attend(self, inbox: Inbox, hand: TypingHand) -> Lesson:
        lesson = self._lesson
        known = control_names(mended(lesson.layout, lesson.known), lesson.known)
        print(f"{clean(self._name)} at {self._node.path}")
        print(f"What is known of it: {', '.join(known) or 'nothing'}.")
        print("Leave it alone for a moment ...", flush=True)
        rest = await self._rest(inbox)
        print("Now its keys. Press what is asked for, or Enter if it has no such key; q ends.")
        steps: list[Step] = []
        skipped: set[str] = set()
        for word, question in QUESTIONS.items():
            group = _group(word)
            if group in skipped:
                continue
            print(f"{question}: ", flush=True)
            inbox.clear()
            typed = await first_of(hand, inbox)
            if typed.lower() == "q":
                break
            if typed:
                skipped.add(group)
                continue
            steps.append(await self._step(word, inbox))
        return replace(lesson, rest=tuple(rest), steps=tuple(steps))

    async def _rest(self, inbox: Inbox) -> list[bytes]:
        await asyncio.sleep(REST_S)
        return [report for _, report in inbox.taken()]

    async def _step(self, word: Word, inbox: Inbox) -> Step:
        """Until the key is let go."""
        reports: list[tuple[float, bytes]] = []
        while more := await inbox.more(QUIET_S if _done(word, reports) else RELEASE_S):
            for at_s, report in more:
                self._trial.hear(report)
                heard = ", ".join(map(_said, self._trial.taken()))
                print(f"    {report.hex(' '):24} {heard}".rstrip(), flush=True)
                reports.append((at_s, report))
        first_s = reports[0][0] if reports else 0.0
        return Step(word, tuple((at_s - first_s, report) for at_s, report in reports))


def _done(word: Word, reports: Sequence[tuple[float, bytes]]) -> bool:
    """A key is told of twice, pressed and let go; a switch may stay."""
    return word in {Word.OFF_HOOK, Word.ON_HOOK} or len(reports) > 1


def _group(word: Word) -> str:
    return next((group for group in GROUPS if word in group or word.startswith(group)), word)


def _said(press: Press) -> str:
    match press.button:
        case Button.HOOK:
            return "off-hook" if press.down else "on-hook"
        case Button.DIGIT:
            return press.text
        case button:
            return f"{button} {press.text}".strip()


# ---------------------------------------------------------------- keeping


async def _keep(usb: UsbDevice, lesson: Lesson, hand: TypingHand, path: Path) -> int:
    if not lesson.steps:
        raise RefusedError("Nothing was pressed, and nothing is written")
    found = dict(learn(lesson))
    lost = missed(lesson, found)
    if lost:
        print(f"Not understood: {', '.join(lost)}.")
    if not found:
        print("offhook knows this device well already; nothing is written." if not lost else "")
        return 1 if lost else 0
    if not (lesson.known.kind or lesson.layout.kind):
        found["kind"] = await _kind(hand)
    lines = quirk_file.entry(_model(usb), usb.name, found)
    print(f"\nThis makes the rest of it work:\n\n{lines}")
    if quirk_file.has(path, _model(usb)):
        print(f"{path} has other lines for this device; they are replaced.")
    if (await hand.line(f"Write it to {path}? [Y/n] ")).lower() in {"n", "no", "q"}:
        return 0
    _write(path, _model(usb), lines)
    print("Written. To use it: offhook config reload")
    return 0


async def _kind(hand: TypingHand) -> DeviceKind:
    """A handset's hook is a switch; the others go on-hook by themselves."""
    kinds = ", ".join(DeviceKind)
    answer = (await hand.line(f"Is it a {kinds}? [handset] ")).strip().lower()
    fitting = [kind for kind in DeviceKind if answer and kind.startswith(answer)]
    return fitting[0] if fitting else DeviceKind.HANDSET


def _write(path: Path, model: str, lines: str) -> None:
    try:
        quirk_file.write(path, model, lines)
    except OSError as error:
        raise RefusedError(f"Cannot write {path}: {error.strerror}") from None
    except ConfigError as error:
        raise RefusedError(f"{path} is not in order, and unchanged: {error}") from None
