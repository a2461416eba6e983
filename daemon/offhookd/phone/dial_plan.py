# SPDX-License-Identifier: GPL-2.0-or-later
"""What an account's server is sent for the number that a person entered.

In this order, and the first that applies decides:

1. an emergency number goes out as it was entered, whatever the rules say;
2. the first rewrite rule whose pattern fits the whole number;
3. what holds * or #, and a number of up to `extension_digits`, goes out as it was entered;
4. a full number (+49..., or any number when `number_format` asks for one form) is written in the
   form the server wants, behind the prefix for an outside line;
5. everything else goes out as it was entered.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from .numbering import Numbering


class NumberFormat(StrEnum):
    """How a server wants numbers of the public network."""

    AS_DIALLED = "as-dialled"
    E164 = "e164"
    INTERNATIONAL = "international"
    NATIONAL = "national"


@dataclass(frozen=True, slots=True)
class Rewrite:
    r"""`pattern` is a regular expression for the whole number; `replacement` may use \1."""

    pattern: str
    replacement: str

    def apply(self, number: str) -> str | None:
        """The new number, or None when the pattern does not fit."""
        found = re.fullmatch(self.pattern, number)
        return found.expand(self.replacement) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlan:
    """One account's; the defaults send everything as it was entered."""

    outside_prefix: str = ""
    extension_digits: int = 0
    number_format: NumberFormat = NumberFormat.AS_DIALLED
    rewrite: tuple[Rewrite, ...] = ()

    def apply(self, number: str, numbering: Numbering) -> str:
        """`number` (digits, +, *, #, no separators) as the server is to have it."""
        for rule in self.rewrite:
            rewritten = rule.apply(number)
            if rewritten is not None:
                return rewritten
        if len(number) <= self.extension_digits or set(number) & set("*#"):
            return number
        return self._public(number, numbering)

    def _public(self, number: str, numbering: Numbering) -> str:
        as_entered = self.number_format is NumberFormat.AS_DIALLED
        if as_entered and not (self.outside_prefix and number.startswith("+")):
            return number
        full = numbering.e164(number)
        if not full:
            return number
        if self.number_format is NumberFormat.E164:
            return full  # complete for any server, and no prefix goes before a "+"
        return self.outside_prefix + self._digits(full, numbering)

    def _digits(self, full: str, numbering: Numbering) -> str:
        if self.number_format is NumberFormat.INTERNATIONAL:
            return numbering.international(full)
        return numbering.national(full) or numbering.international(full)
