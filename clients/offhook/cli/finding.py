# SPDX-License-Identifier: GPL-2.0-or-later
"""What an examination of the phone finds."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is what was looked at, `remedy` what a person can do, "" where nothing is wrong."""

    subject: str
    verdict: Verdict
    text: str
    remedy: str = ""


def ok(subject: str, text: str) -> Finding:
    return Finding(subject, Verdict.OK, text)


def warn(subject: str, text: str, remedy: str) -> Finding:
    return Finding(subject, Verdict.WARN, text, remedy)


def fail(subject: str, text: str, remedy: str) -> Finding:
    return Finding(subject, Verdict.FAIL, text, remedy)
