# SPDX-License-Identifier: GPL-2.0-or-later
"""What the telephone sets on one desk share: the line, and whose calls are whose."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .buttons import DeviceId, Sets
from .call import Call
from .calls import Calls
from .errors import PhoneError
from .events import Signal
from .ports import Clock, Done
from .values import CallId, CallState

VOICE_MAIL = "voice-mail"
"""Key of the mail box's number among the speed dials."""


@dataclass(frozen=True, slots=True)
class HotLine:
    """A lifted set dials `number` by itself after `after_s` without a digit; "" for none."""

    number: str = ""
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the sets need from the rest of the phone.

    `dial`: place a call to what a person entered, or raise a `PhoneError`.  `play_tone`: a tone of
    call progress in the ear of one set, for so many seconds (0: until told otherwise); "" stops
    it.  `refused`: a person should read why a key did not do what it says.  `merge`: make
    one conference of calls.  `last_dialled`: what
    `dial` takes, "" for nothing yet.  `speed_dials`: label of the key to what `dial` takes.
    `bells_ring`: whether sets make themselves heard when a call comes in.
    """

    calls: Calls
    sets: Sets
    clock: Clock
    dial: Callable[[str], Call]
    play_tone: Callable[[DeviceId, str, float], None]
    refused: Callable[[DeviceId, PhoneError], None]
    merge: Callable[[Sequence[Call], Done], None]
    last_dialled: Callable[[], str]
    speed_dials: Callable[[], Mapping[str, str]]
    bells_ring: Callable[[], bool] = lambda: True
    hot_line: Callable[[], HotLine] = HotLine


class Set(ABC):
    """A set as the others see it."""

    @property
    @abstractmethod
    def talks(self) -> bool:
        """Whether it has the line: the one microphone and loudspeaker that calls have."""

    @abstractmethod
    def left(self, call: Call) -> None:
        """`call` speaks through another set, or through none, from now on."""


class Desk:
    """Owners of calls outlive the sets: one that is plugged in again finds its calls.

    `changed`: a set did something by itself, without a press or news of a call.  `placing`: the
    set that is dialling at this moment.
    """

    def __init__(self, calls: Calls) -> None:
        self.sets: dict[DeviceId, Set] = {}
        self.changed: Signal[[]] = Signal()
        self.placing: DeviceId | None = None
        self._calls = calls
        self._owners: dict[CallId, DeviceId] = {}

    def give(self, call: Call, device: DeviceId | None) -> None:
        """Make `device` the owner of `call`, or nobody."""
        before = self.owner(call)
        if device is None:
            self._owners.pop(call.id, None)
        else:
            self._owners[call.id] = device
        if before is not None and before != device:
            self.sets[before].left(call)

    def forget(self, call: Call) -> None:
        """It is over."""
        self._owners.pop(call.id, None)

    def owner(self, call: Call) -> DeviceId | None:
        """The set that answered or dialled `call`, unless it is not plugged in now."""
        device = self._owners.get(call.id)
        return device if device in self.sets else None

    def calls_of(self, device: DeviceId) -> list[Call]:
        """Oldest first; those that are about to end are nobody's any more."""
        return [c for c in self._calls if self._owners.get(c.id) == device and usable(c)]

    def waiting_of(self, device: DeviceId) -> list[Call]:
        """Those that wait for a person to start them."""
        return [
            call
            for call in self._calls
            if self._owners.get(call.id) == device and call.state is CallState.PENDING
        ]

    def held_of(self, device: DeviceId, beside: Call | None = None) -> Call | None:
        """The newest call on hold of `device`, other than `beside`."""
        held = (call for call in reversed(self.calls_of(device)) if parked(call))
        return next((call for call in held if call is not beside), None)

    def orphan(self) -> Call | None:
        """The call in focus when no set has it, as after one was answered on the screen."""
        call = self._calls.focus
        return call if call and usable(call) and self.owner(call) is None else None

    @property
    def quiet(self) -> bool:
        """Nobody talks, so that a bell disturbs nobody."""
        return not any(call.on_line or call.answering for call in self._calls)

    def in_use(self, device: DeviceId) -> bool:
        """Whether a set other than `device` has the line."""
        return any(one.talks for other, one in self.sets.items() if other != device)


def usable(call: Call) -> bool:
    """Whether somebody is, or may soon be, at the other end."""
    undecided = call.asks or call.state is CallState.PENDING
    return call.up and not (call.ending or undecided or call.relayed)


def parked(call: Call) -> bool:
    return call.on_line and call.to_be_held and not call.ending
