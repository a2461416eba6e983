# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone numbers as one country writes them (ITU-T E.164), by the `phonenumbers` library.

The library is loaded when the first number needs it: 33 ms and 1.5 MB that most starts never pay.
"""

import re
from functools import lru_cache
from typing import Any

LONGEST_E164 = 15
LONGEST_SHORT_NUMBER = 6
"""No country has longer emergency numbers; anything longer is not looked up as one."""
FEWEST_DIGITS = 5
"""Below it a number is a short code or an extension, and means nothing elsewhere."""

ALWAYS_EMERGENCY = frozenset({"112", "911"})
"""In every network (3GPP TS 22.101 section 10.1.1), whatever the country."""
EMERGENCY_WITHOUT_COUNTRY = ALWAYS_EMERGENCY | {"999", "000", "08", "110", "118", "119"}
"""What the same section has phones know as long as nobody has told the country."""

_DIGITS = re.compile(r"\+?[0-9]+")


class Numbering:
    """`country`: ISO 3166, any case; "" knows only numbers that are complete in themselves."""

    def __init__(self, country: str = "") -> None:
        self.country = country.upper()

    def e164(self, number: str) -> str:
        """`number` as "+4930123456"; "" when it is none, or short, or of another notation."""
        if not _DIGITS.fullmatch(number) or len(number) < FEWEST_DIGITS:
            return ""
        if number.startswith("+"):
            return number if len(number) <= LONGEST_E164 + 1 else ""
        return _e164(number, self.country) if self.country else ""

    def national(self, number: str) -> str:
        """How the country itself dials it, "030123456"; "" for a foreign or unknown number."""
        return _national(self.e164(number), self.country)

    def international(self, number: str) -> str:
        """With the country's international prefix, "004930123456"; "" when it is unknown."""
        full = self.e164(number)
        return international_prefix(self.country) + full[1:] if full else ""

    def same(self, one: str, other: str) -> bool:
        """Whether both reach the same telephone."""
        return one == other or (bool(full := self.e164(one)) and full == self.e164(other))

    def spellings(self, number: str) -> tuple[str, ...]:
        """Every way in which a server may write `number`, itself first."""
        full = self.e164(number)
        others = (full, full[1:], self.international(number), self.national(number))
        return tuple(dict.fromkeys((number, *filter(None, others))))

    def is_emergency(self, number: str) -> bool:
        """Whether `number` calls for help in the country, or anywhere when that is unknown."""
        if number in ALWAYS_EMERGENCY:
            return True
        if not self.country:
            return number in EMERGENCY_WITHOUT_COUNTRY
        if len(number) > LONGEST_SHORT_NUMBER or not number.isdecimal():
            return False
        return bool(_library().is_emergency_number(number, self.country))

    def is_premium(self, number: str) -> bool:
        """Whether a call to `number` is charged beyond the call itself, as far as is known."""
        full = self.e164(number)
        return bool(full) and _is_premium(full)


def _library() -> Any:
    import phonenumbers  # noqa: PLC0415 - 33 ms and 1.5 MB, see above

    return phonenumbers


@lru_cache(maxsize=256)
def _e164(number: str, country: str) -> str:
    library = _library()
    try:
        parsed = library.parse(number, country)
    except library.NumberParseException:
        return ""
    if not library.is_possible_number(parsed):
        return ""
    return str(library.format_number(parsed, library.PhoneNumberFormat.E164))


@lru_cache(maxsize=256)
def _is_premium(full: str) -> bool:
    library = _library()
    try:
        kind = library.number_type(library.parse(full))
    except library.NumberParseException:
        return False
    return bool(kind == library.PhoneNumberType.PREMIUM_RATE)


@lru_cache(maxsize=256)
def _national(full: str, country: str) -> str:
    library = _library() if full and country else None
    if library is None:
        return ""
    try:
        parsed = library.parse(full)
    except library.NumberParseException:
        return ""
    if parsed.country_code != library.country_code_for_region(country):
        return ""
    written = library.format_number(parsed, library.PhoneNumberFormat.NATIONAL)
    return str(library.normalize_digits_only(written))


@lru_cache(maxsize=8)
def international_prefix(country: str) -> str:
    """What is dialled before a foreign number: "00" in most countries, "011" in some."""
    if not country:
        return "00"
    found = _library().PhoneMetadata.metadata_for_region(country, None)
    known = found and (found.preferred_international_prefix or found.international_prefix)
    return str(known) if known and str(known).isdecimal() else "00"
