# SPDX-License-Identifier: GPL-2.0-or-later
"""Guesses the words of a private protocol from the bytes that change with each key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from offhookd.devices.patterns import Pattern, Word

DEBOUNCE_S = 0.06
"""For keys that set their bits one after the other (Philips VOIP1511: within 30 ms)."""

_HOOKS = (Word.OFF_HOOK, Word.ON_HOOK)


@dataclass(frozen=True, slots=True)
class Guess:
    codes: Mapping[Word, tuple[Pattern, ...]]
    debounce_s: float
    no_release: bool


@dataclass(frozen=True, slots=True)
class _Change:
    """One key: the report before it, with it (`partly`: with the first of its bits), after it."""

    word: Word
    before: bytes
    partly: bytes
    pressed: bytes
    after: bytes

    @property
    def places(self) -> frozenset[int]:
        return _different(self.before, self.pressed)


def private_codes(
    steps: Mapping[Word, Sequence[bytes]], rest: Sequence[bytes], *, numbered: bool
) -> Guess | None:
    """None where nothing changed.  `steps`: what arrived with each key, in the order in which they
    were pressed; `rest`: what arrived without any.  `numbered`: reports begin with their id."""
    changes = _changes(steps, rest, numbered=numbered)
    if not changes:
        return None
    codes: dict[Word, tuple[Pattern, ...]] = {}
    for shape in dict.fromkeys(_shape(one.pressed, numbered=numbered) for one in changes):
        these = [one for one in changes if _shape(one.pressed, numbered=numbered) == shape]
        codes |= _words(these, _noise(rest, shape, numbered=numbered), numbered=numbered)
    keys = [one for one in changes if one.word not in _HOOKS]
    meant = {one.pressed for one in keys}
    return Guess(
        codes,
        DEBOUNCE_S if any(one.partly != one.pressed and one.partly in meant for one in keys) else 0,
        no_release=bool(keys) and all(one.after == one.pressed for one in keys),
    )


def _changes(
    steps: Mapping[Word, Sequence[bytes]], rest: Sequence[bytes], *, numbered: bool
) -> list[_Change]:
    last = {_shape(report, numbered=numbered): report for report in rest if report}
    found = []
    for word, arrived in steps.items():
        reports = [report for report in arrived if report]
        news = [
            one
            for one in reports
            if one != last.get(shape := _shape(one, numbered=numbered), _blank(one, numbered))
        ]
        if news or (word in _HOOKS and reports):  # a button may say the same both ways
            first = (news or reports)[0]
            shape = _shape(first, numbered=numbered)
            same = [one for one in reports if _shape(one, numbered=numbered) == shape]
            before = last.get(shape, _blank(first, numbered))
            found.append(_Change(word, before, first, _fullest(first, same), same[-1]))
        last |= {_shape(report, numbered=numbered): report for report in reports}
    return found


def _fullest(first: bytes, reports: Sequence[bytes]) -> bytes:
    """The report that has all bits of the first one, and perhaps more."""
    following = reports[reports.index(first) + 1 :]
    for one in following[:1]:
        if int.from_bytes(one) & int.from_bytes(first) == int.from_bytes(first):
            return one
    return first


def _words(
    changes: Sequence[_Change], noise: frozenset[int], *, numbered: bool
) -> dict[Word, tuple[Pattern, ...]]:
    """Of the keys that share a report."""
    hook = {one.word: one for one in changes if one.word in _HOOKS}
    lifted, cradled = hook.get(Word.OFF_HOOK), hook.get(Word.ON_HOOK)
    keys = [one for one in changes if one.word not in _HOOKS]
    found: dict[Word, tuple[Pattern, ...]] = {}
    standing: dict[int, int] = {}
    if lifted and cradled and (places := _different(lifted.after, cradled.after) - noise):
        standing = {place: lifted.after[place] ^ cradled.after[place] for place in places}
        found[Word.OFF_HOOK] = (_pattern(lifted.after, places, numbered=numbered),)
        found[Word.ON_HOOK] = (_pattern(cradled.after, places, numbered=numbered),)
    elif lifted and cradled and lifted.pressed == cradled.pressed:
        keys = [_renamed(lifted), *keys]
    else:
        keys = [*hook.values(), *keys]
    places = frozenset[int]().union(*(one.places for one in keys)) - noise
    for one in keys if places else ():
        reports = _either_way(one.pressed, places, standing)
        found[one.word] = tuple(_pattern(each, places, numbered=numbered) for each in reports)
    return found


def _renamed(lifted: _Change) -> _Change:
    """One button for both ways."""
    return _Change(Word.HOOK, lifted.before, lifted.partly, lifted.pressed, lifted.after)


def _either_way(report: bytes, places: frozenset[int], standing: Mapping[int, int]) -> list[bytes]:
    """The report with the handset lifted and with it cradled, where the same byte tells both."""
    shared = [
        (place, (report[place] & ~standing[place], report[place] | standing[place]))
        for place in sorted(places & standing.keys())
        if standing[place].bit_count() == 1
    ]
    found = []
    for choice in product(*(values for _, values in shared)):
        changed = bytearray(report)
        for (place, _), one in zip(shared, choice, strict=True):
            changed[place] = one
        found.append(bytes(changed))
    return found


def _pattern(report: bytes, places: frozenset[int], *, numbered: bool) -> Pattern:
    exact = places | {0} if numbered else places
    length = max(exact, default=-1) + 1
    return Pattern(tuple((report[at], True) if at in exact else None for at in range(length)))


def _noise(rest: Sequence[bytes], shape: tuple[int, int], *, numbered: bool) -> frozenset[int]:
    """Bytes that change by themselves."""
    same = [report for report in rest if report and _shape(report, numbered=numbered) == shape]
    return frozenset[int]().union(*(_different(same[0], one) for one in same[1:]))


def _shape(report: bytes, *, numbered: bool) -> tuple[int, int]:
    """Which reports can be compared: those of one id and length."""
    return (report[0] if numbered else 0), len(report)


def _blank(report: bytes, numbered: bool) -> bytes:
    """How such a report looks while no key is pressed, for all we know."""
    return report[:1] * numbered + bytes(len(report) - numbered)


def _different(one: bytes, other: bytes) -> frozenset[int]:
    return frozenset(at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
