# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes what was learnt of a model into the user's ``devices.yaml``; all else in it stays."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from offhookd.devices import quirks
from offhookd.devices.patterns import Pattern

_HEAD = """\
# SPDX-License-Identifier: GPL-2.0-or-later
# USB phones of this user; the head of {shipped} explains the keys.
"""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def entry(model: str, name: str, found: Mapping[str, Any]) -> str:
    """The lines for `model` ("1234:5678"); `found` has fields of `Quirks`."""
    comment = "".join(char for char in name if char.isprintable())
    lines = [f'"{model}":  # {comment}', *_lines(found, "  ")]
    return "\n".join(lines) + "\n"


def has(path: Path, model: str) -> bool:
    """Whether the file has lines of that model already."""
    return any(_names(line, model) for line in _text(path).splitlines())


def write(path: Path, model: str, lines: str) -> None:
    """Put `lines` in place of those of `model`, or behind all others.  `ConfigError` when the file
    would not be in order, `OSError` when it cannot be written; it is unchanged then."""
    kept = _without(_text(path), model) or _HEAD.format(shipped=quirks.SHIPPED_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(f"{kept.rstrip()}\n\n{lines}", encoding="utf-8")
        quirks.load([new])
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _without(text: str, model: str) -> str:
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        if line[:1].strip():
            inside = _names(line, model)
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def _names(line: str, model: str) -> bool:
    return line.replace("'", '"').startswith((f'"{model}":', f"{model}:"))


def _lines(found: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in found.items():
        if isinstance(value, Mapping):
            yield f"{indent}{_key(key)}:"
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{_key(key)}: {_value(value)}"


def _key(key: str) -> str:
    return str(key) if _PLAIN.fullmatch(key) else f'"{key}"'


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Pattern):
        return f'"{value}"'  # "4e" and "!00" would be something else to YAML
    return str(value)
