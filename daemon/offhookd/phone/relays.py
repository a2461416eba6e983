# SPDX-License-Identifier: GPL-2.0-or-later
"""Forwarding by calling: the phone itself calls who is to have a call, and connects the two.

Many providers do not follow a 302.  So the caller waits while a second call goes out; he hears
what it does (180, 183 with its sound), is answered when it is, and both end together.  When
nobody answers there he hears so, or it rings here again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from .call import Call
from .calls import Calls
from .dialled import DialOptions
from .dtmf import ALPHABET
from .errors import PhoneError
from .forwarding import Forward, SecondLeg
from .planner import Planned, Planner
from .policy import BUSY_HERE
from .ports import CallEngine, Clock, Done, ignore
from .values import CallId, CallState, EndReason

ANSWER_LIMIT_S = 120.0
"""A mail box answers within this; below the 3 minutes after which proxies end a call that rings
(RFC 3261 16.6)."""

UNAVAILABLE = 480
SHORTEST_TONE_MS = 100
"""As long as exchanges need (ITU-T Q.24), with some reserve."""


class Told(StrEnum):
    """What the caller knows, in the order in which he learns it."""

    NOTHING = "nothing"
    RINGING = "ringing"
    SOUND = "sound"
    ANSWERED = "answered"


_ORDER = tuple(Told)
_NEWS = {
    CallState.RINGING: Told.RINGING,
    CallState.EARLY: Told.SOUND,
    CallState.ACTIVE: Told.ANSWERED,
}


@dataclass(eq=False, slots=True)
class Relay:
    caller: Call
    callee: Call
    comes_back: bool
    told: Told = Told.NOTHING

    def learns(self, state: CallState) -> Told | None:
        """What the caller is to be told now that the second call is in `state`."""
        news = _NEWS.get(state)
        if news is None or _ORDER.index(news) <= _ORDER.index(self.told):
            return None
        self.told = news
        return news


class Relays:
    """`by_hand`: how an account sends on what a person wants elsewhere."""

    def __init__(
        self,
        calls: Calls,
        engine: CallEngine,
        clock: Clock,
        planner: Planner,
        by_hand: Callable[[Call, str], Forward],
    ) -> None:
        self._calls = calls
        self._engine = engine
        self._clock = clock
        self._planner = planner
        self._by_hand = by_hand
        self._relays: dict[CallId, Relay] = {}
        calls.relay = self.begin
        calls.changed.connect(self._follow)

    def redirect(self, call: Call, target: str, done: Done) -> None:
        """Send a call that rings on to `target`, a SIP URI, as its account does."""
        self._calls.redirect(call, self._by_hand(call, target), done)

    def begin(self, caller: Call, forward: Forward) -> bool:
        """Call there for `caller`; False when only his own server can."""
        if forward.second is None:
            return False
        caller.relayed = True
        try:
            callee = self._dial(caller, forward.contact, forward.second)
        except PhoneError:
            caller.relayed = False
            return False
        relay = Relay(caller, callee, forward.second.comes_back)
        caller.connected_to = callee.id
        self._relays[caller.id] = self._relays[callee.id] = relay
        caller.dtmf_received.connect(partial(self._pass_on, relay))
        self._clock.call_later(ANSWER_LIMIT_S, partial(self._lose_patience, relay))
        self._calls.changed(caller)
        return True

    # ------------------------------------------------------------ how it is done

    def _dial(self, caller: Call, target: str, second: SecondLeg) -> Call:
        """Raises a `PhoneError`."""
        planned = Planned(target, "", caller.account, emergency=False, number="")
        asked = DialOptions(headers=second.headers, relays=caller.id, hops=second.hops)
        options = self._planner.options(planned, asked)
        return self._calls.dial(target, "", caller.account, options)

    def _follow(self, call: Call) -> None:
        relay = self._relays.get(call.id)
        if relay is None:
            return
        if call is relay.caller:
            self._follow_caller(relay)
        elif not call.up:
            self._lost(relay)
        elif call.ending and relay.told is Told.ANSWERED:
            self._calls.leave(relay.caller, EndReason.FORWARDED)
        else:
            self._tell(relay)

    def _follow_caller(self, relay: Relay) -> None:
        """He has hung up, or was hung up on."""
        gone = not relay.caller.up or relay.caller.ending
        if gone and relay.callee.up:
            answered = relay.told is Told.ANSWERED
            self._calls.leave(relay.callee, EndReason.REMOTE if answered else EndReason.CANCELLED)
        if not relay.caller.up:
            self._relays.pop(relay.caller.id, None)

    def _tell(self, relay: Relay) -> None:
        caller = relay.caller.id
        match relay.learns(relay.callee.state):
            case Told.RINGING:
                self._engine.ring(caller)
            case Told.SOUND:
                self._engine.progress(caller)
            case Told.ANSWERED:
                self._engine.answer(caller, partial(self._calls.fail, relay.caller))

    def _lost(self, relay: Relay) -> None:
        """The second call is over."""
        caller, callee = relay.caller, relay.callee
        del self._relays[callee.id]
        if not caller.up or caller.ending:
            return
        if relay.told is Told.ANSWERED:
            self._calls.leave(caller, EndReason.FORWARDED)
        elif callee.end_reason is EndReason.BUSY:
            self._refuse(caller, BUSY_HERE, EndReason.BUSY)
        elif relay.comes_back:
            del self._relays[caller.id]
            self._calls.ring_again(caller)
        else:
            self._refuse(caller, UNAVAILABLE, EndReason.NO_ANSWER)

    def _refuse(self, caller: Call, code: int, reason: EndReason) -> None:
        self._engine.refuse(caller.id, code)
        self._calls.end_soon(caller, reason, code)

    def _lose_patience(self, relay: Relay) -> None:
        if relay.told is not Told.ANSWERED and relay.callee.up:
            self._calls.leave(relay.callee, EndReason.NO_ANSWER)

    def _pass_on(self, relay: Relay, tone: str, duration_ms: int) -> None:
        """Keys of the caller, for the menu of a mail box."""
        connected = relay.told is Told.ANSWERED and relay.callee.up
        if connected and tone in ALPHABET:
            length_ms = max(duration_ms, SHORTEST_TONE_MS)
            self._engine.send_dtmf(relay.callee.id, tone, None, length_ms, ignore)
