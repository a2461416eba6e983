# SPDX-License-Identifier: GPL-2.0-or-later
"""Values as YAML text."""

import json
import re
from collections.abc import Mapping

import yaml

from .tree import Value, as_plain

INDENT = 2
LINES_DOWN_TO = 2
"""Sections and what is named in them have lines of their own; tables below stand in braces."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9@.:;=_+/-]*")


def entry(name: str, value: Value, column: int, depth: int) -> list[str]:
    """The lines of a key, so many columns and tables deep."""
    indent = " " * column
    if not isinstance(value, Mapping) or depth >= LINES_DOWN_TO:
        return [f"{indent}{scalar(name)}: {inline(value)}"]
    lines = [f"{indent}{scalar(name)}:"]
    for inner, one in value.items():
        lines += entry(inner, one, column + INDENT, depth + 1)
    return lines


def inline(value: Value) -> str:
    """On one line, also inside of braces and brackets."""
    match value:
        case bool() | int():
            return str(as_plain(value))
        case str():
            return scalar(value)
        case Mapping():
            inner = (f"{scalar(name)}: {inline(one)}" for name, one in value.items())
            return f"{{{', '.join(inner)}}}"
        case _:
            return f"[{', '.join(map(scalar, value))}]"


def scalar(text: str) -> str:
    """Plain where that says the same, else in double quotes, which JSON and YAML share."""
    if _PLAIN.fullmatch(text) and yaml.safe_load(f"{{x: {text} }}") == {"x": text}:
        return text
    return json.dumps(text, ensure_ascii=False)
