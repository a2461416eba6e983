# SPDX-License-Identifier: GPL-2.0-or-later
"""What an adaptor subclasses: one interface of one object, with its handlers.

class Telephony(Exported):
    interface = "org.offhook.Phone1.Telephony"

    @method("Dial")
    async def dial(self, target: str, options: dict[str, object]) -> str: ...

    @setter("DefaultAccount")
    def set_default_account(self, account: str) -> None: ...
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar, Protocol, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that serves a method or sets a property; an awaitable result is awaited."""

    kind: str
    member: str
    function: Callable[..., object]
    wants_caller: bool


_MARKED: dict[object, Handler] = {}


def method(name: str, *, wants_caller: bool = False) -> Callable[[_Function], _Function]:
    """The decorated function serves the method `name` of the contract.

    It takes the in-arguments as plain values, after the Caller if it wants one, and gives
    the out-argument (a tuple of several).  A plain function answers in the same loop turn;
    a coroutine function runs as a task, for 20 s at most.
    """
    return _mark("method", name, wants_caller=wants_caller)


def setter(name: str, *, wants_caller: bool = False) -> Callable[[_Function], _Function]:
    """The decorated function sets the property `name`, a readwrite one of the contract."""
    return _mark("setter", name, wants_caller=wants_caller)


def _mark(kind: str, name: str, *, wants_caller: bool) -> Callable[[_Function], _Function]:
    def mark(function: _Function) -> _Function:
        _MARKED[function] = Handler(kind, name, function, wants_caller)
        return function

    return mark


class Tree(Protocol):
    """What an interface needs of the tree it is in."""

    def touch(self, exported: "Exported") -> None: ...

    def emit(
        self, exported: "Exported", name: str, arguments: tuple[object, ...], to: str
    ) -> None: ...


class Exported:
    """One interface of one object."""

    interface: ClassVar[str]
    methods: ClassVar[Mapping[str, Handler]] = {}
    setters: ClassVar[Mapping[str, Handler]] = {}
    path: str = ""
    """Where it is in the tree; "" while it is in none."""
    _tree: "Tree | None" = None

    def __init_subclass__(cls) -> None:
        own = [_MARKED[value] for value in vars(cls).values() if _is_marked(value)]
        cls.methods = {**cls.methods, **{h.member: h for h in own if h.kind == "method"}}
        cls.setters = {**cls.setters, **{h.member: h for h in own if h.kind == "setter"}}

    def values(self) -> Mapping[str, object]:
        """The properties as plain values, from memory: no I/O, no exception.

        A property left out has the value the contract gives to absent ones (rule 7).
        """
        return {}

    def refresh(self) -> Awaitable[None] | None:
        """Called when a client reads; for figures that are not announced (read on demand)."""
        return None

    def place(self, path: str, tree: "Tree | None") -> None:
        """Called by the tree alone."""
        self.path, self._tree = path, tree

    def changed(self) -> None:
        """Announce what `values` says now, as far as it differs, at the end of the loop turn."""
        if self._tree:
            self._tree.touch(self)

    def emit(self, signal: str, *arguments: object, to: str = "") -> None:
        """Send a signal of this interface to everybody, or to the one client named `to`."""
        if self._tree:
            self._tree.emit(self, signal, arguments, to)


def _is_marked(value: object) -> bool:
    return isinstance(value, FunctionType) and value in _MARKED
