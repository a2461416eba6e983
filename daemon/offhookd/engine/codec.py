# SPDX-License-Identifier: GPL-2.0-or-later
"""One message is one line of JSON: what is a message, and how it is written and read."""

import inspect
import json
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import MappingProxyType
from typing import (
    Any,
    ClassVar,
    Self,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

MAX_LINE_BYTES = 65_536
MAX_TEXT_CHARS = 8_192
MAX_ITEMS = 512
LOWEST, LIMIT = -(2**63), 2**64
"""Of numbers."""

LINES = "lines"
"""Annotation of a text that may have line breaks."""
SECRET = "secret"  # noqa: S105 - a word for what is one
"""Annotation of a text that is not shown."""
NOTHING: Mapping[str, Any] = MappingProxyType({})
"""The default of a table."""

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]


class ProtocolError(Exception):
    """A line that is no message of this protocol; the text says what is wrong with it."""


_messages: dict[str, type["Message"]] = {}
M = TypeVar("M", bound="Message")


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Message:
    """One line, in either direction: ``class Dial(Command, kind="dial")`` with annotated fields.

    A dataclass but for the code that `dataclass` writes: a hundred classes of it took 1.5 MB and
    a tenth of the start, in both processes.
    """

    kind: ClassVar[str] = ""
    fields: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[frozenset[str]] = frozenset()
    marks: ClassVar[Mapping[str, str]] = NOTHING
    """Annotation by field: `LINES`, `SECRET`."""
    _defaults: ClassVar[Mapping[str, Any]] = NOTHING

    def __init_subclass__(cls, kind: str = "") -> None:
        own = inspect.get_annotations(cls)
        cls.fields = (*cls.fields, *own)
        cls._names = frozenset(cls.fields)
        cls._defaults = {
            **cls._defaults,
            **{name: cls.__dict__[name] for name in own if name in cls.__dict__},
        }
        cls.marks = {
            **cls.marks,
            **{
                name: hint.__metadata__[0]
                for name, hint in own.items()
                if hasattr(hint, "__metadata__")
            },
        }
        if kind:
            cls.kind = kind
            _messages[kind] = cls

    def __init__(self, **values: Any) -> None:
        given = {**self._defaults, **values}
        if given.keys() != self._names:
            odd = given.keys() ^ self._names
            raise TypeError(f"{self.kind}: missing or unknown: {', '.join(sorted(odd))}")
        self.__dict__.update(given)

    def but(self, **values: Any) -> Self:
        """The same message with other `values`."""
        return type(self)(**{**self.__dict__, **values})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self.kind}.{name} never changes")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]  # some hold tables

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={value!r}"
            for name, value in self.__dict__.items()
            if self.marks.get(name) != SECRET
        )
        return f"{type(self).__name__}({shown})"


class Command(Message):
    """Daemon to engine; `request` is echoed in the `Reply`."""

    request: int = 0


class Event(Message):
    """Engine to daemon."""


_to_json = json.JSONEncoder(separators=(",", ":"), default=dict).encode
"""What is no type of JSON's own is a table."""


def encode(message: Message) -> bytes:
    """The line for `message`, with its newline.  Raises `ProtocolError` when it is too long."""
    line = _to_json({"is": message.kind, **message.__dict__}).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"{message.kind}: {len(line)} bytes are too many")
    return line


def decode(line: bytes, expected: type[M]) -> M:
    """The message in `line`, which must be an `expected` (`Command` or `Event`)."""
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"{len(line)} bytes are too many")
    try:
        body = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise ProtocolError("not an object")
    kind = body.pop("is", None)
    cls = _messages.get(kind) if isinstance(kind, str) else None
    if cls is None or not issubclass(cls, expected):
        raise ProtocolError(f"unknown message {kind!r:.60}")
    fitters = _fitters(cls)
    if body.keys() != fitters.keys():
        odd = ", ".join(sorted(body.keys() ^ fitters.keys()))
        raise ProtocolError(f"{kind}: fields missing or unknown: {odd:.200}")
    for name, fit in fitters.items():
        try:
            body[name] = fit(body[name])
        except ProtocolError as error:
            raise ProtocolError(f"{kind}.{name}: {error}") from None
    return cls(**body)


Fitter = Callable[[object], Any]
"""Gives a value of JSON as a field has it, or raises `ProtocolError`."""


_known_fitters: dict[type[Message], Mapping[str, Fitter]] = {}


def _fitters(cls: type[Message]) -> Mapping[str, Fitter]:
    """Of each field; made when the first message of a kind arrives."""
    if cls not in _known_fitters:
        hints = get_type_hints(cls)
        _known_fitters[cls] = {name: _fitter(hints[name]) for name in cls.fields}
    return _known_fitters[cls]


@cache
def _fitter(hint: Any) -> Fitter:
    if type(hint) is type:
        return _text if hint is str else _scalar(hint)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _either([_fitter(one) for one in get_args(hint)])
    if origin is tuple:
        return _items(_fitter(get_args(hint)[0]))
    return _table(_fitter(get_args(hint)[1]))


def _text(value: object) -> str:
    if type(value) is not str:
        raise _misfit(value, str)
    if len(value) > MAX_TEXT_CHARS:
        raise ProtocolError(f"{len(value)} characters are too many")
    return value


def _scalar(hint: type[bool | int | float]) -> Fitter:
    def fit(value: Any) -> object:
        if hint is float and type(value) is int:
            value = float(value)
        if type(value) is not hint:
            raise _misfit(value, hint)
        if not LOWEST <= value < LIMIT:
            raise ProtocolError("number out of range")
        return value

    return fit


def _items(fit_item: Fitter) -> Fitter:
    def fit(value: object) -> object:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise ProtocolError("wrong type or too many items")
        return tuple(map(fit_item, value))

    return fit


def _table(fit_value: Fitter) -> Fitter:
    def fit(value: object) -> object:
        if not isinstance(value, dict) or len(value) > MAX_ITEMS:
            raise ProtocolError("wrong type or too many items")
        return {_text(key): fit_value(item) for key, item in value.items()}

    return fit


def _either(fitters: Sequence[Fitter]) -> Fitter:
    def fit(value: object) -> object:
        for one in fitters:
            with suppress(ProtocolError):
                return one(value)
        raise ProtocolError(f"{type(value).__name__} is none of its types")

    return fit


def _misfit(value: object, hint: type) -> ProtocolError:
    return ProtocolError(f"{type(value).__name__} instead of {hint.__name__}")
