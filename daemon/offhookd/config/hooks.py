# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``hooks`` and ``screen_pop`` sections: what other programs do at the moments of a call."""

import re
from urllib.parse import urlsplit

from offhookd.config import readers
from offhookd.config.problems import Report, did_you_mean
from offhookd.config.readers import SectionReaders, UnfitError, text
from offhookd.config.schema import HooksConfig, ScreenPopConfig
from offhookd.config.sections import read_section
from offhookd.config.tree import Entry, Table
from offhookd.phone.moments import Moment
from offhookd.phone.pop import WORDS

TIMEOUT_SECONDS = (1, 300)

HOOKS: SectionReaders = {
    **dict.fromkeys(Moment, readers.command),
    "timeout_seconds": readers.number(*TIMEOUT_SECONDS),
}


def page(entry: Entry) -> str:
    """A template for URLs."""
    found = text(entry)
    for word in re.findall(r"[{]([^}]*)[}]", found):
        if word not in WORDS:
            hint = did_you_mean(word, WORDS) or f"; known are {', '.join(WORDS)}"
            raise UnfitError(f"{{{word}}} stands for nothing{hint}")
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "{" in parts.netloc:
        raise UnfitError("must begin with https://HOST/ or http://HOST/")
    return found


SCREEN_POP: SectionReaders = {
    "url": page,
    "at": readers.choice(Moment),
    "sites": readers.listing,
}


def read_hooks(table: Table, report: Report) -> HooksConfig:
    values = read_section("hooks", table, HOOKS, report)
    commands = {moment: values.pop(moment) for moment in Moment if moment in values}
    return HooksConfig(commands=commands, **values)


def read_screen_pop(table: Table, report: Report) -> ScreenPopConfig:
    return ScreenPopConfig(**read_section("screen_pop", table, SCREEN_POP, report))
