# SPDX-License-Identifier: GPL-2.0-or-later
"""One message is one line of JSON: what is a message, and how it is written and read."""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import (
    Any,
    ClassVar,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

MAX_LINE_BYTES = 65_536
MAX_TEXT_CHARS = 8_192
MAX_ITEMS = 512

LINES: Mapping[str, bool] = MappingProxyType({"lines": True})
"""Metadata of a field whose text may have line breaks."""

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]


class ProtocolError(Exception):
    """A line that is no message of this protocol; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line, in either direction."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Message):
    """Daemon to engine; `request` is echoed in the `Reply`."""

    request: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """Engine to daemon."""


_messages: dict[str, type[Message]] = {}
M = TypeVar("M", bound=Message)


def message(kind: str) -> Callable[[type[M]], type[M]]:
    def register(cls: type[M]) -> type[M]:
        cls.kind = kind
        _messages[kind] = cls
        return cls

    return register


def encode(message: Message) -> bytes:
    """The line for `message`, with its newline.  Raises `ProtocolError` when it is too long."""
    body: dict[str, Any] = {"is": message.kind}
    for name in _hints(type(message)):
        body[name] = getattr(message, name)
    line = json.dumps(body, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
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
    hints = _hints(cls)
    if body.keys() != hints.keys():
        odd = ", ".join(sorted(body.keys() ^ hints.keys()))
        raise ProtocolError(f"{kind}: fields missing or unknown: {odd:.200}")
    values = {name: _fit(f"{kind}.{name}", body[name], hint) for name, hint in hints.items()}
    return cls(**values)


_hint_cache: dict[type[Message], dict[str, Any]] = {}


def _hints(cls: type[Message]) -> dict[str, Any]:
    hints = _hint_cache.get(cls)
    if hints is None:
        known = get_type_hints(cls)
        hints = _hint_cache[cls] = {item.name: known[item.name] for item in fields(cls)}
    return hints


def _fit(where: str, value: object, hint: Any) -> object:
    """`value` as the type `hint` says, or `ProtocolError`."""
    if type(hint) is type:
        return _fit_scalar(where, value, hint)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _fit_union(where, value, get_args(hint))
    if not isinstance(value, list if origin is tuple else dict) or len(value) > MAX_ITEMS:
        raise ProtocolError(f"{where}: wrong type or too many items")
    if isinstance(value, list):
        item_hint = get_args(hint)[0]
        return tuple(_fit(where, item, item_hint) for item in value)
    value_hint = get_args(hint)[1]
    return {
        _fit_scalar(where, key, str): _fit(where, item, value_hint) for key, item in value.items()
    }


def _fit_scalar(where: str, value: object, hint: type) -> object:
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise ProtocolError(f"{where}: {type(value).__name__} instead of {hint.__name__}")
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARS:
        raise ProtocolError(f"{where}: {len(value)} characters are too many")
    if isinstance(value, int | float) and not -(2**63) <= value < 2**64:
        raise ProtocolError(f"{where}: number out of range")
    return value


def _fit_union(where: str, value: object, hints: tuple[Any, ...]) -> object:
    for hint in hints:
        try:
            return _fit(where, value, hint)
        except ProtocolError:
            continue
    raise ProtocolError(f"{where}: {type(value).__name__} is none of its types")
