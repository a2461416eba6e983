# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person should know: one sentence for each thing that is wrong now."""

from collections.abc import Iterator
from typing import NamedTuple

from .events import Signal


class Problem(NamedTuple):
    code: str
    """Stable name, e.g. "account-auth"."""
    subject: str
    """What it is about: "accounts/work", "devices/...", or "" for the phone itself."""
    text: str


class Problems:
    """The list, one entry for each (code, subject), oldest first."""

    def __init__(self) -> None:
        self.changed: Signal[[]] = Signal()
        self._entries: dict[tuple[str, str], Problem] = {}

    def __iter__(self) -> Iterator[Problem]:
        return iter(tuple(self._entries.values()))

    def raise_(self, code: str, text: str, subject: str = "") -> None:
        """State the problem; saying the same again changes nothing."""
        problem = Problem(code, subject, text)
        if self._entries.get((code, subject)) != problem:
            self._entries[code, subject] = problem
            self.changed()

    def hold(self, code: str, text: str, subject: str = "") -> None:
        """State the problem while there is a `text`, clear it when there is none."""
        if text:
            self.raise_(code, text, subject)
        else:
            self.clear(code, subject)

    def clear(self, code: str, subject: str = "") -> None:
        if self._entries.pop((code, subject), None):
            self.changed()

    def clear_subject(self, subject: str) -> None:
        """Forget all about something that no longer exists."""
        gone = [key for key in self._entries if key[1] == subject]
        for key in gone:
            del self._entries[key]
        if gone:
            self.changed()
