# SPDX-License-Identifier: GPL-2.0-or-later
"""The sections about what happens before a call: who rings, with what, and what is dialled."""

import re
from collections.abc import Callable
from typing import TypeVar

from offhookd.config import readers
from offhookd.config.problems import did_you_mean, shown
from offhookd.config.readers import Reader, SectionReaders, UnfitError
from offhookd.config.schema import DND_CODES
from offhookd.config.tree import Entry, Table, kind
from offhookd.phone.dial_plan import Rewrite
from offhookd.phone.errors import InvalidTargetError
from offhookd.phone.numbers import parse_target
from offhookd.phone.parties import LONGEST_PATTERN
from offhookd.phone.ring_sound import BELLCORE
from offhookd.phone.screening import Treatment
from offhookd.phone.values import AccountId, Detour

T = TypeVar("T")

MOST_ENTRIES = 200
LONGEST_CALLBACK_MINUTES = 1440
EXAMPLE_DOMAIN = "pbx.example.com"

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_DIGITS = re.compile(r"[0-9]{2,15}")
_LABEL = re.compile(r"[A-Za-z0-9_.-]{1,32}")


def parties(entry: Entry) -> tuple[str, ...]:
    """Patterns, see `phone.parties`."""
    found = readers.listing(entry, MOST_ENTRIES)
    for text in found:
        party(text)
    return found


def party(text: str) -> str:
    if len(text) > LONGEST_PATTERN or any(char.isspace() for char in text.strip()):
        raise UnfitError(f"{shown(text)} is neither a number nor an address, nor a pattern of one")
    return text


def prefix(entry: Entry) -> str:
    found = readers.text(entry)
    if not _NUMBER.fullmatch(found):
        raise UnfitError(f'must be digits such as "0", not {shown(found)}')
    return found


def rewrites(entry: Entry) -> tuple[Rewrite, ...]:
    """ "PATTERN -> REPLACEMENT" each."""
    return tuple(map(_rewrite, readers.listing(entry)))


def _rewrite(text: str) -> Rewrite:
    pattern, arrow, replacement = text.partition(" -> ")
    if not arrow:
        raise UnfitError(f'{shown(text)} lacks the arrow of "PATTERN -> REPLACEMENT"')
    try:
        # Groups that the pattern lacks show only when the template is expanded.
        Rewrite(f"(?:{pattern.strip()})|.*", replacement.strip()).apply("")
    except (re.error, IndexError) as error:
        raise UnfitError(f"{shown(text)} is no regular expression: {error}") from None
    return Rewrite(pattern.strip(), replacement.strip())


def sound(entry: Entry) -> str:
    """The name of a built-in ring, or a WAV file."""
    written = readers.text(entry)
    if written.lower() in BELLCORE:
        return written.lower()
    if "/" not in written and not written.lower().endswith(".wav"):
        hint = did_you_mean(written, BELLCORE)
        raise UnfitError(f"must be {BELLCORE[0]} to {BELLCORE[-1]} or a WAV file{hint}")
    return str(readers.file(entry))


def target(entry: Entry) -> str:
    """Anything that can be dialled."""
    written = readers.text(entry)
    try:
        parse_target(written, EXAMPLE_DOMAIN)
    except InvalidTargetError as error:
        raise UnfitError(f"cannot be dialled: {error}") from None
    return written


def identity(entry: Entry) -> str:
    return str(readers.aor(entry))


def dnd_code(entry: Entry) -> int:
    found = readers.number(400, 699)(entry)
    if found not in DND_CODES:
        raise UnfitError(f"must be one of {', '.join(map(str, DND_CODES))}, not {found}")
    return found


def emergency_numbers(entry: Entry) -> tuple[str, ...]:
    found = readers.listing(entry)
    for number in found:
        if not _DIGITS.fullmatch(number):
            raise UnfitError(f"{shown(number)} is no number of 2 to 15 digits")
    return found


def account_id(entry: Entry) -> AccountId:
    return AccountId(readers.text(entry))


def mapping(check_key: Callable[[str], object], read: Reader[T]) -> Callable[[Entry], dict[str, T]]:
    """A table of the user's own keys."""

    def read_table(entry: Entry) -> dict[str, T]:
        if not isinstance(entry.node, Table):
            raise UnfitError(f"must be a table of keys, not {kind(entry.node)}")
        if len(entry.node.entries) > MOST_ENTRIES:
            raise UnfitError(f"has more than {MOST_ENTRIES} entries")
        found = {}
        for key, value in entry.node.entries.items():
            check_key(key)
            try:
                found[key] = read(value)
            except UnfitError as error:
                raise UnfitError(f"{shown(key)} (line {value.line}) {error}") from None
        return found

    return read_table


def label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise UnfitError(f"{shown(text)} is no key of 1 to 32 letters, digits, _ . or -")
    return text


CALLS: SectionReaders = {
    "dnd_code": dnd_code,
    "transferred": readers.choice(Detour),
    "redirected": readers.choice(Detour),
}
SCREENING: SectionReaders = {
    "allow": parties,
    "block": parties,
    "blocked": readers.choice(Treatment),
    "anonymous": readers.choice(Treatment),
    "others": readers.choice(Treatment),
}
AUTO_ANSWER: SectionReaders = {"callers": parties, "beep": readers.flag, "muted": readers.flag}
RINGING: SectionReaders = {
    "sound": sound,
    "alert_info": mapping(label, sound),
    "callers": mapping(party, sound),
}
EMERGENCY: SectionReaders = {
    "numbers": emergency_numbers,
    "account": account_id,
    "callback_minutes": readers.number(0, LONGEST_CALLBACK_MINUTES),
}
