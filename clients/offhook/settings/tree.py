# SPDX-License-Identifier: GPL-2.0-or-later
"""What a configuration says, as plain data: tables, lists, and the text of everything else.

Scalars are what was written, as the daemon reads them: ``no`` and ``0049`` are texts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import yaml

from .errors import UnchangedError

Plain: TypeAlias = str | list["Plain"] | dict[str, "Plain"] | None
"""None: nothing was written, or one of YAML's words for it."""

Value: TypeAlias = str | bool | int | Sequence[str] | Mapping[str, "Value"]
"""What can be written."""

DEEPEST = 8
"""Nothing in a configuration is deeper, and an alias may stand inside what it stands for."""

SEE = "see offhook config check"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The daemon's: libyaml takes some tabs that the parser in Python refuses."""


def composed(text: str) -> yaml.Node | None:
    """The text as nodes that know where they stand; UnchangedError where it is no table of keys."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UnchangedError(f"The configuration is not YAML{line}; {SEE}") from None
    if root is not None and not isinstance(root, yaml.MappingNode) and not is_empty(root):
        raise UnchangedError(f"The configuration is not a table of keys; {SEE}")
    return root


def is_empty(node: yaml.Node) -> bool:
    """Whether it says nothing."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def read(text: str) -> dict[str, Plain]:
    return plain_table(composed(text))


def plain_table(root: yaml.Node | None) -> dict[str, Plain]:
    found = _plain(root, DEEPEST) if root else None
    return found if isinstance(found, dict) else {}


def _plain(node: yaml.Node, depth: int) -> Plain:
    if not depth:
        raise UnchangedError(f"The configuration is nested too deeply; {SEE}")
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value, depth - 1) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, depth - 1) for item in node.value]
    return None if is_empty(node) else str(node.value)


def at(tree: Mapping[str, Plain], path: Sequence[str]) -> Plain:
    """What stands at a key, None where nothing does."""
    found: Plain = dict(tree)
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def put(tree: Mapping[str, Plain], path: Sequence[str], value: Value) -> dict[str, Plain]:
    """The tree with this value there."""
    name, *rest = path
    if not rest:
        return {**tree, name: as_plain(value)}
    below = tree.get(name) or {}
    if not isinstance(below, dict):
        raise UnchangedError(f"{name} is not a table of keys in the configuration; {SEE}")
    return {**tree, name: put(below, rest, value)}


def taken(tree: Mapping[str, Plain], path: Sequence[str]) -> dict[str, Plain]:
    """The tree without this key."""
    name, *rest = path
    if not rest:
        return {key: value for key, value in tree.items() if key != name}
    below = tree.get(name)
    return {**tree, name: taken(below, rest)} if isinstance(below, dict) else dict(tree)


def overlaid(lower: Mapping[str, Plain], upper: Mapping[str, Plain]) -> dict[str, Plain]:
    """One over the other, key by key; what the upper one names comes first."""
    made: dict[str, Plain] = {name: value for name, value in upper.items() if value is not None}
    for name, below in lower.items():
        above = made.setdefault(name, below)
        if isinstance(above, dict) and isinstance(below, dict):
            made[name] = overlaid(below, above)
    return made


def as_plain(value: Value) -> Plain:
    match value:
        case bool():
            return str(value).lower()
        case str() | int():
            return str(value)
        case Mapping():
            return {name: as_plain(one) for name, one in value.items()}
        case _:
            return list(value)
