# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to the phone, one thing after the other."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from .errors import NoDaemonError
from .objects import PhoneObject


@dataclass(frozen=True, slots=True)
class Added:
    """An object came, with all its properties."""

    subject: PhoneObject


@dataclass(frozen=True, slots=True)
class Removed:
    """An object went; it is no longer in the lists of the phone."""

    subject: PhoneObject


@dataclass(frozen=True, slots=True)
class Changed:
    """Properties of one interface changed together; `subject` has the new values already."""

    subject: PhoneObject
    interface: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Any other signal of the contract, such as

    ``Event(Call() as call, member="DtmfReceived", arguments=[tone, duration_ms])``,
    ``Event(member="ButtonPressed", arguments=[button, handled, at_usec])``.
    """

    subject: PhoneObject
    interface: str
    member: str
    arguments: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Left:
    """The daemon left the bus, and every object with it; only a phone that stays hears of it."""

    subject: PhoneObject


@dataclass(frozen=True, slots=True)
class Returned:
    """The daemon serves again, and everything has been read anew."""

    subject: PhoneObject


Change = Added | Removed | Changed | Event | Left | Returned


class Changes:
    """Every change from the moment this was made; NoDaemonError when there will be no more."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Change | NoDaemonError] = asyncio.Queue()

    def put(self, change: Change | NoDaemonError) -> None:
        self._queue.put_nowait(change)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        change = await self._queue.get()
        if isinstance(change, NoDaemonError):
            self.put(change)  # for who asks again
            raise change
        return change
