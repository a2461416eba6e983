# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys in the text of a configuration file: set and taken out where they stand, so that everything
else, comments above all, stays as its author wrote it.

The text is edited as text and understood as YAML: what comes out is accepted only if it says what
it said before and the change, and nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import yaml

from . import lists, render
from .errors import UnchangedError
from .lines import Lines, Place
from .tree import Plain, Value, composed, is_empty, plain_table, put, taken

BY_HAND = "Edit the file by hand"
_ANCHOR = re.compile(r"&\S+\s+")
_COMMENT = re.compile(r"(^|\s)#", re.MULTILINE)

Pair = tuple[yaml.Node, yaml.Node]


def with_value(text: str, path: Sequence[str], value: Value) -> str:
    """The text with this value at a key, which is made if it is not there; a new one stands below
    its commented default, if there is one.  UnchangedError when the file is written in a way that
    allows it nowhere."""
    root = composed(text)
    wanted = put(plain_table(root), path, value)
    return _right(_set(text, root, path, value), wanted, path)


def without(text: str, path: Sequence[str]) -> str:
    """The text without a key and the comments in it; where it is not there, the same."""
    root = composed(text)
    said = plain_table(root)
    wanted = taken(said, path)
    return text if wanted == said else _right(_taken_out(text, root, path), wanted, path)


def _right(texts: Iterable[str], wanted: Mapping[str, Plain], path: Sequence[str]) -> str:
    """The first that says what is wanted."""
    for text in texts:
        try:
            if plain_table(composed(text)) == wanted:
                return text
        except UnchangedError:
            continue
    name = ".".join(path)
    raise UnchangedError(f"{name} is written in a way that offhook does not edit. {BY_HAND}")


# ---------------------------------------------------------------- set


def _set(text: str, root: yaml.Node | None, path: Sequence[str], value: Value) -> Iterator[str]:
    key, node = None, root
    for depth, name in enumerate(path):
        pair = _pair(node, name)
        if pair is None:
            below = value
            for one in reversed(path[depth + 1 :]):
                below = {one: below}
            yield from _inserted(text, key, node, name, below, depth)
            return
        key, node = pair
    if node is not None:
        yield from _replaced(text, node, value)


def _pair(node: yaml.Node | None, name: str) -> Pair | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((key, value) for key, value in node.value if key.value == name), None)


def _replaced(text: str, node: yaml.Node, value: Value) -> Iterator[str]:
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.SequenceNode):
        if not node.flow_style and not isinstance(value, str | bool | int | Mapping):
            yield lists.refilled(text, node, value)
            return
        _must_be_bare(text[start:end])
    written = render.inline(value)
    if anchor := _ANCHOR.match(text[start:end]):
        written = anchor[0] + written
    if text[start - 1 : start] == ":":
        written = f" {written}"
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        written += "\n"
    yield text[:start] + written + text[end:]


def _inserted(
    text: str, key: yaml.Node | None, node: yaml.Node | None, name: str, value: Value, depth: int
) -> Iterator[str]:
    if not isinstance(node, yaml.MappingNode) or not node.value:
        yield from _first(text, key, node, name, value, depth)
    elif node.flow_style:
        end = node.value[-1][1].end_mark.index
        yield f"{text[:end]}, {render.inline({name: value})[1:-1]}{text[end:]}"
    else:
        yield from _further(text, key, node, name, value, depth)


def _first(
    text: str, key: yaml.Node | None, node: yaml.Node | None, name: str, value: Value, depth: int
) -> Iterator[str]:
    """Into a table that is empty: nothing stands there, or null, or {}."""
    if key is None or node is None:
        lines = Lines(text)
        yield lines.appended(render.entry(name, value, 0, depth))
        return
    if not is_empty(node) and not isinstance(node, yaml.MappingNode):
        return
    start, end = node.start_mark.index, node.end_mark.index
    lines = Lines(text[:start].rstrip(" ") + text[end:])
    line, column = key.start_mark.line, key.start_mark.column
    if depth <= render.LINES_DOWN_TO:
        if found := _commented(lines, key, name, column + 1):
            yield lines.with_lines(found.after, render.entry(name, value, found.column, depth))
        yield lines.with_lines(line + 1, render.entry(name, value, column + render.INDENT, depth))
    gap = " " if text[start - 1 : start] == ":" else ""
    yield f"{text[:start]}{gap}{render.inline({name: value})}{text[end:]}"


def _further(
    text: str, key: yaml.Node | None, node: yaml.MappingNode, name: str, value: Value, depth: int
) -> Iterator[str]:
    """Into a table that is written line by line."""
    lines = Lines(text)
    last = node.value[-1][0].start_mark
    end = lines.end(last.line, last.column)
    entry = render.entry(name, value, last.column, depth)
    if key is None:
        yield lines.appended(entry)
    elif found := _commented(lines, key, name, last.column):
        yield lines.with_lines(found.after, entry)
    yield lines.with_lines(end, entry)


def _commented(lines: Lines, key: yaml.Node, name: str, column: int) -> Place | None:
    """The default in the table of this key, so far to the right at least."""
    line = key.start_mark.line
    return lines.commented(name, line + 1, lines.end(line, key.start_mark.column), column)


# ---------------------------------------------------------------- take out


def _taken_out(text: str, root: yaml.Node | None, path: Sequence[str]) -> Iterator[str]:
    above: yaml.Node | None = None
    table, pair = root, _pair(root, path[0])
    for name in path[1:]:
        if pair is None:
            return
        above, table = pair
        pair = _pair(table, name)
    if pair is None or not isinstance(table, yaml.MappingNode):
        return
    if table.flow_style:
        yield _out_of_braces(text, table, pair)
    else:
        yield _out_of_lines(text, above, table, pair)


def _out_of_braces(text: str, table: yaml.MappingNode, pair: Pair) -> str:
    place = table.value.index(pair)
    start, end = pair[0].start_mark.index, pair[1].end_mark.index
    if place:
        start = table.value[place - 1][1].end_mark.index
    elif len(table.value) > 1:
        end = table.value[1][0].start_mark.index
    _must_be_bare(text[start:end])
    return text[:start] + text[end:]


def _out_of_lines(text: str, above: yaml.Node | None, table: yaml.MappingNode, pair: Pair) -> str:
    lines = Lines(text)
    mark = pair[0].start_mark
    left = lines.without(mark.line, lines.end(mark.line, mark.column))
    if len(table.value) > 1 or above is None:
        return left
    colon = text.index(":", above.end_mark.index) + 1
    return f"{left[:colon]} {{}}{left[colon:]}"


def _must_be_bare(text: str) -> None:
    """A list or table on several lines may have comments in it, which would be lost."""
    if _COMMENT.search(text):
        raise UnchangedError(f"There are comments in what would be replaced. {BY_HAND}")
