# SPDX-License-Identifier: GPL-2.0-or-later
"""YAML text as a tree that knows where each key was written.

Scalars stay the text that was written: ``0049`` is not 39, ``off`` and ``no`` are not booleans and
``12:30`` is not 750, unless the key that holds them asks for such a value.  Anchors and aliases
work, but what they expand to is counted; tags and merge keys are refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from offhookd.config.files import File
from offhookd.config.problems import Report, shown

# Nothing in the schema is deeper than accounts: work: codecs: [G722].
MAX_DEPTH = 8

# With every alias counted as what it stands for.  Eight accounts with all keys are about 400.
MAX_NODES = 10_000

# libyaml's parser: 20 times faster than the one in Python, which serves where it was not built.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    text: str
    quoted: bool

    @property
    def empty(self) -> bool:
        """Nothing was written, or one of YAML's words for it."""
        return not self.quoted and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's value, and where the key stands."""

    file: File
    line: int
    node: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    entries: Mapping[str, Entry] = field(default_factory=dict)


Node = Scalar | Listing | Table

EMPTY = Scalar("", quoted=False)


class _BrokenError(Exception):
    """The text is no tree; nothing after this place can be read."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def parse(file: File, report: Report) -> Node:
    """The tree in `file`; what is wrong with it goes to `report`."""
    try:
        return _Builder(file, report).document()
    except yaml.YAMLError as error:
        line, reason = _located(error, file.text)
        report.add(file.path, line, "", f"not valid YAML: {reason}")
    except _BrokenError as error:
        report.add(file.path, error.line, "", str(error))
    return EMPTY


def _located(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return mark.line + 1 if mark else 0, error.problem or "unknown reason"
    position = getattr(error, "position", 0)
    line = text.encode()[:position].count(b"\n") + 1
    return line, "it contains a control character"


class _Builder:
    """Recursive descent over the parser's events; the depth is bounded, unlike the loader's."""

    def __init__(self, file: File, report: Report) -> None:
        self._file = file
        self._report = report
        self._events: Iterator[Any] = yaml.parse(file.text, Loader=_Loader)
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._count = 0

    def document(self) -> Node:
        """The only document of the stream, `EMPTY` if there is none."""
        next(self._events)  # start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return EMPTY
        root = self._node(next(self._events), "", MAX_DEPTH)
        next(self._events)  # end of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _BrokenError(_line(after), "a second document (---) starts here; write only one")
        return root

    def _node(self, event: Any, path: str, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if not depth:
            raise _BrokenError(_line(event), "nested too deeply")
        before = self._count
        self._weigh(event, 1)
        if event.tag is not None:
            self._report.add(
                self._file.path, _line(event), path, "tags (!...) have no meaning here"
            )
        node = self._untagged(event, path, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node, self._count - before
        return node

    def _untagged(self, event: Any, path: str, depth: int) -> Node:
        if isinstance(event, yaml.MappingStartEvent):
            return self._table(path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._listing(path, depth)
        return Scalar(event.value, quoted=bool(event.style))

    def _listing(self, path: str, depth: int) -> Listing:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, path, depth - 1))
        return Listing(tuple(items))

    def _table(self, path: str, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _BrokenError(_line(event), "a key must be one word")
            name, line = event.value, _line(event)
            self._weigh(event, 1)
            inner = f"{path}.{name}" if path else name
            node = self._node(next(self._events), inner, depth - 1)
            if name in entries:
                first = entries[name].line
                self._report.add(
                    self._file.path, line, inner, f"is already given on line {first}; remove one"
                )
            else:
                entries[name] = Entry(self._file, line, node)
        return Table(entries)

    def _alias(self, event: Any) -> Node:
        # The name is not shown: an unquoted password may start with an asterisk.
        if event.anchor not in self._anchors:
            reason = "a value that starts with * stands for an anchor, and there is none; quote it"
            raise _BrokenError(_line(event), reason)
        node, size = self._anchors[event.anchor]
        self._weigh(event, size)
        return node

    def _weigh(self, event: Any, size: int) -> None:
        self._count += size
        if self._count > MAX_NODES:
            raise _BrokenError(_line(event), f"more than {MAX_NODES} values")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def kind(node: Node) -> str:
    """What `node` is, in words for a sentence."""
    match node:
        case Scalar() if node.empty:
            return "empty"
        case Scalar():
            return "text" if node.quoted else shown(node.text)
        case Listing():
            return "a list"
        case Table():
            return "a table of keys"
