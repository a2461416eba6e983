# SPDX-License-Identifier: GPL-2.0-or-later
"""A text as lines, each with the end it has."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something new belongs: below which line, how far to the right."""

    after: int
    column: int


class Lines:
    def __init__(self, text: str) -> None:
        self._lines = [one for one in re.split(r"(?<=\n)", text) if one]
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def end(self, start: int, column: int) -> int:
        """The line after an entry that begins at `start`: what is indented deeper belongs to it,
        and items of a list even where they are not."""
        end = start + 1
        for number in range(end, len(self._lines)):
            line = self._lines[number]
            if not line.strip():
                continue
            inside = line.lstrip()
            deeper = len(line) - len(inside) - column
            if deeper < 0 or (deeper == 0 and not inside.startswith("- ")):
                break
            end = number + 1
        return end

    def commented(self, name: str, start: int, end: int, column: int) -> Place | None:
        """Below the line of these that has the key as a comment, at this column or further."""
        key = re.compile(rf"( {{{column},}})# ?{re.escape(name)}:(\s|$)")
        for number in range(start, min(end, len(self._lines))):
            if found := key.match(self._lines[number]):
                return Place(number + 1, len(found[1]))
        return None

    def with_lines(self, place: int, new: Sequence[str]) -> str:
        """The text with these lines before the one at `place`."""
        before = "".join(self._lines[:place])
        return self._ended(before) + self._joined(new) + "".join(self._lines[place:])

    def appended(self, new: Sequence[str]) -> str:
        """The text with these lines at its end, a blank one between."""
        gap = [""] if self._lines and self._lines[-1].strip() else []
        return self.with_lines(len(self._lines), [*gap, *new])

    def without(self, start: int, end: int) -> str:
        return self.replaced(start, end, [])

    def replaced(self, start: int, end: int, new: Sequence[str]) -> str:
        """The text with these, which have their ends, in place of its lines from `start`."""
        return "".join([*self._lines[:start], *new, *self._lines[end:]])

    def line(self, text: str) -> str:
        """With the end that lines have here."""
        return f"{text}{self._newline}"

    def between(self, start: int, end: int) -> str:
        return self._ended("".join(self._lines[start:end]))

    def _joined(self, lines: Sequence[str]) -> str:
        return "".join(map(self.line, lines))

    def _ended(self, text: str) -> str:
        return text if not text or text.endswith("\n") else text + self._newline
