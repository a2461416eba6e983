# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon offers about itself and its sound, as the D-Bus adaptors use it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .account import Account
from .availability import OwnAvailability
from .buttons import DeviceId
from .call import Call
from .events import Signal
from .records import Filter, Row
from .values import AccountId, CallId
from .watch import Watch
from .watches import Watches
from .wishes import Wishes

Fact = bool | int | float | str | tuple[str, ...]


class ServiceState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    DEGRADED = "degraded"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake in the configuration; `line` counts from 1, 0 for the whole file."""

    file: str
    line: int
    key: str
    reason: str


class Service(ABC):
    """The daemon itself; `changed` fires when any of its facts did."""

    changed: Signal[[]]

    @property
    @abstractmethod
    def state(self) -> ServiceState: ...

    @property
    @abstractmethod
    def engine_facts(self) -> Mapping[str, Fact]:
        """What the engine has: version, codecs, transports, tls, max-calls, video, pid."""

    @property
    @abstractmethod
    def features(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def generation(self) -> int:
        """Configurations applied since start."""

    @abstractmethod
    async def reload(self) -> None:
        """Apply the configuration on disk; `InvalidConfigError` and no change when it is wrong."""

    @abstractmethod
    def validate(self) -> Sequence[ConfigProblem]:
        """What is wrong with the configuration on disk."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A sound device: `direction` is "capture" or "playback"; `device` the telephone set that it
    is a part of."""

    description: str
    direction: str
    available: bool
    device: DeviceId | None = None


class AudioPath(StrEnum):
    CAPTURE = "capture"
    PLAYBACK = "playback"
    RINGER = "ringer"


class AudioControl(ABC):
    """Routing and volume; volumes are 0.0 to 1.0 as the desktop's sliders show them."""

    changed: Signal[[]]
    levels: Signal[[CallId, float, float]]
    """Call, sent and received level in dBFS."""

    @property
    @abstractmethod
    def endpoints(self) -> Mapping[str, Endpoint]: ...

    @abstractmethod
    def preferences(self, path: AudioPath) -> tuple[str, ...]:
        """Names of endpoints, best first; "default" is the sound server's choice."""

    @abstractmethod
    def prefer(self, path: AudioPath, names: Sequence[str]) -> None: ...

    @abstractmethod
    def active(self, path: AudioPath) -> str:
        """The endpoint in use now, "" for none."""

    @abstractmethod
    def volume(self, path: AudioPath) -> float: ...

    @abstractmethod
    async def set_volume(self, path: AudioPath, volume: float) -> None: ...

    @property
    @abstractmethod
    def silenced(self) -> bool:
        """Whether the ringer is off until the ringing ends."""

    @abstractmethod
    def silence(self, silenced: bool) -> None:
        """Raises `InvalidStateError` when nothing rings: the next caller is not to be missed."""

    @abstractmethod
    async def test(self, what: AudioPath, seconds: int) -> float:
        """Play a tone, or listen; the highest level in dBFS."""

    @abstractmethod
    def monitor(self, call: CallId, interval_ms: int) -> None:
        """Let `levels` fire for `call` every so often; 0 ends it."""

    @abstractmethod
    async def statistics(self, call: CallId) -> Mapping[str, Fact]:
        """Everything that the engine knows about the media of `call`."""


class CallHistory(ABC):
    """Past calls, for reading."""

    @property
    @abstractmethod
    def revision(self) -> int:
        """Grows with every change."""

    @abstractmethod
    def unseen_missed(self) -> int: ...

    @abstractmethod
    def query(self, wanted: Filter, cursor: str, limit: int) -> tuple[Sequence[Row], str]:
        """A page, newest first, and the cursor of the next one, "" after the last."""

    @abstractmethod
    def get(self, call: int) -> Row:
        """Raises `NotFoundError`."""

    @abstractmethod
    def mark_seen(self, up_to_id: int) -> None: ...

    @abstractmethod
    def delete(self, calls: Iterable[int]) -> Sequence[CallId]:
        """The rows that were removed; those that are gone already are no error."""


class AccountSwitch(ABC):
    """What the user decides about accounts for good: the choices survive a restart."""

    @abstractmethod
    def enable(self, account: Account, enabled: bool) -> None: ...

    @property
    @abstractmethod
    def wishes(self) -> Wishes:
        """How calls to the accounts are to be taken."""

    @abstractmethod
    def prefer(self, account: AccountId) -> None:
        """Make `account` the one that calls go out on when none is named."""


class PresenceDesk(ABC):
    """What others see of the user, and what the user sees of others."""

    availability: OwnAvailability
    watches: Watches

    @abstractmethod
    def pickup(self, watch: Watch) -> Call:
        """Take over the call that rings there; the new call here.  Raises a `PhoneError`."""
