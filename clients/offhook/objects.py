# SPDX-License-Identifier: GPL-2.0-or-later
"""What every object of the phone has: a path, properties that stay up to date, methods."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from .bus import REPLY_TIMEOUT_S, variant

if TYPE_CHECKING:
    from .aio import Phone

BUS_NAME = "org.offhook.Phone1"
ROOT = "/org/offhook/Phone1"
PROPERTIES = "org.freedesktop.DBus.Properties"

PAGE = 500
"""Rows the daemon gives at once."""

T = TypeVar("T")

Interfaces = dict[str, dict[str, Any]]
"""Properties by interface, both by the names of the contract."""


class Property(Generic[T]):
    """A property of the contract as an attribute; `absent` where the daemon does not have it."""

    def __init__(self, interface: str, name: str, absent: T) -> None:
        self.interface = interface
        self.name = name
        self.absent = absent

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: "PhoneObject", kind: type) -> T: ...
    def __get__(self, owner: "PhoneObject | None", kind: type) -> Self | T:
        if owner is None:
            return self
        value: T = owner.interfaces.get(self.interface, {}).get(self.name, self.absent)
        return value

    def __repr__(self) -> str:
        """What `help` shows of it."""
        return f"<property {self.name} of {self.interface}>"


class PhoneObject:
    """One D-Bus object, as it is now.  After it is gone it keeps what was known last."""

    def __init__(self, phone: "Phone", path: str, interfaces: Interfaces) -> None:
        self._phone = phone
        self._interfaces = interfaces
        self.path = path

    @property
    def interfaces(self) -> Mapping[str, Mapping[str, Any]]:
        """Everything known, by the names of the contract."""
        return self._interfaces

    @property
    def name(self) -> str:
        """The last element of the path: ``c12``, ``work``."""
        return self.path.rpartition("/")[2]

    def update(self, interface: str, properties: Mapping[str, Any]) -> None:
        """Take over what the daemon announced."""
        self._interfaces.setdefault(interface, {}).update(properties)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition`, looked at after every change of the phone, holds."""
        changes = self._phone.changes()
        while not condition():
            await anext(changes)

    async def _call(
        self,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: object,
        timeout_s: float = REPLY_TIMEOUT_S,
    ) -> list[Any]:
        return await self._phone.request(
            self.path, interface, member, signature, *arguments, timeout_s=timeout_s
        )

    async def _rows(
        self, interface: str, wanted: Mapping[str, tuple[str, object]], limit: int
    ) -> list[Any]:
        """The newest `limit` rows that `Query` of `interface` has.

        `wanted`: type and value by the name of the filter; empty values do not filter.
        """
        chosen = {name: variant(*typed) for name, typed in wanted.items() if typed[1]}
        rows: list[Any] = []
        cursor = ""
        while len(rows) < limit:
            page = min(PAGE, limit - len(rows))
            more, cursor = await self._call(interface, "Query", "a{sv}su", chosen, cursor, page)
            rows += more
            if not cursor:
                break
        return rows

    async def _get(self, interface: str, name: str) -> Any:
        """A property that is not announced when it changes."""
        (value,) = await self._call(PROPERTIES, "Get", "ss", interface, name)
        return value

    async def _set(self, interface: str, name: str, signature: str, value: object) -> None:
        await self._call(PROPERTIES, "Set", "ssv", interface, name, variant(signature, value))
