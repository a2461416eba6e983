# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls through desk phones: whom to ask, what the answers make of the call, and for how long to
wait for them."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from .call import Call
from .calls import Calls
from .desk import CALL_STATES, DeskAction, DeskLeg, DeskNews, DeskStage
from .desk_control import DeskControl, DeskControls
from .errors import (
    InvalidArgumentError,
    InvalidStateError,
    LimitReachedError,
    NotSupportedError,
    PhoneError,
    RequestTimeoutError,
)
from .ports import Clock, DeskPort, Done, Timer
from .values import AccountId, CallId, CallState, EndReason

HERE = "here"
"""Instead of a desk phone's name: this machine, whatever the account prefers."""

MOST_AT_ONCE = 4
"""Of one desk phone; more are asked for by a program that runs wild."""

ASK_LIMIT_S = 20.0
"""For the first word: connecting, logging in, or a request that is repeated for 32 s."""
PICKUP_GRACE_S = 10.0
"""The exchange stops ringing the desk phone by itself; this is for one that does not."""
ANSWER_LIMIT_S = 200.0
"""RFC 3261, timer C: a call that nobody answers is over after three minutes."""
NEWS_LIMIT_S = 40.0
"""Who has promised to tell begins at once (RFC 3515 section 2.4.4), and repeats for 32 s what is
not confirmed; the same after the time for which it was promised."""
HANGUP_LIMIT_S = 8.0
"""Connecting to an exchange far away, and its answer; a D-Bus method has 20 s."""

REQUEST_TIMEOUT = 408
OK = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """What a desk phone is to do.  `target`: a SIP URI."""

    call: CallId
    phone: str
    account: AccountId
    target: str
    name: str


class DeskCarrier(ABC):
    """A way to let a desk phone call.  Nothing here blocks or raises; what comes of it is told
    to `DeskCalls`."""

    ring_s: int = 30
    """How long the desk phone may ring before its user picks up."""

    @abstractmethod
    def dial(self, errand: Errand) -> None:
        """Ask for it."""

    @abstractmethod
    def hangup(self, call: CallId, done: Done) -> None:
        """End a call that is revocable; done with an error when it goes on, and `DeskCalls.ended`
        tells when it does not."""

    @abstractmethod
    def drop(self, call: CallId) -> None:
        """Nobody listens any more: let go of it, and end it if that can be done in passing."""


class DeskCalls(DeskPort):
    """`calls` may be given desk phones to carry them from now on."""

    def __init__(self, calls: Calls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._carriers: Mapping[str, DeskCarrier] = {}
        self._preferred: Mapping[AccountId, str] = {}
        self._timers: dict[CallId, Timer] = {}
        self._carrying: dict[CallId, DeskCarrier] = {}
        self._controls = DeskControls(calls)
        calls.desk = self
        calls.changed.connect(self._follow)

    def configure(
        self, carriers: Mapping[str, DeskCarrier], preferred: Mapping[AccountId, str]
    ) -> None:
        """The desk phones by name, and which of them an account dials through by itself.  Calls
        under way stay with whom they were given to."""
        self._carriers, self._preferred = carriers, preferred

    @property
    def available(self) -> bool:
        """Whether any desk phone is configured."""
        return bool(self._carriers)

    def knows(self, name: str) -> bool:
        return name in self._carriers

    def choose(self, through: str, account: AccountId, *, emergency: bool) -> DeskLeg | None:
        """The desk phone that is to carry a call; None for this machine.  A call for help never
        waits for a third party."""
        name = through or self._preferred.get(account, HERE)
        if name == HERE or emergency:
            return None
        if not self._carriers:
            raise NotSupportedError("No desk phone is configured to dial through; see desk_phones")
        if name not in self._carriers:
            known = ", ".join((*self._carriers, HERE))
            raise InvalidArgumentError(f"There is no desk phone '{name[:40]}'; there is: {known}")
        busy = sum(
            one.up and one.desk is not None and one.desk.phone == name for one in self._calls
        )
        if busy >= MOST_AT_ONCE:
            raise LimitReachedError(f"Desk phone '{name}' has {busy} calls to make already")
        return DeskLeg(name)

    # ------------------------------------------------------------ DeskPort

    def dial(self, call: Call, target: str) -> None:
        leg = _leg(call)
        carrier = self._carriers.get(leg.phone)
        if carrier is None:
            gone = partial(self._fail, call.id, f"Desk phone '{leg.phone}' is no longer configured")
            self._clock.call_later(0, gone)
            return
        self._carrying[call.id] = carrier
        self._wait(call, ASK_LIMIT_S)
        carrier.dial(Errand(call.id, leg.phone, call.account, target, call.peer_name))

    def hangup(self, call: Call, done: Done) -> None:
        leg = _leg(call)
        if not leg.revocable:
            raise NotSupportedError(
                f"Desk phone '{leg.phone}' has the call and cannot be told to end it; hang up there"
            )
        carrier = self._carrying.get(call.id)
        if carrier is None:
            raise InvalidStateError("The call is being ended")
        wait = self._calls.waits.add(call, lambda one: not one.up, done)
        late = RequestTimeoutError(f"Desk phone '{leg.phone}' did not hang up in time")

        def answered(error: PhoneError | None) -> None:
            if error is not None:
                self._calls.waits.fail(call, wait, error)

        self._clock.call_later(HANGUP_LIMIT_S, partial(answered, late))
        carrier.hangup(call.id, answered)

    def send_dtmf(self, call: Call, tones: str, duration_ms: int, done: Done) -> None:
        self._controls.send_dtmf(call, tones, duration_ms, done)

    def transfer(self, call: Call, target: str, done: Done) -> None:
        self._controls.transfer(call, target, done)

    def join(self, call: Call, other: Call, done: Done) -> None:
        self._controls.join(call, other, done)

    # ------------------------------------------------------------ what the ways tell

    def controlled(
        self, call_id: CallId, control: DeskControl, able: Iterable[DeskAction], exchange: str
    ) -> None:
        """There is more to be done from here than to hang up; see `DeskControls`."""
        if call := self._known(call_id):
            self._controls.add(call, control, able, exchange)

    def told(self, call_id: CallId, news: DeskNews) -> None:
        """How far it is; steps backwards are no news."""
        call = self._known(call_id)
        if call is None:
            return
        before = _leg(call)
        call.desk = after = before.after(news)
        if after.stage is before.stage:
            return
        logger.info("call %d: %s (%s)", call_id, news, after.phone, extra={"call": call_id})
        self._wait(call, self._limit_s(call, after.stage))
        self._calls.progressed(call_id, CALL_STATES[after.stage], "")

    def promised(self, call_id: CallId, for_s: float = 0) -> None:
        """The desk phone will tell how it goes, for so long; less than the usual patience counts.
        0: its first word is to come."""
        call = self._known(call_id)
        if call:
            is_less = for_s + NEWS_LIMIT_S < ANSWER_LIMIT_S
            limit_s = for_s + NEWS_LIMIT_S if is_less else ANSWER_LIMIT_S
            self._wait(call, limit_s, _PROMISE if is_less else "")

    def committed(self, call_id: CallId) -> None:
        """From now on only the desk phone itself can end it."""
        call = self._known(call_id)
        if call and _leg(call).revocable:
            call.desk = replace(_leg(call), revocable=False)
            self._calls.changed(call)

    def released(self, call_id: CallId) -> None:
        """The far end answered, and nobody will tell when that call is over."""
        self.told(call_id, DeskNews.FAR_ANSWERED)
        if call := self._known(call_id):
            text = f"Desk phone '{_leg(call).phone}' goes on with the call"
            self._calls.end(call, EndReason.TRANSFERRED, OK, text, "released")

    def ended(self, call_id: CallId, cause: str, code: int, text: str) -> None:
        """It is over; `cause` and `code` as `endings` has them."""
        if self._known(call_id):
            self._calls.ended(call_id, cause, code, text)

    def stop(self) -> None:
        """The desk phones go on without us."""
        for call_id in tuple(self._carrying):
            if call := self._known(call_id):
                text = f"offhookd stopped; desk phone '{_leg(call).phone}' goes on with the call"
                self._calls.end(call, EndReason.TRANSFERRED, 0, text, "stopping")

    # ------------------------------------------------------------ how it is done

    def _known(self, call_id: CallId) -> Call | None:
        call = self._calls.get(call_id)
        return call if call and call.up and call.desk else None

    def _limit_s(self, call: Call, stage: DeskStage) -> float:
        if stage is DeskStage.LIFTING:
            return self._carrying[call.id].ring_s + PICKUP_GRACE_S
        return 0 if stage is DeskStage.TALKING else ANSWER_LIMIT_S

    def _wait(self, call: Call, limit_s: float, silence: str = "") -> None:
        """`silence`: what to say when it is over, unless the stage says it."""
        if timer := self._timers.pop(call.id, None):
            timer.cancel()
        if limit_s:
            give_up = partial(self._give_up, call, silence)
            self._timers[call.id] = self._clock.call_later(limit_s, give_up)

    def _give_up(self, call: Call, silence: str) -> None:
        leg = _leg(call)
        carrier = self._carrying[call.id]
        text = (silence or _SILENCE[leg.stage]).format(leg.phone)
        self.ended(call.id, "", REQUEST_TIMEOUT, text)
        carrier.drop(call.id)

    def _fail(self, call_id: CallId, text: str) -> None:
        self.ended(call_id, "error", 0, text)

    def _follow(self, call: Call) -> None:
        """Whatever ended it: nothing of it is kept."""
        if call.state is CallState.ENDED and call.id in self._carrying:
            del self._carrying[call.id]
            self._wait(call, 0)


_PROMISE = "Desk phone '{}' was asked to call and tells nothing of it any more; it may go on there"
_SILENCE = {
    DeskStage.ASKED: "Desk phone '{}' was asked to call and nothing was heard of it",
    DeskStage.LIFTING: "Nobody picked up desk phone '{}'",
    DeskStage.CALLING: "Desk phone '{}' does not tell what became of the call",
    DeskStage.RINGING: "Nobody answered the call of desk phone '{}'",
    DeskStage.TALKING: "",
}


def _leg(call: Call) -> DeskLeg:
    assert call.desk is not None  # noqa: S101 - only such calls come here
    return call.desk
