# SPDX-License-Identifier: GPL-2.0-or-later
"""The far end wants this phone to call somebody else: by a transfer (REFER), or instead of
answering (302).

Whoever is called or calls could send the phone to a number that costs money, so the user decides,
unless the configuration does; about what only a person should have dialled, the user does always.
The other way round, a call for help goes where those who help send it, whatever is configured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .call import Call
from .calls import Calls
from .dialled import DialOptions
from .errors import InvalidTargetError, LimitReachedError, PhoneError
from .planner import Planned, Planner
from .ports import CallEngine
from .values import CallId, Detour, EndReason
from .waits import is_out

MOST_HOPS = 5
"""A call that is sent on more often goes in a circle."""
BAD_REQUEST, BUSY, UNAVAILABLE, DECLINE = 400, 486, 503, 603


@dataclass(frozen=True, slots=True)
class Policy:
    """What to do when the far end transfers us, and when it redirects a call of ours."""

    transferred: Detour = Detour.ASK
    redirected: Detour = Detour.ASK


@dataclass(frozen=True, slots=True)
class Reference:
    """What a REFER asks for.  `number`: how the engine calls it; `headers`: for the new INVITE."""

    number: int
    target: str
    referred_by: str
    headers: Mapping[str, str]


class Detours:
    def __init__(self, calls: Calls, engine: CallEngine, planner: Planner) -> None:
        self.policy = Policy()
        self._refusing = False
        self._calls = calls
        self._engine = engine
        self._planner = planner
        self._hops: dict[CallId, int] = {}
        self._references: dict[CallId, int] = {}
        calls.changed.connect(self._follow)

    def use(self, policy: Policy) -> None:
        """Another configuration was read, or an engine knows nothing yet."""
        self.policy = policy
        self._refusing = self._refuses_all
        self._engine.refuse_transfers(self._refusing)

    # ------------------------------------------------------------ what the engine tells

    def referred(self, call_id: CallId, reference: Reference) -> None:
        """The far end of a call hands us over to `reference.target`."""
        call = self._calls.get(call_id)
        what = self._policy_for(call, self.policy.transferred)
        if call is None or not call.up or call.relayed or what is Detour.REFUSE:
            self._engine.end_referral(reference.number, DECLINE)
            return
        options = DialOptions(
            confirm=what is Detour.ASK,
            headers=reference.headers,
            muted=call.muted,
            referral=reference.number,
            referred_by=reference.referred_by or call.peer_uri,
            replaces=call.id,
        )
        try:
            new = self._dial(call, reference.target, options)
        except PhoneError as error:
            self._engine.end_referral(reference.number, _code_of(error))
            return
        self._references[new.id] = reference.number
        self._follow(new)

    def redirected(self, call_id: CallId, target: str) -> None:
        """A call dialled here was answered by "he is at `target`"."""
        call = self._calls.get(call_id)
        if call is None or not call.up or call.ending:
            return
        hops = self._hops[call.id] = self._hops.get(call.id, 0) + 1
        what = self._policy_for(call, self.policy.redirected)
        planned = self._plan(call, target)
        if what is Detour.REFUSE or hops > MOST_HOPS or planned is None:
            self._engine.hangup(call.id)
        elif what is Detour.ASK or self._is_risky(call, target, planned):
            # The caller of a forwarded call waits for a telephone, not for a person here.
            (self._give_up if call.relayed else self._ask)(call, target)
        else:
            call.diversion_uri = call.diversion_uri or call.peer_uri
            call.peer_uri = planned.uri
            self._engine.follow(call.id, call.account, planned.uri, lambda e: self._failed(call, e))
            self._calls.changed(call)

    # ------------------------------------------------------------ how it is done

    @property
    def _refuses_all(self) -> bool:
        """Whether the engine need not ask; while help is spoken to, it does."""
        helped = any(call.emergency and call.up for call in self._calls)
        return self.policy.transferred is Detour.REFUSE and not helped

    @staticmethod
    def _policy_for(call: Call | None, configured: Detour) -> Detour:
        return Detour.FOLLOW if call and call.emergency else configured

    def _plan(self, call: Call, target: str) -> Planned | None:
        try:
            return self._planner.plan(target, call.account)
        except PhoneError:
            return None

    def _is_risky(self, call: Call, target: str, planned: Planned) -> bool:
        """Whether a person has to decide, whatever is configured."""
        if call.emergency:
            return False
        moved = planned.account != call.account
        return moved or planned.emergency or self._planner.is_risky(target)

    def _dial(self, call: Call, target: str, given: DialOptions) -> Call:
        """Raises a `PhoneError`."""
        planned = self._planner.plan(target, call.account)
        planned = replace(planned, emergency=planned.emergency or call.emergency)
        options = self._planner.options(planned, given, given.anonymous or None)
        if self._is_risky(call, target, planned):
            options = replace(options, confirm=True)
        return self._calls.dial(planned.uri, planned.display_name, planned.account, options)

    def _ask(self, call: Call, target: str) -> None:
        """End it, and leave the next one to be started by a person."""
        asked = self._calls.options_of(call)
        options = replace(
            asked, confirm=True, request_id="", referred_by=call.peer_uri, replaces=call.id
        )
        self._engine.hangup(call.id)
        try:
            self._dial(call, target, options)
        except PhoneError:
            return

    def _give_up(self, call: Call, _target: str) -> None:
        self._engine.hangup(call.id)

    def _failed(self, call: Call, error: PhoneError | None) -> None:
        if error is not None and call.up:
            self._engine.hangup(call.id)

    def _follow(self, call: Call) -> None:
        """Once the INVITE is out, the engine tells its progress to who asked for it."""
        if self._refuses_all is not self._refusing:
            self.use(self.policy)
        if not call.up:
            self._hops.pop(call.id, None)
        reference = self._references.get(call.id)
        if reference is None or not (is_out(call) or not call.up):
            return
        del self._references[call.id]
        if not is_out(call):
            declined = call.end_reason is EndReason.CANCELLED
            self._engine.end_referral(reference, DECLINE if declined else UNAVAILABLE)


def _code_of(error: PhoneError) -> int:
    match error:
        case LimitReachedError():
            return BUSY
        case InvalidTargetError():
            return BAD_REQUEST
        case _:
            return UNAVAILABLE
