# SPDX-License-Identifier: GPL-2.0-or-later
"""XML that a stranger wrote, read without trust.

Only elements, attributes and text: a document type, and with it every entity, is refused, which
rules out expansion attacks.  Size, depth, numbers and lengths are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

LONGEST_DOCUMENT = 60_000
"""Bytes; what fits a datagram."""
DEEPEST = 24
MOST_ELEMENTS = 1_000
MOST_ATTRIBUTES = 32
LONGEST_TEXT = 1_024
"""Characters of one element's own text that are kept."""


class XmlError(ValueError):
    """Not a document that may be read; the text says why."""


@dataclass(slots=True)
class Element:
    """Names are without namespace and in lower case, as servers differ in both."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, name: str) -> Iterator["Element"]:
        """Direct children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> "Element | None":
        return next(self.all(name), None)

    def content(self, *path: str) -> str:
        """The stripped text of the first child down `path`; "" without one."""
        element: Element | None = self
        for name in path:
            element = element.first(name) if element else None
        return element.text.strip() if element else ""

    def everywhere(self, name: str) -> Iterator["Element"]:
        """Elements of that name at any depth, in the order of the document."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.everywhere(name)


def read(body: bytes) -> Element:
    """The root of the document.  Raises `XmlError`."""
    if len(body) > LONGEST_DOCUMENT:
        raise XmlError(f"{len(body)} bytes are too many")
    from xml.parsers import expat  # noqa: PLC0415 - only phones that watch others need it

    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise XmlError(f"not well-formed: {error}") from None
    return reader.root.children[0]


class _Reader:
    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) > DEEPEST:
            raise XmlError("too many elements")
        if len(attributes) > MOST_ATTRIBUTES:
            raise XmlError("too many attributes")
        plain = {_local(key): value[:LONGEST_TEXT] for key, value in attributes.items()}
        element = Element(_local(name), plain)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def characters(self, data: str) -> None:
        element = self._open[-1]
        if len(element.text) < LONGEST_TEXT:
            element.text = (element.text + data)[:LONGEST_TEXT]

    @staticmethod
    def doctype(*_: object) -> None:
        raise XmlError("a document type is not allowed")


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()[:64]
