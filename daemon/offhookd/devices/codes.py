# SPDX-License-Identifier: GPL-2.0-or-later
"""Hears the words in the reports of a private protocol."""

from collections.abc import Callable, Mapping

from offhookd.devices.patterns import Pattern, Word
from offhookd.devices.window import Window
from offhookd.phone.ports import Clock


class Codes:
    """`say` gets each word once when a report begins to mean it.

    With `debounce_s` a report counts only when nothing fuller came in that time: keys that set two
    bits arrive one bit after the other (Philips VOIP1511), and one bit alone is another key.
    `numbered`: reports begin with their id.  `released`: the device tells when a key is let go;
    otherwise each report is a press.
    """

    def __init__(
        self,
        codes: Mapping[Word, tuple[Pattern, ...]],
        debounce_s: float,
        clock: Clock,
        say: Callable[[Word], None],
        *,
        numbered: bool = True,
        released: bool = True,
    ) -> None:
        self._codes = codes
        self._numbered = numbered
        self._released = released
        self._say = say
        self._debounced = debounce_s > 0
        self._window = Window(clock, debounce_s, self._decide)
        self._undecided = b""
        self._meant: dict[int, frozenset[Word]] = {}

    def forget(self) -> None:
        self._window.close()
        self._meant.clear()

    def baseline(self, report: bytes) -> frozenset[Word]:
        """What the report means, for somebody who asks what was before."""
        words = self._words(report)
        self._meant[self._id(report)] = words
        return words

    def hear(self, report: bytes) -> bool:
        """Whether the report is one of this protocol's."""
        if not report:
            return False
        if not self._debounced:
            self._decide(report)
        elif not self._words(report):
            self._release(report)
        elif not self._window or _bits(report) > _bits(self._undecided):
            self._undecided = report
            if not self._window:
                self._window.open()
        return bool(self._meant.get(self._id(report)))

    def _release(self, report: bytes) -> None:
        """The key was let go, perhaps before it counted."""
        if self._window:
            self._window.close()
            self._decide()
        self._decide(report)

    def _decide(self, report: bytes = b"") -> None:
        report = report or self._undecided
        words, before = self._words(report), self._meant.get(self._id(report), frozenset())
        self._meant[self._id(report)] = words
        for word in sorted(words - before if self._released else words):
            self._say(word)

    def _id(self, report: bytes) -> int:
        return report[0] if self._numbered else 0

    def _words(self, report: bytes) -> frozenset[Word]:
        return frozenset(
            word
            for word, patterns in self._codes.items()
            if any(pattern.matches(report) for pattern in patterns)
        )


def _bits(report: bytes) -> int:
    return int.from_bytes(report, "little").bit_count()
