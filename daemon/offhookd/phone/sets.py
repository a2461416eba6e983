# SPDX-License-Identifier: GPL-2.0-or-later
"""The telephone sets that are plugged in, as the D-Bus adaptors use them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Protocol

from .buttons import DeviceId, Press
from .events import Signal


class TelephoneSet(Protocol):
    """One set; the vocabularies are those of org.offhook.Phone1.Device."""

    @property
    def id(self) -> DeviceId: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def vendor(self) -> int: ...
    @property
    def product(self) -> int: ...
    @property
    def serial(self) -> str: ...
    @property
    def sys_path(self) -> str: ...
    @property
    def controls(self) -> Sequence[str]: ...
    @property
    def state(self) -> str: ...
    @property
    def hook(self) -> str: ...
    @property
    def muted(self) -> bool: ...
    @property
    def battery(self) -> int:
        """Percent; 255 when it has none or does not tell."""

    @property
    def capture(self) -> str:
        """Endpoint of its microphone, or ""."""

    @property
    def playback(self) -> str: ...
    @property
    def enabled(self) -> bool: ...


class SetControl(ABC):
    """All of them."""

    added: Signal[[TelephoneSet]]
    changed: Signal[[TelephoneSet]]
    removed: Signal[[TelephoneSet]]
    pressed: Signal[[Press, bool]]
    """What a person did, and whether the phone acted on it."""

    @abstractmethod
    def __iter__(self) -> Iterator[TelephoneSet]: ...

    @abstractmethod
    def identify(self, device: DeviceId) -> None:
        """Ring or blink for two seconds."""

    @abstractmethod
    async def enable(self, device: DeviceId, enabled: bool) -> None:
        """False leaves its keys and its sound to others; the choice is kept."""
