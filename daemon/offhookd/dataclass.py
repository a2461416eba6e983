# SPDX-License-Identifier: GPL-2.0-or-later
"""`dataclass` as the standard library has it, without code written for each class.

What that writes and compiles for one frozen class with slots takes 10 kB and half a millisecond;
with some 170 of them it was 1.8 MB of both processes and a fifth of the time of loading.  Here all
classes share the same functions; `fields`, `replace`, `asdict` and `match` work as ever.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, FrozenInstanceError
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

_set = object.__setattr__


class _Shape(NamedTuple):
    """What the shared functions know of a class."""

    names: frozenset[str]
    positional: tuple[str, ...]
    defaults: Mapping[str, object]
    factories: Mapping[str, Callable[[], object]]
    shown: tuple[str, ...]
    compared: tuple[str, ...]
    post_init: bool


def _shape_of(made: Any) -> _Shape:
    fields = dataclasses.fields(made)
    factories = {one.name: one.default_factory for one in fields}
    return _Shape(
        names=frozenset(one.name for one in fields),
        positional=tuple(one.name for one in fields if not one.kw_only),
        defaults={one.name: one.default for one in fields if one.default is not MISSING},
        factories={name: make for name, make in factories.items() if make is not MISSING},
        shown=tuple(one.name for one in fields if one.repr),
        compared=tuple(one.name for one in fields if one.compare),
        post_init=hasattr(made, "__post_init__"),
    )


def _init(self: Any, *args: object, **kwargs: object) -> None:
    shape = self._shape
    values = {**shape.defaults, **dict(zip(shape.positional, args, strict=False)), **kwargs}
    for name, make in shape.factories.items():
        if name not in values:
            values[name] = make()
    if values.keys() != shape.names or len(args) > len(shape.positional):
        odd = ", ".join(sorted(values.keys() ^ shape.names)) or f"{len(args)} values"
        raise TypeError(f"{type(self).__name__}: missing or unknown: {odd}")
    for name, value in values.items():
        _set(self, name, value)
    if shape.post_init:
        self.__post_init__()


def _values(self: Any, names: Iterable[str]) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name in names)


def _eq(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    compared = self._shape.compared
    return _values(self, compared) == _values(other, compared)


def _hash(self: Any) -> int:
    return hash(_values(self, self._shape.compared))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shape.shown)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: Any, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"{type(self).__name__}.{name} never changes")


T = TypeVar("T")


def _dataclass(
    *, slots: bool, frozen: bool = False, eq: bool = True, kw_only: bool = False
) -> Callable[[type[T]], type[T]]:
    def make(cls: type[T]) -> type[T]:
        made: Any = dataclasses.dataclass(
            init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
        )(cls)
        made._shape = _shape_of(made)  # noqa: SLF001 - ours
        made.__init__ = _init
        if "__repr__" not in cls.__dict__:
            made.__repr__ = _repr
        if eq and "__eq__" not in cls.__dict__:
            made.__eq__, made.__hash__ = _eq, _hash if frozen else None
        if frozen:
            made.__setattr__ = made.__delattr__ = _refuse
        return made  # type: ignore[no-any-return]  # the class that was given, with slots

    return make


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - for others
else:
    dataclass = _dataclass
