# SPDX-License-Identifier: GPL-2.0-or-later
"""What the core needs from the world; the adaptors implement these, the tests fake them.

Nothing here blocks or raises.  A command whose outcome matters takes `done`, which is called
exactly once, later: with None when it succeeded, with the error when it did not.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from .errors import PhoneError
from .values import AccountId, CallId, Direction, DtmfMethod, EndReason, Party

if TYPE_CHECKING:
    from .call import Call

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

Done = Callable[[PhoneError | None], None]


def ignore(error: PhoneError | None) -> None:
    """A `Done` for commands whose failure shows as an event anyway."""


def all_of(done: Done, count: int) -> Done:
    """A `Done` for each of `count` commands: the last one calls `done`, with the first error."""
    outcomes: list[PhoneError | None] = []

    def one(error: PhoneError | None) -> None:
        outcomes.append(error)
        if len(outcomes) == count:
            done(next(filter(None, outcomes), None))

    return one


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(ABC):
    @abstractmethod
    def now_us(self) -> int:
        """Microseconds of CLOCK_REALTIME."""

    @abstractmethod
    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` once after `delay_s` seconds, unless cancelled."""


class CallEngine(ABC):
    """The engine as the calls see it."""

    @abstractmethod
    def dial(
        self,
        call: CallId,
        account: AccountId,
        target: str,
        done: Done,
        *,
        headers: Mapping[str, str],
        anonymous: bool,
        muted: bool,
        referral: int = 0,
        codecs: tuple[str, ...] = (),
        relays: CallId | None = None,
        hops: int = 70,
    ) -> None:
        """`referral`: the transfer that asked for this call and is told how it goes.  `codecs`:
        best first, none for those of the account.  `relays`: the caller who hears this far end,
        and it him, while nobody here does.  `hops`: Max-Forwards."""

    @abstractmethod
    def ring(self, call: CallId) -> None:
        """Tell the caller that a person is being alerted (180, RFC 3261 section 13.3.1.1)."""

    @abstractmethod
    def progress(self, call: CallId) -> None:
        """Let a caller hear what there is before the answer (183, RFC 3960)."""

    @abstractmethod
    def answer(self, call: CallId, done: Done) -> None: ...

    @abstractmethod
    def refuse(
        self,
        call: CallId,
        code: int,
        contact: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """Final answer to an incoming call; `contact` is where a 302 sends the caller."""

    @abstractmethod
    def hangup(self, call: CallId) -> None: ...

    @abstractmethod
    def hold(self, call: CallId, held: bool, done: Done) -> None: ...

    @abstractmethod
    def transfer(self, call: CallId, target: str, replaces: CallId | None, done: Done) -> None:
        """Send the far end to `target`, or into our place in the call `replaces`; done when it
        has been asked."""

    @abstractmethod
    def end_referral(self, referral: int, code: int) -> None:
        """Tell the far end that asked for a call that nothing comes of it."""

    @abstractmethod
    def refuse_transfers(self, refused: bool) -> None:
        """Whether every far end that hands us over is refused, without a word here."""

    @abstractmethod
    def follow(self, call: CallId, account: AccountId, target: str, done: Done) -> None:
        """Dial a call on where its far end has sent us."""

    @abstractmethod
    def mute(self, call: CallId, muted: bool) -> None: ...

    @abstractmethod
    def send_dtmf(
        self, call: CallId, tones: str, method: DtmfMethod | None, duration_ms: int, done: Done
    ) -> None: ...

    @abstractmethod
    def flash(self, call: CallId, done: Done) -> None:
        """A hook flash to the far end."""

    @abstractmethod
    def focus(self, call: CallId | None) -> None:
        """Connect this call alone to the microphone and the loudspeaker."""

    @abstractmethod
    def confer(self, conference: int, calls: Sequence[CallId]) -> None:
        """Let these calls hear each other, and the user all of them whoever has the focus; no
        call ends the conference."""

    @abstractmethod
    def play_tone(self, tone: str, seconds: float = 0) -> None:
        """A call-progress tone ("ringback", "busy", ...) in the user's ear; "" stops it."""


class DeskPort(ABC):
    """Other telephones that carry calls, as the calls see them."""

    @abstractmethod
    def dial(self, call: "Call", target: str) -> None:
        """Let the call's desk phone call `target`; what comes of it is told later."""

    @abstractmethod
    def hangup(self, call: "Call", done: Done) -> None:
        """Done when the call is over; raises `NotSupportedError` where only the desk phone
        itself can end it."""

    @abstractmethod
    def send_dtmf(self, call: "Call", tones: str, duration_ms: int, done: Done) -> None:
        """Only for a call whose leg is able to; the others likewise."""

    @abstractmethod
    def transfer(self, call: "Call", target: str, done: Done) -> None:
        """Done when the far end is on its way to `target`, a SIP URI."""

    @abstractmethod
    def join(self, call: "Call", other: "Call", done: Done) -> None:
        """Done when the far ends of both have each other."""


class RegistrationEngine(ABC):
    """The engine as the accounts see it; outcomes arrive as `Account.result`."""

    @abstractmethod
    def register(self, account: AccountId) -> None: ...

    @abstractmethod
    def unregister(self, account: AccountId) -> None: ...


class CallLog(ABC):
    """The history, as the calls write it."""

    @abstractmethod
    def reserve(self) -> CallId:
        """The identity of the next call, never given to another; nothing is stored yet."""

    @abstractmethod
    def begin(
        self,
        call: CallId,
        account: AccountId,
        direction: Direction,
        peer_uri: str,
        peer_name: str,
        started_us: int,
    ) -> None:
        """Store the call that `call` was reserved for; it is stored when this returns."""

    @abstractmethod
    def answered(self, call: CallId, at_us: int) -> None: ...

    @abstractmethod
    def ended(
        self, call: CallId, at_us: int, reason: EndReason, code: int, text: str, mos: float
    ) -> None:
        """`mos`: the mean opinion score of the whole call, 0.0 unknown."""

    @abstractmethod
    def carried_by(self, call: CallId, phone: str) -> None:
        """The desk phone `phone` makes the call."""

    @abstractmethod
    def identified(self, call: CallId, name: str) -> None:
        """An address book calls the other side `name`."""

    @abstractmethod
    def connected(self, call: CallId, party: Party) -> None:
        """Who is at the other end by now, if not whom it was meant for; nobody else: ""."""

    @abstractmethod
    def recorded(self, call: CallId, path: str) -> None:
        """The call is recorded into this file."""


class Alerting(ABC):
    """The ringer."""

    @abstractmethod
    def ring(self, sound: str) -> None:
        """`sound` as in `ring_sound`, "" for the bell."""

    @abstractmethod
    def quiet(self) -> None: ...
