# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with a configuration, and the one place that collects it."""

from collections.abc import Iterable
from dataclasses import dataclass

from offhookd.phone.errors import InvalidConfigError

# Nobody repairs more than this in one go, and a hostile file must not make us write a book.
MAX_PROBLEMS = 50

SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """`line` counts from 1 and is 0 when the file as a whole is meant; `key` is dotted
    (``accounts.work.uri``) and "" when no key is meant; `reason` is for a person."""

    file: str
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.reason) if part)


class ConfigError(InvalidConfigError):
    """The configuration is not usable; `problems` has every reason, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class Report:
    """Collects problems, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, file: object, line: int, key: str, reason: str) -> None:
        """Note a problem; raises `ConfigError` when there are enough for anybody."""
        self._problems.append(Problem(shown(str(file), 4096), line, shown(key, 200), reason))
        if len(self._problems) >= MAX_PROBLEMS:
            raise ConfigError(self._problems)

    def raise_if_any(self) -> None:
        if self._problems:
            raise ConfigError(self._problems)


def shown(text: str, most: int = SHOWN_CHARS) -> str:
    """`text` fit for a terminal: one line, nothing unprintable, not endless."""
    head = text[:most]
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in head)
    return clean + "..." if len(text) > most else clean


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean X?)`` or nothing; to be appended to a reason."""
    import difflib  # noqa: PLC0415 - 0.2 MB that only a mistake needs

    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word[:SHOWN_CHARS].casefold(), by_folded, n=1)
    return f" (did you mean {by_folded[close[0]]}?)" if close else ""
