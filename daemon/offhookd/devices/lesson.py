# SPDX-License-Identifier: GPL-2.0-or-later
"""What a telephone set does otherwise than known so far, found out from keys that were named and
pressed.

A guess counts only when the reports, played once more with it, say what was pressed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from offhookd.devices.bytewise import private_codes
from offhookd.devices.controls import Kind
from offhookd.devices.layout import DIGITS, Layout, mended, value
from offhookd.devices.patterns import Word
from offhookd.devices.quirks import Quirks
from offhookd.devices.set import SETTLE_S, TelephoneSet
from offhookd.phone.buttons import Button, DeviceId, Lamps, Press
from offhookd.phone.ports import Clock, Timer

BETWEEN_S = 5.0
"""Between two keys when they are played again: every window is closed."""

_HOOK = {Word.OFF_HOOK: True, Word.ON_HOOK: False}

Found = Mapping[str, Any]
"""Fields of `Quirks`."""


@dataclass(frozen=True, slots=True)
class Step:
    """What arrived while one key was pressed, each with the seconds since the step began."""

    word: Word
    reports: tuple[tuple[float, bytes], ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """`rest`: what arrived while nobody touched the set.  `layout` is as declared."""

    layout: Layout
    known: Quirks
    rest: tuple[bytes, ...] = ()
    steps: tuple[Step, ...] = ()


class Trial:
    """The set as it is taken with `quirks`, which is answered as in a call."""

    def __init__(
        self, layout: Layout, quirks: Quirks, clock: Clock, send: Callable[[bytes], None]
    ) -> None:
        self._presses: list[Press] = []
        self._set = TelephoneSet(DeviceId(""), mended(layout, quirks), quirks, clock, send)
        self._set.pressed.connect(self._pressed)
        self._set.open()

    def hear(self, report: bytes) -> None:
        self._set.receive(report)

    def taken(self) -> list[Press]:
        """The presses since this was asked last."""
        presses, self._presses = self._presses, []
        return presses

    def close(self) -> None:
        """Leave the set idle."""
        self._set.close()

    def _pressed(self, press: Press) -> None:
        self._presses.append(press)
        if press.button is Button.HOOK:
            self._set.show(Lamps(off_hook=press.down))


def learn(lesson: Lesson) -> Found:
    """What must be added to what is known so that every key means what it was named."""
    found: dict[str, Any] = {}
    for guesses in (_kinds, _buttons, _codes):
        for guess in guesses(lesson, found):
            if len(_understood(lesson, {**found, **guess})) > len(_understood(lesson, found)):
                found.update(guess)
    if found and not (lesson.layout.telephone or lesson.known.telephone):
        found["telephone"] = True
    return found


def missed(lesson: Lesson, found: Found) -> list[Word]:
    """Keys that are still not understood."""
    known = _understood(lesson, found)
    return [step.word for step in lesson.steps if step.word not in known]


def wanted(word: Word) -> Press:
    """What `word` is to be taken for."""
    if word in _HOOK:
        return Press(DeviceId(""), Button.HOOK, _HOOK[word])
    if word in DIGITS:
        return Press(DeviceId(""), Button.DIGIT, text=word)
    name, _, number = word.rpartition("-")
    if number.isdecimal():
        return Press(DeviceId(""), Button(name), text=number)
    return Press(DeviceId(""), Button(word))


# ---------------------------------------------------------------- playing again


class _Rehearsal(Clock):
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._timers: list[_Alarm] = []

    def now_us(self) -> int:
        return int(self._now_s * 1e6)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        timer = _Alarm(self._now_s + delay_s, callback)
        self._timers.append(timer)
        return timer

    def pass_until(self, then_s: float) -> None:
        while due := [one for one in self._timers if one.at_s <= then_s]:
            first = min(due, key=lambda one: one.at_s)
            self._timers.remove(first)
            self._now_s = max(self._now_s, first.at_s)
            if not first.cancelled:
                first.callback()
        self._now_s = then_s


@dataclass(slots=True, eq=False)
class _Alarm:
    at_s: float
    callback: Callable[[], None]
    cancelled: bool = field(default=False)

    def cancel(self) -> None:
        self.cancelled = True


def _understood(lesson: Lesson, found: Found) -> set[Word]:
    """The keys that mean what they were named, and nothing else."""
    quirks = replace(lesson.known, **found)
    clock = _Rehearsal()
    trial = Trial(lesson.layout, quirks, clock, lambda _report: None)
    for report in lesson.rest:
        trial.hear(report)
    begin = SETTLE_S + BETWEEN_S
    known = set()
    for step in lesson.steps:
        clock.pass_until(begin)
        trial.taken()
        for at_s, report in step.reports:
            clock.pass_until(begin + at_s)
            trial.hear(report)
        begin += BETWEEN_S + max((at_s for at_s, _ in step.reports), default=0)
        clock.pass_until(begin)
        if set(trial.taken()) == {wanted(step.word)}:
            known.add(step.word)
    return known


# ---------------------------------------------------------------- guesses


def _kinds(lesson: Lesson, _found: Found) -> Iterator[Found]:
    """The hook switch or the mute button speaks otherwise than declared."""
    for name, control in (("hook", "hook"), ("mute", "phone_mute")):
        if control in lesson.layout.inputs:
            yield from ({name: kind} for kind in Kind)


def _buttons(lesson: Lesson, found: Found) -> Iterator[Found]:
    """A control that is declared is meant otherwise."""
    for step in _open(lesson, found):
        button = wanted(step.word).button
        if button is not Button.DIGIT:
            for name in _risen(lesson.layout, step):
                yield {
                    "buttons": {**lesson.known.buttons, **found.get("buttons", {}), name: button}
                }


def _codes(lesson: Lesson, found: Found) -> Iterator[Found]:
    """A private protocol."""
    steps = {step.word: [report for _, report in step.reports] for step in _open(lesson, found)}
    if guess := private_codes(steps, lesson.rest, numbered=lesson.layout.numbered):
        yield {
            "codes": {**lesson.known.codes, **guess.codes},
            **({"debounce_s": guess.debounce_s} if guess.debounce_s else {}),
            **({"no_release": True} if guess.no_release else {}),
        }


def _open(lesson: Lesson, found: Found) -> Sequence[Step]:
    known = _understood(lesson, found)
    return [step for step in lesson.steps if step.word not in known and step.reports]


def _risen(layout: Layout, step: Step) -> Iterator[str]:
    """Controls that were switched on in a step."""
    for name, control in layout.inputs.items():
        for _, report in step.reports:
            known = layout.split(report)
            if known and known[0] == control.report_id and value(control, known[1]) > 0:
                yield name
                break
