# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists that are written an item a line."""

from collections.abc import Sequence

import yaml

from . import render
from .lines import Lines


def refilled(text: str, node: yaml.SequenceNode, values: Sequence[str]) -> str:
    """The text with these items in the list; those that stay keep their lines, with the comments
    beside and above them."""
    lines = Lines(text)
    kept = _chunks(lines, node)
    dash = " " * node.start_mark.column + "- "
    made = []
    for value in values:
        found = next((one for one in kept if one[0] == value), None)
        if found:
            kept.remove(found)
        made.append(found[1] if found else lines.line(f"{dash}{render.scalar(value)}"))
    first, end = node.value[0].start_mark.line, _after(node.value[-1])
    return lines.replaced(first, end, made)


def _chunks(lines: Lines, node: yaml.SequenceNode) -> list[tuple[str, str]]:
    """Each item with its lines."""
    start = node.value[0].start_mark.line
    found = []
    for item in node.value:
        found.append((str(item.value), lines.between(start, _after(item))))
        start = _after(item)
    return found


def _after(item: yaml.Node) -> int:
    return int(item.end_mark.line) + 1
