# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts in the text of a configuration file: added and taken out by lines, so that everything
else, comments above all, stays as its author wrote it.

The text is edited as text and understood as YAML: what comes out is accepted only if it holds the
old configuration and the change, and nothing else.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from .refusal import RefusedError

INDENT = 2
SECTION = "accounts"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9@.:;=_+/-]*")
BY_HAND = "Edit the file by hand"
SEE = "see offhook config check"


def with_account(text: str, name: str, keys: Mapping[str, str]) -> str:
    """The text with one account more, the last.  RefusedError when it is there already, or when
    the file is written in a way that cannot be added to line by line."""
    before = _read(text)
    if name in (before.get(SECTION) or {}):
        raise RefusedError(f"The configuration has an account {name} already")
    after = {**before, SECTION: {**(before.get(SECTION) or {}), name: dict(keys)}}
    return _checked(_added(text, name, keys), after)


def without_account(text: str, name: str) -> str:
    """The text without an account and the comments in it.  RefusedError when it has none of this
    name, or when it is not written line by line."""
    before = _read(text)
    if name not in (before.get(SECTION) or {}):
        raise RefusedError(f"The configuration has no account {name}")
    left = {key: value for key, value in before[SECTION].items() if key != name}
    return _checked(_taken_out(text, name), {**before, SECTION: left})


def _read(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise RefusedError(
            f"The configuration is not YAML{line}; see offhook config check"
        ) from None
    if not isinstance(found or {}, dict) or not isinstance((found or {}).get(SECTION) or {}, dict):
        raise RefusedError(f"The configuration is not a table of keys; {SEE}")
    return found or {}


def _checked(text: str, wanted: Mapping[str, Any]) -> str:
    try:
        if yaml.safe_load(text) == wanted:
            return text
    except yaml.YAMLError:
        pass
    raise RefusedError(f"The accounts are written in a way that offhook does not edit. {BY_HAND}")


def _added(text: str, name: str, keys: Mapping[str, str]) -> str:
    lines = text.splitlines()
    section = _section(text)
    if section is None:
        gap = [""] if lines and lines[-1].strip() else []
        return _joined([*lines, *gap, f"{SECTION}:", *_entry(name, keys, INDENT)])
    key, value = section
    if isinstance(value, yaml.MappingNode) and value.value:
        _must_be_block(value)
        last = value.value[-1][0].start_mark
        end = _end(lines, last.line, last.column)
        entry = _entry(name, keys, last.column)
    else:  # nothing yet, or {}
        end = key.start_mark.line + 1
        lines[end - 1] = re.sub(rf"^({SECTION}:)\s*(\{{\s*\}}|~|null)?", r"\1", lines[end - 1])
        entry = _entry(name, keys, INDENT)
    return _joined([*lines[:end], *entry, *lines[end:]])


def _taken_out(text: str, name: str) -> str:
    lines = text.splitlines()
    section = _section(text)
    assert section is not None  # noqa: S101 - the account was found in it
    key, value = section
    _must_be_block(value)
    (start,) = (one.start_mark for one, _ in value.value if one.value == name)
    if len(value.value) == 1:
        lines[key.start_mark.line] = lines[key.start_mark.line].replace(":", ": {}", 1)
    return _joined(lines[: start.line] + lines[_end(lines, start.line, start.column) :])


def _section(text: str) -> tuple[yaml.Node, yaml.Node] | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return None
    _must_be_block(root)
    return next(((key, value) for key, value in root.value if key.value == SECTION), None)


def _must_be_block(node: yaml.Node) -> None:
    if isinstance(node, yaml.CollectionNode) and node.flow_style:
        raise RefusedError(f"The accounts stand in braces, on no lines of their own. {BY_HAND}")


def _end(lines: list[str], start: int, column: int) -> int:
    """The line after an entry that begins at `start`: what is indented deeper belongs to it."""
    end = start + 1
    for number in range(end, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        if len(line) - len(line.lstrip()) <= column:
            break
        end = number + 1
    return end


def _entry(name: str, keys: Mapping[str, str], column: int) -> list[str]:
    inner = " " * (column + INDENT)
    return [f"{' ' * column}{_scalar(name)}:"] + [
        f"{inner}{key}: {_scalar(value)}" for key, value in keys.items()
    ]


def _scalar(value: str) -> str:
    """Plain where that says the same, else in double quotes, which JSON and YAML share."""
    if _PLAIN.fullmatch(value) and yaml.safe_load(f"{{x: {value} }}") == {"x": value}:
        return value
    return json.dumps(value, ensure_ascii=False)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
